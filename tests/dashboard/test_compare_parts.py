"""Weights, worst error and corrections on the compare tab, without a server."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import numpy as np
import orjson
import pytest

from dashboard.comparison_text import nodes_of
from dashboard.open_model import OpenModel
from dashboard.panes.compare_mapping import MAX_MAPPING_BYTES, options_of
from dashboard.report_sections import errors_html
from dashboard.report_session import session_side
from dashboard.run_files import FileSource
from dashboard.run_record import ErrorFacts, Run, RunRecord, SetInfo
from graphs.errors import ReadError
from graphs.ir import Model
from graphs.match_types import FixedPair
from graphs.match_view import KIND_DATA
from graphs.node_data import NodeData
from importers import read
from sample_models import sample
from tests.helpers.compared_parts import Compared, chain, measured, weighted

OLD = chain(("a", "Conv"), ("b", "Relu"), ("c", "Conv"))
NEW = chain(("p", "Conv"), ("q", "Relu"), ("r", "Conv"))


@pytest.fixture(scope="module")
def digits() -> tuple[Model, Model]:
    """A float ONNX model and what a converter made of it."""
    return read(sample("digits_float").path), read(sample("digits_float_tflite").path)


@pytest.fixture
def parts() -> Compared:
    """Three operators beside three others of the same op types."""
    return Compared(OLD, NEW)


def test_weights_are_compared_when_asked_for(digits: tuple[Model, Model]) -> None:
    """The same weights are said to be; those of another model are listed, largest first."""
    parts = Compared(*digits)
    weights = parts.tab.weights
    assert not weights.table.view.visible
    weights.start.clicks += 1
    assert "27 the same, 0 differ" in weights.text.object and not weights.start.disabled
    assert weights.table.n_shown == 0


def test_a_tolerance_forgives_small_differences() -> None:
    """What is within a share of the largest number is counted apart and not listed."""
    parts = Compared(weighted([1.0, 2.0, 4.0]), weighted([1.0, 2.0, 4.1]))
    weights = parts.tab.weights
    weights.start.clicks += 1
    assert "0 the same, 1 differ" in weights.text.object and weights.table.n_shown == 1
    weights.tolerance.value = "0.05"
    assert "1 within 0.05, 0 differ" in weights.text.object and weights.table.n_shown == 0
    weights.tolerance.value = "much"
    assert weights.tolerance.error_state
    weights.tolerance.value = "0"
    weights._picked(np.array([0]))
    assert parts.choice.selected.tolist() == [
        int(np.flatnonzero(parts.choice.columns.sort == 3)[0])
    ]


def test_another_matching_forgets_the_weights(digits: tuple[Model, Model]) -> None:
    """What was found of one pair of models is never shown beside another."""
    parts = Compared(*digits)
    parts.tab.weights.start.clicks += 1
    assert parts.tab.weights.found
    parts.comparing.start(OpenModel(digits[0]))
    assert not parts.tab.weights.found and not parts.tab.weights.text.object


def test_a_cancelled_comparison_of_weights_shows_nothing(digits: tuple[Model, Model]) -> None:
    """What comes after the reader has cancelled is dropped, and the button is back."""
    parts = Compared(*digits)
    weights = parts.tab.weights
    held: list[object] = []
    weights.work.start = lambda *told: held.append(told)  # type: ignore[method-assign]
    weights.start.clicks += 1
    assert held and weights.cancel.visible and weights.start.disabled
    weights.cancel.clicks += 1
    assert not weights.cancel.visible and not weights.start.disabled and not weights.found


# -- the worst error ------------------------------------------------------------------------


def run_against(reference: str, values: dict[str, float], *ids: str, sha256: str = "") -> Run:
    """Return a run with the error of some nodes."""
    facts = ErrorFacts(reference, 4, True, "", (), (), {"reference_sha256": sha256})
    sets = tuple(SetInfo(id, id.upper(), "dB", ("min",), False) for id in ids)
    record = RunRecord("1", "Run 1", "", "m", "ONNX", sets=sets, error=facts)
    column = np.array(list(values.values()))
    return Run(record, tuple(values), dict.fromkeys(ids, column))


def test_the_worst_error_is_told_and_shown(parts: Compared) -> None:
    """The node with the least SQNR, its twin and why; the button shows both."""
    parts.b.kept.put(
        "key", run_against("chain.onnx", {"p": 40.0, "r": 12.5, "q": np.inf}, "sqnr_db")
    )
    parts.choice.param.trigger("measured")
    errors = parts.tab.errors
    assert "Worst SQNR_DB: 12.5 dB at c ↔ r" in errors.text.object and errors.button.visible
    errors.button.clicks += 1
    assert parts.ids() == (["c"], ["r"])


def test_a_run_against_another_file_of_that_name_does_not_count(parts: Compared) -> None:
    """A float model that was written anew is not the one that the error was measured against."""
    file = FileSource("chain.onnx", None, (("chain.onnx", b"now"),))
    parts.a.file = file
    for sha, is_there in ((hashlib.sha256(b"before").hexdigest(), False), (file.sha256(), True)):
        run = run_against("chain.onnx", {"r": 12.5}, "sqnr_db", sha256=sha)
        parts.b.kept.put("key", run)
        parts.choice.param.trigger("measured")
        assert ("12.5 dB" in parts.tab.errors.text.object) is is_there


def test_models_that_were_trained_apart_have_no_quantization_error(parts: Compared) -> None:
    """The tab and the report say so beside the numbers, and only for such a pair."""
    for is_same in (True, False):
        run = run_against("chain.onnx", {"r": -3.0}, "sqnr_db")
        facts = msgspec.structs.replace(
            run.record.error, is_same=is_same, reason="<b>trained apart: 3 dB between weights"
        )
        record = msgspec.structs.replace(run.record, error=facts)
        parts.b.kept.put("key", Run(record, run.nodes, run.columns))
        parts.b.kept.shown["1"] = {}
        parts.choice.param.trigger("measured")
        text = parts.tab.errors.text.object
        assert ("&lt;b&gt;trained apart: 3 dB" in text) is (not is_same) and "<b>" not in text
        view = parts.comparing.view
        assert view is not None
        warnings = session_side(parts.other, view, "b").warnings
        assert warnings == (() if is_same else ("<b>trained apart: 3 dB between weights.",))
    data = NodeData("SQNR", "dB", "m", "main", np.array([np.nan, np.nan, -3.0]), ("min",), False)
    side = replace(session_side(parts.other, view, "b"), sets=(data,))
    html = errors_html(view, "b", side, nodes_of(view.matching))
    assert '<p class="warning">&lt;b&gt;trained apart' in html


def test_what_a_node_itself_adds_comes_before_what_has_accumulated(parts: Compared) -> None:
    """Local error tells the cause."""
    run = run_against("chain.onnx", {"q": 3.0}, "sqnr_db", "sqnr_db_local")
    parts.b.kept.put("key", run)
    parts.choice.param.trigger("measured")
    assert "SQNR_DB_LOCAL: 3 dB at b ↔ q" in parts.tab.errors.text.object


def test_the_quantized_model_may_be_the_base(parts: Compared) -> None:
    """A run of A with B as its float model counts as well."""
    parts.a.kept.put("key", run_against("chain.onnx", {"a": 7.0}, "sqnr_db"))
    parts.choice.param.trigger("measured")
    assert "7 dB at a ↔ p" in parts.tab.errors.text.object


def test_errors_of_all_pairs_are_ranked_and_listed(parts: Compared) -> None:
    """The worst first; another measure is chosen for line, bars and table alike."""
    values = {"p": 40.0, "q": 30.0, "r": 12.5}
    parts.b.kept.put("key", run_against("chain.onnx", values, "sqnr_db", "sqnr_db_local"))
    parts.choice.param.trigger("measured")
    errors = parts.tab.errors
    assert errors.measure.value == "sqnr_db_local" and len(errors.measure.options) == 2
    expected = [parts.pair_of(id) for id in ("r", "q", "p")]
    assert errors.ranking.ranked.tolist() == expected
    assert "SQNR_DB_LOCAL (dB)" in parts.table.table._titles().values()
    errors.measure.value = "sqnr_db"
    assert "Worst SQNR_DB: 12.5 dB" in errors.text.object
    assert "SQNR_DB (dB)" in parts.table.table._titles().values()
    errors.ranking._list._on_tap(SimpleNamespace(y=1.0))
    assert parts.ids() == (["b"], ["q"])


def test_both_graphs_are_coloured_by_the_error_of_the_pair(parts: Compared) -> None:
    """The float side shows what its twin has; the kinds of difference stay, and so do numbers."""
    measured(parts.base, {"a": 2.0})
    measured(parts.other, {"p": 1.0})
    parts.tab.numbers.color.clicks += 1
    parts.b.kept.put("key", run_against("chain.onnx", {"p": 40.0, "r": 12.5}, "sqnr_db"))
    parts.choice.param.trigger("measured")
    parts.tab.errors.color.clicks += 1
    for session in (parts.base, parts.other):
        data = session.data
        assert data is not None and data.name == "SQNR_DB of the pair"
        np.testing.assert_array_equal(data.values, [40.0, np.nan, 12.5])
        assert session.set_of(KIND_DATA) and session.set_of("latency: B − A")
    assert list(parts.tab.numbers.a.options.values()) == ["latency"]


def test_errors_follow_a_correction(parts: Compared) -> None:
    """They stay on their nodes, and come back for the new pairs."""
    parts.b.kept.put("key", run_against("chain.onnx", {"r": 3.0}, "sqnr_db"))
    parts.choice.param.trigger("measured")
    parts.base.select([1])
    parts.tab.mapping.unpair.clicks += 1
    assert parts.choice.errors is not None
    assert "3 dB at c ↔ r" in parts.tab.errors.text.object


def test_a_time_is_no_error(parts: Compared) -> None:
    """A run of both holds latency as well; it is not ranked among errors."""
    run = run_against("chain.onnx", {"p": 40.0}, "sqnr_db")
    latency = SetInfo("latency_ms", "latency", "ms", ("sum",), True)
    record = msgspec.structs.replace(run.record, sets=(latency, *run.record.sets))
    columns = {**run.columns, "latency_ms": np.array([1.0])}
    parts.b.kept.put("key", Run(record, run.nodes, columns))
    parts.choice.param.trigger("measured")
    assert list(parts.tab.errors.measure.options.values()) == ["sqnr_db"]


def test_errors_against_another_model_are_not_told(parts: Compared) -> None:
    """A run with another reference says nothing of this pair; the hint stays."""
    parts.b.kept.put("key", run_against("other.onnx", {"p": 1.0}, "sqnr_db"))
    parts.choice.param.trigger("measured")
    errors = parts.tab.errors
    assert not errors._measured.visible and "Not measured yet" in errors.text.object


# -- corrections ----------------------------------------------------------------------------


def test_a_pair_made_by_hand_is_counted_and_taken_back(parts: Compared) -> None:
    """Two selected nodes become a pair; undo gives the old one back."""
    mapping = parts.tab.mapping
    before = parts.pair_of("a")
    assert parts.pairs[before].b == ("p",)
    parts.base.select([0])
    parts.other.select([2])
    mapping.pair.clicks += 1
    assert parts.pairs[parts.pair_of("a")].b == ("r",)
    assert "1 pair given" in mapping.count.object and not mapping.undo.disabled
    mapping.undo.clicks += 1
    assert parts.pairs[parts.pair_of("a")].b == ("p",) and mapping.undo.disabled
    assert "0 pairs given" in mapping.count.object


def test_a_node_without_a_partner(parts: Compared) -> None:
    """What is selected stands alone from then on."""
    parts.base.select([1])
    parts.tab.mapping.unpair.clicks += 1
    assert parts.pairs[parts.pair_of("b")].b == () and parts.pairs[parts.pair_of("q")].a == ()


def test_selecting_on_each_side_alone(parts: Compared) -> None:
    """The switch writes to the comparison, and follows it."""
    parts.tab.mapping.apart.value = True
    assert parts.comparing.is_correcting
    parts.comparing.is_correcting = False
    assert not parts.tab.mapping.apart.value


def test_a_saved_mapping_loads_again(parts: Compared) -> None:
    """What was corrected and saved gives the same pairs to a new comparison."""
    parts.base.select([0])
    parts.other.select([2])
    parts.tab.mapping.pair.clicks += 1
    saved = parts.tab.mapping._saved().getvalue()
    assert orjson.loads(saved)["type"] == "sync_navigation"
    again = Compared(OLD, NEW)
    load(again, saved)
    assert [(p.a, p.b) for p in again.pairs] == [(p.a, p.b) for p in parts.pairs]
    assert again.tab.mapping.load.value is None and not again.notices.shown


def load(parts: Compared, content: bytes, name: str = "mine.json") -> None:
    """Upload a mapping as the browser does."""
    parts.tab.mapping.load.param.update(filename=name, value=content)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"[1]", b'{"type": "x"}', b'{"mapping": {"a": 1}}']
)
def test_what_is_no_mapping_is_a_notice(parts: Compared, content: bytes) -> None:
    """A damaged or foreign file changes nothing and is told with its name."""
    before = parts.pairs
    load(parts, content, "<b>.json")
    (notice,) = parts.notices.shown
    assert "<b>.json" in notice.text and parts.pairs is before
    with pytest.raises(ReadError):
        options_of(content, "mine.json")


def test_a_mapping_beyond_the_limit_is_refused(
    parts: Compared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser may send more than its own limit; nothing of it is parsed."""
    monkeypatch.setattr("dashboard.panes.compare_mapping.MAX_MAPPING_BYTES", 8)
    load(parts, b'{"mapping": {}}')
    assert "at most" in parts.notices.shown[0].text and MAX_MAPPING_BYTES == 64 << 20


def test_the_options_of_a_mapping() -> None:
    """Pairs and the fallback that the file forbids."""
    found = options_of(b'{"mapping": {"a": "r"}, "disableMappingFallback": true}', "m.json")
    assert found.fixed == (FixedPair(("a",), ("r",)),) and not found.is_id_fallback
