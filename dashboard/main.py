"""Run once per browser session by `panel serve dashboard`: one call, nothing else."""

from dashboard.page import build_page

build_page().servable()
