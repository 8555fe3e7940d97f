"""The compare tab: verdict, kinds, steps, op types; without a server."""

from __future__ import annotations

import numpy as np
import panel as pn
import pytest

from dashboard.comparing import Comparing
from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.panes.compare import ComparePane
from dashboard.panes.compare_head import position, verdict
from dashboard.session import Session
from dashboard.work import Work
from graphs.ir import Model
from graphs.match_types import KINDS
from importers import read
from sample_models import sample
from tests.helpers.compared_parts import NEW, OLD, Compared, chain

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def parts() -> Compared:
    """Four operators beside five: one is replaced, one is new."""
    return Compared(OLD, NEW)


@pytest.fixture(scope="module")
def digits() -> tuple[Model, Model]:
    """A float ONNX model and what a converter made of it."""
    return read(sample("digits_float").path), read(sample("digits_float_tflite").path)


def kinds_of(parts: Compared, pairs: np.ndarray) -> list[str]:
    """Return the kinds of some pairs."""
    assert parts.comparing.view is not None
    return [parts.comparing.view.matching.pairs[at].kind for at in pairs.tolist()]


def test_without_a_comparison_the_tab_says_how_to_begin(parts: Compared) -> None:
    """Closing the last pane leaves a hint; what was matched is gone."""
    assert parts.tab.view.visible and not parts.pane._empty.visible
    parts.comparing.stop(0)
    assert parts.pane._empty.visible and not parts.tab.view.visible
    assert parts.choice.columns is None and not len(parts.choice.steps)


def test_what_measures_is_shown_below_the_errors() -> None:
    """Whether it is given before or after a comparison opens."""
    for is_early in (True, False):
        parts = Compared(OLD, NEW)
        button = pn.Spacer()
        if is_early:
            parts.comparing.stop(0)
            parts.pane.parts = None
        parts.pane.offer_measuring(button)
        if is_early:
            parts.comparing.start(parts.b)
        assert parts.tab.errors.view.objects[-1] is button


def test_a_session_that_compares_nothing_makes_no_parts() -> None:
    """The first page does not wait for what it may never show."""
    session, notices = Session(), Notices()
    work = Work(notices.add)
    pane = ComparePane(Comparing(session, work, notices), work, notices)
    assert pane.parts is None and len(pane.view.objects) == 1


def test_the_head_names_both_models_and_the_verdict(digits: tuple[Model, Model]) -> None:
    """A and B with format and size, and the sentence that the command line says."""
    parts = Compared(*digits)
    text = parts.tab.head.text.object
    for said in ("digits_cnn_float.onnx", "ONNX, 63 nodes", "digits_cnn_float.tflite", "TFLite"):
        assert said in text
    assert "1 added, 11 fused, 40 equal; the same weights" in text


def test_another_pane_may_be_the_other_side(parts: Compared) -> None:
    """With a family of variants the reader chooses which of them is B."""
    which = parts.tab.head.which
    assert not which.visible
    parts.comparing.start(OpenModel(OLD))
    assert which.visible and which.value == 1 and list(which.options.values()) == [0, 1]
    assert "pane C" in parts.tab.head.text.object and "Nothing differs" in (
        parts.tab.head.text.object
    )
    which.value = 0
    assert "pane B" in parts.tab.head.text.object
    assert kinds_of(parts, parts.choice.steps) == ["changed", "added"]
    parts.comparing.stop(0)
    assert not which.visible and "Nothing differs" in parts.tab.head.text.object


def test_nothing_differs_is_said(digits: tuple[Model, Model]) -> None:
    """A model beside itself."""
    parts = Compared(digits[0], digits[0])
    assert parts.comparing.view is not None
    assert verdict(parts.comparing.view.matching).startswith("Nothing differs: 63 equal")
    assert parts.tab.head.next.disabled


def test_names_of_a_file_are_never_markup() -> None:
    """Model names, ids and op types reach the page escaped."""
    a = chain((HOSTILE, HOSTILE), ("x", "Conv"))
    model = Model(HOSTILE, HOSTILE, "tests", a.graphs)
    parts = Compared(model, chain(("y", "Conv")))
    assert "&lt;img" in parts.tab.head.text.object and "<img" not in parts.tab.head.text.object


def test_chips_count_and_filter(parts: Compared) -> None:
    """Each kind that is there has a chip with its count; a click lists the kind no more."""
    chips, choice = parts.tab.head.chips, parts.choice
    assert choice.columns is not None
    counts = choice.columns.counts()
    assert {k for k, chip in chips.items() if chip.visible} == {k for k in KINDS if counts[k]}
    assert chips["equal"].label == f"{counts['equal']} equal"
    assert chips["equal"].variant == "outlined"
    listed = set(kinds_of(parts, np.flatnonzero(choice.is_listed)))
    assert listed and "equal" not in listed
    gone = min(listed)
    chips[gone].clicks += 1
    assert set(kinds_of(parts, np.flatnonzero(choice.is_listed))) == listed - {gone}
    chips["equal"].clicks += 1
    assert "equal" in kinds_of(parts, np.flatnonzero(choice.is_listed))


def test_steps_go_through_all_that_is_listed_and_round_the_end(parts: Compared) -> None:
    """Next visits each listed pair once, also what only B has, and then begins anew."""
    head, choice = parts.tab.head, parts.choice
    steps = choice.steps.tolist()
    seen = []
    for at in range(len(steps)):
        head.next.clicks += 1
        seen += choice.selected.tolist()
        assert f"{at + 1} of {len(steps)}" in head.position.object
    assert seen == steps and [parts.pairs[at].kind for at in steps] == ["changed", "added"]
    head.next.clicks += 1
    assert choice.selected.tolist() == steps[:1]
    head.previous.clicks += 1
    assert choice.selected.tolist() == steps[-1:]


def test_a_step_from_what_is_not_listed_goes_to_the_next_one(parts: Compared) -> None:
    """An equal pair that is selected has a place between the differences."""
    choice = parts.choice
    assert choice.columns is not None
    equal = int(np.flatnonzero(choice.columns.kind == 0)[-1])
    parts.comparing.show_pair(equal)
    expected = [at for at in choice.steps.tolist() if at > equal] or choice.steps.tolist()
    assert "– of" in parts.tab.head.position.object
    choice.step(1)
    assert choice.selected.tolist() == expected[:1]


def test_positions_are_counted_from_one() -> None:
    """Without a selection there is no place; without differences there are none."""
    assert [position([3, 5], [5]), position([3, 5], [4]), position([], [])] == [
        "2 of 2", "– of 2", "no differences",
    ]  # fmt: skip


def test_constants_that_are_not_drawn_are_stepped_over() -> None:
    """They are listed, and stepped through where nothing else is."""
    a, b = read(sample("digits_float_tflite").path), read(sample("digits_int8_tflite").path)
    parts = Compared(a, b)
    choice = parts.choice
    assert choice.columns is not None
    assert (choice.columns.sort[choice.is_listed] == 3).any()
    assert not (choice.columns.sort[choice.steps] == 3).any()
    parts.tab.head.nodes.value = "constants"
    assert (choice.columns.sort[choice.steps] == 3).all() and len(choice.steps)
    choice.step(1)
    assert parts.base.show_constants or parts.other.show_constants


def test_an_op_type_filters_until_it_is_clicked_again(digits: tuple[Model, Model]) -> None:
    """One click lists the pairs of an op type, the next lists all."""
    parts = Compared(*digits)
    choice = parts.choice
    n_all = int(choice.is_listed.sum())
    assert parts.tab.op_types.shown[0] == "Conv"
    choice.toggle_op_type("Conv")
    assert choice.columns is not None
    assert int(choice.is_listed.sum()) == 9 < n_all
    assert {choice.columns.a.ops[at] for at in np.flatnonzero(choice.is_listed)} == {"Conv"}
    choice.toggle_op_type("Conv")
    assert int(choice.is_listed.sum()) == n_all
