"""Weights in the details pane, in a browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

import importers
from graphs.constants import constants_read_by
from sample_models import sample
from tests.ui.conftest import ServeDashboard
from tests.ui.driver import Driver


def test_the_weights_of_a_convolution_are_shown_when_asked_for(
    page: Page, serve_dashboard: ServeDashboard
) -> None:
    """A convolution offers its weights; a click reads them and draws their histogram."""
    path = Path(sample("digits_float").path)
    graph = importers.read(path).graphs[0]
    node = next(n for n in range(graph.n_nodes) if constants_read_by(graph, n))
    _slot, constant = constants_read_by(graph, node)[0]
    name = graph.node_ids[constant]
    page.set_viewport_size({"width": 1280, "height": 900})
    app = Driver(page, serve_dashboard(str(path)).url, f"?selected={node}")
    app.tab("Details")
    button = page.get_by_role("button", name=name).first
    expect(button).to_be_visible()
    expect(page.get_by_text("standard deviation")).to_have_count(0)
    button.click()
    app.sees("standard deviation")
    expect(page.get_by_text("elements", exact=True).first).to_be_visible()
