"""Inferred groups in a browser: shown, switched off, and equal ones selected together."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from importers.opscope_json_write import write_opscope_json
from tests.dashboard.test_groups import N_BLOCKS, OPS, flat_graph, model_of
from tests.ui.conftest import ServeDashboard
from tests.ui.driver import Driver


def test_groups_are_inferred_switched_and_selected_together(
    page: Page, serve_dashboard: ServeDashboard, tmp_path: Path
) -> None:
    """A flat file opens in blocks; all equal ones are selected; the file's own view is flat."""
    path = tmp_path / "flat.json"
    write_opscope_json(model_of(flat_graph()), path)
    app = Driver(page, serve_dashboard(str(path)).url)
    assert app.keys("block 1") and app.view["nItems"] < 1 + N_BLOCKS * len(OPS)
    app.click_item(app.keys("block 1")[0])
    app.tab("Details")
    page.get_by_role("button", name=f"Select the {N_BLOCKS} equal groups").click()
    app.sees(f"{N_BLOCKS * len(OPS)} nodes selected")
    page.get_by_label("Groups (inferred)").click()
    page.get_by_text("from the file", exact=True).last.click()
    app.wait(f"graph => graph.view.nItems > {N_BLOCKS * len(OPS)}")
    expect(page.get_by_label("Groups (inferred)")).to_have_count(0)
    app.sees(f"{N_BLOCKS * len(OPS)} nodes selected")
