"""The page with models side by side: panes, right-hand bar, links, twins. Without a browser."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import panel as pn
import pytest

from dashboard.arguments import parse
from dashboard.page import App
from dashboard.panes.right_bar import COMPARE, shortened
from dashboard.twins import twins
from graphs.ir import NodeKind
from graphs.match_view import KIND_DATA
from sample_models import sample
from tests.helpers.hostile_files import EVIL, write_markup_model

FLOAT, INT8 = str(sample("digits_float_tflite").path), str(sample("digits_int8_tflite").path)


@pytest.fixture(autouse=True)
def extension() -> None:
    """Load Panel's extensions as the page does."""
    pn.extension("tabulator")


@pytest.fixture
def app() -> App:
    """Two models that the server was started with."""
    return App(parse([FLOAT, INT8]), {})


def query_of(app: App) -> dict[str, str]:
    """Return the address that the page wrote."""
    app.address._write()
    return dict(parse_qsl(app.address.view.query.lstrip("?")))


def test_two_models_of_the_command_line_stand_side_by_side(app: App) -> None:
    """Both are drawn, matched and coloured by their difference; the comparison is in front."""
    assert [side.graph.is_drawn for side in app.split.sides] == [True, True]
    assert app.comparing.view is not None
    assert app.session.measure == app.comparing.others[0].measure == KIND_DATA
    assert app.right.choice.visible and app.right.choice.value == COMPARE


@pytest.mark.parametrize("given", [[], [FLOAT], [FLOAT, INT8, FLOAT]])
def test_other_numbers_of_models_stand_alone(given: list[str]) -> None:
    """Samples, one model or many begin without a comparison."""
    app = App(parse(given), {})
    assert app.comparing.others == [] and not app.right.choice.visible


def test_a_family_stands_side_by_side_when_asked() -> None:
    """With ``--compare`` up to four models are shown; the first other is spoken of."""
    app = App(parse(["--compare", *[FLOAT, INT8] * 3]), {})
    assert len(app.comparing.others) == 3 and app.comparing.at == 0
    assert all(app.comparing.view_of(one) is not None for one in app.comparing.others)


def test_an_embedded_page_shows_both_graphs() -> None:
    """A link to a comparison works in an iframe too."""
    app = App(parse([FLOAT, INT8]), {"embed": "1"})
    assert len(app.split.view.objects) == 2
    assert app.split.view in app.page.main[0].select(type(app.split.view))


def test_views_move_together_while_they_follow(app: App) -> None:
    """Both views are of one group and know which is the base, until the reader lets go."""
    views = [side.graph.view for side in app.split.sides]
    assert views[0].sync_group == views[1].sync_group != ""
    assert [view.sync_base for view in views] == [True, False]
    assert all(view.comparing for view in views)
    app.split.sync.value = False
    assert not app.comparing.is_synced
    assert [view.sync_group for view in views] == ["", ""]


def test_a_closed_pane_leaves_the_base(app: App) -> None:
    """The bar speaks of the base again, its graph is not drawn anew, and nothing follows."""
    drawn = app.split.sides[0].graph.view.scene
    app.comparing.stop(0)
    assert len(app.split.sides) == 1 and len(app.split.view.objects) == 1
    assert not app.right.choice.visible and not app.split.sides[0].graph.view.comparing
    assert app.split.sides[0].graph.view.scene is drawn
    assert app.session.measure != KIND_DATA


def test_the_bar_follows_the_reader_between_panes(app: App) -> None:
    """Who works in pane B sees B's plots, unless the comparison is in front."""
    other = app.comparing.others[0]
    app.split.focused = other
    assert app.right.choice.value == COMPARE
    app.right.choice.value = 0
    app.split.focused = app.session
    app.split.focused = other
    assert app.right.choice.value == 1
    app.show_tab("Search")
    assert app.split.sides[1].panel.tabs.active == 2


def test_panes_are_lettered_in_order(app: App) -> None:
    """The third pane becomes the second when the second goes."""
    app.comparing.start(app.session.models[0])
    letters = [column[0][0].label for column in app.split.view.objects]
    assert letters == ["A", "B", "C"]
    app.comparing.stop(0)
    assert [column[0][0].label for column in app.split.view.objects] == ["A", "B"]


def test_a_link_restores_a_comparison() -> None:
    """Both models, the groups that are open, the selection and the filter come back."""
    first = App(parse([FLOAT, INT8]), {})
    first.session.collapse_all()
    first.session.toggle_group(1)
    first.session.select([3, 4])
    query = query_of(first)
    again = App(parse([FLOAT, INT8]), query)
    assert [one.opened.model.name for one in (again.session, *again.comparing.others)] == [
        Path(FLOAT).name, Path(INT8).name,
    ]  # fmt: skip
    assert again.session.selection.tolist() == [3, 4]
    assert again.session.expanded == first.session.expanded
    assert again.comparing.others[0].selection.tolist() == (
        first.comparing.others[0].selection.tolist()
    )
    assert query_of(again) == query


def test_a_link_restores_panes_that_do_not_follow() -> None:
    """Each pane has its own groups and selection in the link."""
    first = App(parse([FLOAT, INT8]), {})
    first.comparing.is_synced = False
    first.session.select([3])
    first.comparing.others[0].select([5, 6])
    first.comparing.others[0].collapse_all()
    again = App(parse([FLOAT, INT8]), query_of(first))
    assert not again.comparing.is_synced
    assert again.session.selection.tolist() == [3]
    assert again.comparing.others[0].selection.tolist() == [5, 6]
    assert again.comparing.others[0].expanded == frozenset()


def test_a_link_whose_second_model_is_gone_shows_the_first() -> None:
    """What cannot be opened beside is a notice."""
    app = App(parse([FLOAT]), {"model": "digits_cnn_float.tflite", "b.model": "nowhere.onnx"})
    assert app.session.graph is not None and app.comparing.others == []
    assert app.notices.shown


def test_the_dialog_offers_open_models_first(app: App) -> None:
    """Comparing with a model that is open takes two clicks; a closed pane makes room."""
    app.comparing.stop(0)
    app.opener.show_beside()
    labels = [button.label for button in app.opener.open_models.objects]
    assert labels[0] == Path(INT8).name
    app.opener.open_models.objects[0].param.trigger("clicks")
    assert len(app.comparing.others) == 1


def test_what_is_opened_beside_does_not_replace_the_base(app: App) -> None:
    """A sample chosen in the dialog for comparing stands in a pane of its own."""
    app.comparing.stop(0)
    app.opener.show_beside()
    app.opener._open_reference("sample:decoder")
    assert app.session.opened is app.session.models[0]
    assert app.comparing.others[0].opened is app.session.models[-1]


def test_the_table_of_nodes_rests_while_models_are_compared(app: App) -> None:
    """It is hidden, follows nothing, and is right again when it comes back."""
    assert not app.table.view.visible
    assert app.session.graph is not None
    app.session.select([1, 2])
    app.comparing.stop(0)
    assert app.table.view.visible
    assert app.table.table._rows.tolist() == [1, 2]


def test_a_hostile_name_stays_text(tmp_path: Path) -> None:
    """Heads and switches show a file's name as it is."""
    model, _ = write_markup_model(tmp_path)
    evil = tmp_path / f"{EVIL.replace('/', '')}.onnx"
    evil.write_bytes(Path(model).read_bytes())
    app = App(parse([str(evil), INT8]), {})
    assert "<img" not in app.split._base_name.object
    assert app.split._base_head.visible


def test_a_closed_page_with_a_comparison_is_let_go(app: App) -> None:
    """Nothing of the server keeps the other panes' sessions alive."""
    made = App(parse([FLOAT, INT8]), {})
    watched = [weakref.ref(made), weakref.ref(made.comparing.others[0])]
    made.close()
    del made
    gc.collect()
    gc.collect()
    assert [one() for one in watched] == [None, None]


def test_twins_are_drawn_partners(app: App) -> None:
    """Each twin holds the partner of a node of its item; closed groups stand for their nodes."""
    view = app.comparing.view
    assert view is not None
    for is_closed in (False, True):
        if is_closed:
            app.session.collapse_all()
        base, other = (side.graph.seen for side in app.split.sides)
        assert base is not None and other is not None
        keys, base_keys = twins(view, base, other)
        assert len(keys) > 2 and len(set(keys.tolist())) == len(keys)
        side_a = view.side("a", base.graph.id)
        for key, base_key in zip(keys.tolist(), base_keys.tolist(), strict=True):
            item = int(np.flatnonzero(other.item_key == key)[0])
            base_item = int(np.flatnonzero(base.item_key == base_key)[0])
            rows = np.flatnonzero(other.node_item == item)
            partners = view.across("b", other.graph.id, rows)[base.graph.id]
            assert base_item in base.node_item[partners]
    assert (side_a.graph.node_kind[partners] != NodeKind.CONSTANT).any()


def test_a_long_name_is_shortened() -> None:
    """A switch has room for the beginning of a name, or with many panes for none."""
    assert shortened("abc", 15) == "abc"
    assert shortened("a" * 40, 15) == "a" * 14 + "…"
    assert shortened("abc", 0) == ""


def test_the_error_is_measured_from_the_comparison(app: App, tmp_path: Path) -> None:
    """One click takes the quantized side's error against the float side; both sides are found."""
    app.opening.store.folder = tmp_path
    assert app.offer.error.visible and app.offer.latency.visible
    app.offer.error.param.trigger("clicks")
    other = app.comparing.others[0]
    assert any(one.source != "computed" for one in other.node_data)
    assert app.compare.choice.errors is not None
    app.comparing.stop(0)
    app.comparing.start(app.session.opened)
    assert not app.offer.error.visible, "one model has no error against itself"


def test_the_bar_keeps_its_pane_while_others_close(app: App) -> None:
    """Whose plots are shown stays when a pane before it goes; its own end shows the comparison."""
    app.comparing.start(app.session.models[0])
    app.comparing.start(app.session.models[1])
    third = app.split.sides[2]
    app.right.choice.value = 2
    app.comparing.stop(0)
    assert app.right.shown is third and app.right.choice.value == 1
    app.comparing.stop(0)
    assert app.right.shown is None and app.right.choice.value == COMPARE
    assert app.right.compare.visible


def test_a_link_opens_what_can_be_opened() -> None:
    """A model beside that is gone does not keep the next one shut."""
    first = App(parse([FLOAT, INT8]), {})
    query = query_of(first)
    query["c.model"], query["b.model"] = query["b.model"], "nowhere.onnx"
    app = App(parse([FLOAT, INT8]), query)
    assert [one.opened.model.name for one in app.comparing.others] == [Path(INT8).name]


def test_a_pane_is_closed_once(app: App) -> None:
    """A second click on the way closes nothing else."""
    side = app.split.sides[1]
    app.split._close_clicked(side)
    app.split._close_clicked(side)
    assert app.comparing.others == []


def test_the_search_key_searches_its_own_pane(app: App) -> None:
    """The key on graph B opens B's search."""
    side = app.split.sides[1]
    side.graph.param.trigger("search_asked")
    assert app.right.shown is side and side.panel.tabs.active == 2


def test_a_link_names_which_other_is_compared(app: App) -> None:
    """With three panes the second other is spoken of again."""
    app.comparing.start(app.session.models[0])
    assert app.comparing.at == 1
    again = App(parse([FLOAT, INT8]), query_of(app))
    assert len(again.comparing.others) == 2 and again.comparing.at == 1


def test_node_data_are_for_the_pane_that_the_reader_works_in(app: App) -> None:
    """A file that is loaded while B is focused is matched with B's nodes."""
    other = app.comparing.others[0]
    app.split.focused = other
    app.opener.show()
    assert Path(INT8).name in app.opener._data_heading.object
    assert other.graph is not None
    name = other.graph.node_ids[int(np.flatnonzero(other.graph.node_kind == NodeKind.OPERATOR)[0])]
    app.opener._load_node_data("d.csv", f'node,energy (mJ)\n"{name}",3\n'.encode())
    assert other.set_of("energy") is not None and app.session.set_of("energy") is None


def test_the_way_back_to_the_colours_of_the_difference(app: App) -> None:
    """Whatever colours, one click colours all panes by what differs."""
    app.compare.choice.comparing.base.measure = "parameters"
    head = app.compare.parts.head
    assert head.recolor.visible
    head.recolor.param.trigger("clicks")
    assert app.session.measure == app.comparing.others[0].measure == KIND_DATA
    assert not head.recolor.visible
