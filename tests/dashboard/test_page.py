"""The whole page without a browser: links, what a session leaves behind, what a notice may hold."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path
from types import SimpleNamespace

import panel as pn
import pytest
from bokeh.document import Document
from bokeh.models import ImportedStyleSheet
from panel.io.state import set_curdoc

from dashboard.arguments import parse
from dashboard.page import App, ask_this_server, close_soon
from sample_models import sample
from tests.helpers.hostile_files import EVIL, write_markup_model

MODEL = str(sample("digits_float").path)
TWIN = str(sample("digits_int8").path)


@pytest.fixture(autouse=True)
def extension() -> None:
    """Load Panel's extensions as the page does."""
    pn.extension("tabulator")


def test_a_link_to_another_model_leaves_the_sample_as_it_is() -> None:
    """A link whose model cannot be opened does not put its selection on another model."""
    app = App(parse([]), {"model": "nowhere.onnx", "selected": "1-5", "flat": "1"})
    assert app.session.graph is not None and not app.session.flat
    assert not len(app.session.selection)


def test_a_damaged_model_in_a_link_falls_back(tmp_path: Path) -> None:
    """What opens instead is what opens without a link."""
    (tmp_path / "bad.onnx").write_bytes(b"")
    app = App(parse(["--root", str(tmp_path)]), {"model": "bad.onnx", "selected": "1-9"})
    assert app.session.graph is not None and not len(app.session.selection)
    assert len(app.notices.shown) == 1


def test_a_reload_keeps_the_node_data_of_the_command_line(tmp_path: Path) -> None:
    """The address names the model only; its node data come with it again."""
    data = tmp_path / "d.csv"
    data.write_text("node,energy (mJ)\nstem/conv,3\n")
    arguments = parse([MODEL, "--node-data", str(data)])
    first = App(arguments, {})
    assert first.session.opened is not None
    again = App(arguments, {"model": first.session.opened.reference})
    assert again.session.set_of("energy") is not None


def test_one_bad_model_does_not_keep_the_others_shut(tmp_path: Path) -> None:
    """The command line may name a damaged file beside a good one."""
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"<html>")
    app = App(parse([str(bad), MODEL]), {})
    assert [m.model.name for m in app.session.models] == [Path(MODEL).name]
    assert len(app.notices.shown) == 1


def test_a_closed_page_is_let_go() -> None:
    """Nothing of the server keeps a session's page and models alive."""
    app = App(parse([MODEL]), {})
    watched = [weakref.ref(app), weakref.ref(app.session), weakref.ref(app.page)]
    app.close()
    del app
    gc.collect()
    gc.collect()
    assert [one() for one in watched] == [None, None, None]


@pytest.mark.parametrize("is_panel_first", [False, True])
def test_an_ended_session_is_closed_whole(is_panel_first: bool) -> None:
    """Whether Panel or we hear of the end first, no widget writes to a model that is no more."""

    async def end() -> None:
        document = Document()
        with set_curdoc(document):
            app = App(parse([MODEL, TWIN]), {})
            root = app.page.get_root(document)
        app.page._documents[document] = root
        ended = SimpleNamespace(_document=document)
        told = [lambda: close_soon(app), lambda: app.page._server_destroy(ended)]
        for model in root.references():
            model.destroy()
        for tell in reversed(told) if is_panel_first else told:
            tell()
        await asyncio.sleep(0)
        assert app.session.models == [] and app.session.opened is None
        assert all(one.session.opened is None for one in app.split.sides)

    asyncio.run(end())


@pytest.mark.parametrize("is_told", [False, True])
def test_a_session_without_a_page_asks_no_cdn(is_told: bool) -> None:
    """A browser that connects late gets a session that no page was written for: it asks us."""
    document = Document()
    with set_curdoc(document):
        app = App(parse([MODEL]), {})
        if is_told:
            ask_this_server(document)
        root = app.page.get_root(document)
    urls = {sheet.url for sheet in root.select({"type": ImportedStyleSheet})}
    assert urls
    assert any(url.startswith("http") for url in urls) is not is_told


def test_notices_and_search_show_text_as_it_is(tmp_path: Path) -> None:
    """No pane that quotes a file takes it for markup, neither HTML nor Markdown."""
    model, data = write_markup_model(tmp_path)
    app = App(parse([str(model), "--node-data", str(data)]), {})
    assert any(EVIL in notice.text for notice in app.notices.shown)
    for pane in [*app.notice_list.view.select(pn.pane.PaneBase), app.search.status]:
        assert not isinstance(pane, pn.pane.Markdown)
    app.search.query.value_input = f'"{EVIL}x">1'
    shown = [pane.object for pane in app.notice_list.view.select(pn.pane.HTML)]
    assert shown and all("<img" not in text for text in [*shown, app.search.status.object])


def test_the_embedded_page_can_leave_a_subgraph() -> None:
    """The way back is there without the header; the search key opens nothing."""
    app = App(parse([]), {"embed": "1"})
    assert list(app.page.main[0].select(type(app.header.trail)))
    app.show_tab("Search")
    assert not app.page.contextbar_open


def test_a_browser_that_answers_with_the_shown_model_changes_nothing() -> None:
    """Such an answer follows every change of the list; the selection of a link outlives it."""
    app = App(parse([]), {"model": "sample:digits_float", "selected": "3-5"})
    assert app.session.selection.tolist() == [3, 4, 5]
    app.header.model.param.trigger("value")
    assert app.session.selection.tolist() == [3, 4, 5]
