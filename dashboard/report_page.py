"""The page of a report: its policy, its style sheet and its scripts, all in one file.

The policy lets the browser ask for nothing and run no script but those two that lie here, known
by their hashes. Imports no Panel, and Bokeh only to find BokehJS.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from components.graph_view.svg_text import safe
from components.palette import category_colors
from dashboard.report_charts import Chart, as_json
from graphs.match_types import KINDS

HERE = Path(__file__).parent


def page_html(title: str, body: str, charts: Sequence[Chart]) -> str:
    """Return the whole page with a policy that lets nothing but its own scripts run.

    Parameters
    ----------
    title : str
        Untrusted text.
    body : str
        Escaped already.
    charts : sequence of Chart
        Drawn by BokehJS, which is part of the page where there are any.
    """
    scripts = [*([_bokeh()] if charts else []), _asset("report_page.js")]
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    data = "".join(
        f'<script type="application/json" class="chart-data">{as_json(chart)}</script>'
        for chart in charts
    )
    page = "".join([
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{safe(title)} – Opscope</title>",
        f"<style>{_asset('report_page.css')}{_kinds()}</style></head>",
        f"<body>{body}{data}",
        *(f"<script>{script}</script>" for script in scripts),
        "</body></html>\n",
    ])  # fmt: skip
    return page.encode("utf-8", "replace").decode("utf-8")  # half characters are in no file


def _kinds() -> str:
    """Return the style of the kinds: dots, parts of bars, and on a dark page boxes."""
    both = [dict(zip(KINDS, category_colors(KINDS, is_dark=dark), strict=True))
            for dark in (False, True)]  # fmt: skip
    light, dark = ("".join(f"i.{kind}{{background:{color}}}" for kind, color in colors.items())
                   for colors in both)  # fmt: skip
    boxes = "".join(
        f'.opscope-graph [data-d="{kind}"]>.r{{fill:{color}!important;stroke:#fff5!important}}'
        f'.opscope-graph [data-d="{kind}"]>text{{fill:#14181f!important}}'
        f'.opscope-graph [fill="{both[0][kind]}"]{{fill:{color}}}'
        for kind, color in both[1].items()
    )
    return f"{light}@media screen and (prefers-color-scheme:dark){{{dark}{boxes}}}"


@cache
def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _bokeh() -> str:
    """Return BokehJS without widgets, as browsers read it: line ends are one character."""
    from bokeh.resources import Resources

    parts = Resources(mode="inline", components=["bokeh"]).js_raw
    script = "\n".join(parts).replace("\r\n", "\n").replace("\r", "\n")
    return script.replace("</script", "<\\/script")


def _hash(script: str) -> str:
    return b64encode(hashlib.sha256(script.encode()).digest()).decode()
