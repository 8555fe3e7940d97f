"""The report of a comparison: one page that holds all, asks for nothing and lets nothing run."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest

import importers
from benchmarks.graphs import decoder
from dashboard import report_table
from dashboard.cli import main
from dashboard.report import ReportSide, WeightsCompared, report_html
from dashboard.report_command import read_sets
from dashboard.report_numbers import charted, error_sets, paired_sets, worst_rows
from dashboard.report_picture import drawn_side, opened_on_differences
from graphs.inferred import best_groups
from graphs.ir import Graph, Model
from graphs.match import match_models
from graphs.match_tensors import weight_differences
from graphs.match_types import FixedPair, MatchOptions
from graphs.match_view import MatchView
from graphs.node_data import NodeData
from graphs.visible import visible
from sample_models import sample
from tests.helpers.graph_edits import disguised, edited
from tests.helpers.onnx_models import graph_of, model_of, node, weight
from tests.helpers.report_pages import Page, pictures_of
from tests.helpers.small_models import caller_model

PAIRS = {"onnx": ("digits_float", "digits_int8"), "formats": ("digits_float", "digits_int8_tflite")}
HOSTILE = "</script></title><img src=x onerror=alert(1)>\"'&{{}}$$x$$\u202e\x07\ud800"
NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
MAX_LARGE_BYTES = 12_000_000


def side_of(model: Model, *files: Path, **more: object) -> ReportSide:
    """Return a model as a side, all groups open."""
    graph = model.graphs[0]
    expanded = frozenset(range(1, len(graph.namespaces)))
    return ReportSide(model, graph, expanded, read_sets(model, files), **more)  # type: ignore[arg-type]


def measured(name: str) -> list[Path]:
    """Return the node data files of a sample."""
    return list(sample(name).node_data)


def report_of(a: Model, b: Model, options: MatchOptions | None = None) -> str:
    """Return the report of two models."""
    view = MatchView(match_models(a, b, options or MatchOptions()))
    return report_html(side_of(a), side_of(b), view, now=NOW)


@pytest.fixture(scope="module", params=PAIRS)
def samples(request: pytest.FixtureRequest) -> tuple[ReportSide, ReportSide, MatchView]:
    """Two samples that belong together, with all that was measured of them."""
    names = PAIRS[request.param]
    models = [importers.read(sample(name).path) for name in names]
    sides = [side_of(model, *measured(name)) for model, name in zip(models, names, strict=True)]
    return sides[0], sides[1], MatchView(match_models(*models))


@pytest.fixture(scope="module")
def report(samples: tuple[ReportSide, ReportSide, MatchView]) -> Page:
    """The report of two samples, taken apart."""
    return Page(report_html(*samples, now=NOW))


def test_each_picture_holds_every_visible_item(
    samples: tuple[ReportSide, ReportSide, MatchView], report: Page
) -> None:
    """A box for each item that the open groups show, on either side, and a twin where one is."""
    pictures = pictures_of(report.source)
    for side, picture in zip(samples[:2], pictures, strict=True):
        seen = visible(side.graph, side.expanded)
        keys = re.findall(r'data-k="(\d+)"', picture)
        assert sorted(map(int, keys)) == sorted(seen.item_key.tolist())
    own = [set(re.findall(r'data-k="(\d+)"', picture)) for picture in pictures]
    twins = [
        {key for text in re.findall(r'data-t="([\d ]+)"', picture) for key in text.split()}
        for picture in pictures
    ]
    assert twins[0] and twins[0] <= own[1] and twins[1] and twins[1] <= own[0]


def test_the_table_lists_each_difference_once(
    samples: tuple[ReportSide, ReportSide, MatchView], report: Page
) -> None:
    """A row for each pair that differs, with the boxes of both sides that show it."""
    pairs = samples[2].matching.pairs
    wanted = {str(at) for at, pair in enumerate(pairs) if pair.kind != "equal"}
    rows = [found for tag, found in report.elements if tag == "tr" and "data-p" in found]
    assert {row["data-p"] for row in rows} == wanted and len(rows) == len(wanted)
    a, b, view = samples
    drawn = drawn_side(a, view, "a").seen, drawn_side(b, view, "b").seen
    for row in rows:
        pair = pairs[int(row["data-p"] or "")]
        for ids, key, seen in ((pair.a, "data-a", drawn[0]), (pair.b, "data-b", drawn[1])):
            keys = {int(one) for one in (row[key] or "").split()}
            assert bool(ids) == bool(keys)
            assert keys <= set(seen.item_key.tolist())


def test_the_page_says_what_was_compared_and_how(
    samples: tuple[ReportSide, ReportSide, MatchView], report: Page
) -> None:
    """Names, date, version, counts, totals and the files that values are from."""
    text = "\n".join(text for tag, text in report.texts if tag not in ("script", "style"))
    a, b, view = samples
    assert a.model.name in text and b.model.name in text and "2026-01-02 03:04 UTC" in text
    assert re.search(r"Opscope \d+\.\d+", text)
    n_differing = sum(pair.kind != "equal" for pair in view.matching.pairs)
    assert f"{n_differing:,} of {len(view.matching.pairs):,} pairs differ" in text
    for side in (a, b):
        for source in {one.source for one in side.sets}:
            assert source in text
    assert "latency" in text and "Quantization error" in text and "SQNR" in text


def test_a_script_or_style_of_others_cannot_come_in(report: Page) -> None:
    """The policy names the two scripts by their hashes and forbids all requests."""
    policy = next(
        f["content"] or "" for t, f in report.elements if t == "meta" and "http-equiv" in f
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["style-src"] == "'unsafe-inline'" and rules["img-src"] == "data:"
    assert "unsafe" not in rules["script-src"]
    scripts = re.findall(r"<script>(.*?)</script>", report.source, re.DOTALL)
    hashes = [b64encode(sha256(one.encode()).digest()).decode() for one in scripts]
    assert rules["script-src"].split() == [f"'sha256-{one}'" for one in hashes]


def test_nothing_in_the_page_is_fetched(report: Page) -> None:
    """No element names an address; nor does a style sheet; data blocks are no scripts."""
    named = {key for _, found in report.elements for key in found} & {
        "src", "href", "xlink:href", "action", "data", "poster", "srcset", "formaction",
    }  # fmt: skip
    assert named == set()
    styles = "".join(re.findall(r"<style>(.*?)</style>", report.source, re.DOTALL))
    assert "url(" not in styles and "@import" not in styles
    own = re.sub(r"<script>.*?</script>", "", report.source, flags=re.DOTALL)
    assert set(re.findall(r"https?://[^\s\"'<]+", own)) == {"http://www.w3.org/2000/svg"}


def hostile_model(op: str) -> Model:
    """Return a model whose names all try to get out of where they stand."""
    name = HOSTILE.replace("\ud800", "")
    nodes = [
        node("Add", "x w", "s", f"{name}/sum"),
        onnx.helper.make_node(f"{op}{name}", ["s"], ["y"], name=f"{name}/{op}", domain=name),
    ]
    made = model_of(graph_of(nodes, initializers=[weight("w")], name=name), opset_imports=[
        onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid(name, 1),
    ])  # fmt: skip
    model = importers.read(made.SerializeToString(), name="hostile.onnx")
    return replace(model, name=HOSTILE, producer=HOSTILE)


def test_names_from_files_stay_text() -> None:
    """Markup in names, op types, producers, units and sources makes no element and no script."""
    a, b = hostile_model("F"), hostile_model("G")
    graphs = a.graphs[0], b.graphs[0]
    sets = [
        NodeData(HOSTILE, HOSTILE, HOSTILE, graph.id, np.arange(graph.n_nodes) * step)
        for graph, step in zip(graphs, (1.0, 2.0), strict=True)
    ]
    fixed = (FixedPair((graphs[0].node_ids[2],), (graphs[1].node_ids[2],)),)
    view = MatchView(match_models(a, b, MatchOptions(fixed=fixed)))
    sides = [
        replace(side_of(model), sets=(one,), taken=((HOSTILE, [(HOSTILE, HOSTILE)]),))
        for model, one in zip((a, b), sets, strict=True)
    ]
    weights = WeightsCompared([*weight_differences(view.matching)])
    text = report_html(sides[0], sides[1], view, weights=weights, now=NOW)
    page = Page(text)
    tags = {tag for tag, _ in page.elements}
    assert "img" not in tags and tags.isdisjoint({"iframe", "object", "link", "a", "base"})
    assert not [key for _, found in page.elements for key in found if key.startswith("on")]
    n_charts = len(re.findall('class="chart-data"', text))
    assert n_charts and text.count("<script") == text.count("</script") == n_charts + 2
    assert "\u202e" not in text and "\x07" not in text
    text.encode("utf-8")


def test_measures_of_both_sides_are_paired_whatever_tells_them_apart() -> None:
    """A batch size in the name or a run's title does not part them; another unit does."""
    model = importers.read(sample("digits_float").path)
    graph, view = model.graphs[0], MatchView(match_models(model, model))
    ones = np.ones(graph.n_nodes)

    def data(name: str, unit: str = "ms", source: str = "file") -> NodeData:
        return NodeData(name, unit, source, graph.id, ones)

    a = [data("compute at batch 1", "FLOPs", "computed"), data("latency · Run 2"), data("x")]
    b = [data("compute", "FLOPs", "computed"), data("latency (2)"), data("x", "s")]
    found = paired_sets(view, a, b)
    assert [one.data.name for one in found] == ["latency · Run 2", "compute at batch 1"]
    assert [one.is_measured for one in found] == [True, False]
    assert [one.data.name for one in charted(found)] == ["latency · Run 2"]
    assert found[0].whole() == (float(graph.n_nodes),) * 2


def test_errors_are_known_by_name_and_listed_from_the_worst() -> None:
    """Of a sample's files the errors are found, the SQNR first, whose worst is the least."""
    model = importers.read(sample("digits_int8").path)
    sets = error_sets(read_sets(model, measured("digits_int8")))
    assert sets[0].name == "SQNR" and len(sets) > 3
    assert not any(one.name in ("latency", "parameters") for one in sets)
    values = sets[0].values[worst_rows(sets[0])]
    assert values[0] == np.nanmin(sets[0].values) and (np.diff(values) >= 0).all()


def test_equal_models_have_no_table() -> None:
    """The verdict says so, both pictures are there, nothing is coloured."""
    model = importers.read(sample("digits_float").path)
    text = report_of(model, model)
    assert "No difference" in text and len(pictures_of(text)) == 2
    found = [found for _, found in Page(text).elements]
    assert not [one for one in found if one.get("class") == "pairs" or "data-d" in one]


def test_pairs_given_by_hand_are_listed() -> None:
    """What a reader said stands in a section of its own, also that a node has no partner."""
    model = importers.read(sample("digits_float").path)
    id = next(one for one in model.graphs[0].node_ids if "conv" in one)
    page = report_of(model, model, MatchOptions(fixed=(FixedPair((id,), ()),)))
    section = page.split("Given by hand", 1)[1].split("</section>")[0]
    assert id in section and "no partner" in section


def test_what_is_too_much_for_the_table_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows end at the bound; a sentence says how many of which kind are left."""
    monkeypatch.setattr(report_table, "MAX_ROWS", 5)
    a, b = (importers.read(sample(name).path) for name in PAIRS["onnx"])
    view = MatchView(match_models(a, b))
    text = report_html(side_of(a), side_of(b), view)
    assert text.count("<tr tabindex") == 5
    n_left = sum(pair.kind != "equal" for pair in view.matching.pairs) - 5
    assert f"{n_left:,} more differences are not listed" in text


def test_groups_that_hold_differences_are_opened() -> None:
    """As far as the picture stays small; no more than before where it would not."""
    graph = decoder(2_000, seed=3)
    model = Model("a", "made", "", (graph,))
    other = Model("b", "made", "", (edited(graph, 0.002, seed=1, edits=["retype"]).graph,))
    view = MatchView(match_models(model, other))
    side = view.side("a", graph.id)
    opened = opened_on_differences(graph, side, ())
    seen = visible(graph, opened)
    shown = seen.item_node[seen.item_node >= 0]
    assert seen.n_items <= 400
    assert (side.kind[shown] > 0).sum() > 0
    assert opened_on_differences(graph, side, (1,), most=1) == {1}


def test_a_report_of_20_000_nodes_is_bounded() -> None:
    """All boxes of two flat graphs, under 12 MB with the charts, in seconds."""
    graph = decoder(20_000, seed=1)
    other = edited(graph, 0.01, seed=2).graph
    models = Model("a", "made", "", (graph,)), Model("b", "made", "", (other,))
    view = MatchView(match_models(*models))
    sides = [
        replace(side_of(model), expanded=frozenset(), is_flat=True, sets=_ones(model.graphs[0]))
        for model in models
    ]
    start = time.perf_counter()
    text = report_html(sides[0], sides[1], view)
    seconds = time.perf_counter() - start
    for side, picture in zip(sides, pictures_of(text), strict=True):
        assert picture.count("data-k=") == visible(side.graph, flat=True).n_items
        assert len(picture) < 5_000_000
    assert len(text.encode()) < MAX_LARGE_BYTES
    assert "boxes of a picture have a label" in text
    assert seconds < 90


def _ones(graph: Graph) -> tuple[NodeData, ...]:
    return (NodeData("latency", "ms", "file", graph.id, np.linspace(0, 1, graph.n_nodes)),)


@pytest.mark.parametrize("held", [(1e308, -1e308, 1.0), (np.inf, -np.inf, 1.0), (1e-320, 0, -0.0)])
def test_numbers_at_the_end_of_doubles_are_no_trouble(held: tuple[float, ...]) -> None:
    """What no sum and no axis can hold is left out and counted; the rest is told."""
    model = importers.read(sample("digits_float").path)
    graph = model.graphs[0]
    values = np.full(graph.n_nodes, np.nan)
    values[: len(held)] = held
    sets = [
        NodeData("SQNR", "dB", "file", graph.id, one, ("min",), is_higher_worse=False)
        for one in (values, values[::-1].copy())
    ]
    sides = [replace(side_of(model), sets=(one,)) for one in sets]
    text = report_html(sides[0], sides[1], MatchView(match_models(model, model)))
    Page(text)
    n_left = sum(abs(value) > 1e300 for value in held)
    assert (f"{n_left} values without bound are left out" in text) == bool(n_left)


def test_differences_of_called_graphs_are_listed_too() -> None:
    """A pair of a graph that is not drawn has a row that names the graph, and no box to show."""
    model = caller_model()
    inner = next(graph for graph in model.graphs[1:] if graph.n_nodes)
    renamed = tuple("Other" if op == inner.op_types[-1] else op for op in inner.op_types)
    graphs = tuple(
        replace(graph, op_types=renamed) if graph is inner else graph for graph in model.graphs
    )
    page = Page(report_of(model, replace(model, graphs=graphs)))
    rows = [found for tag, found in page.elements if tag == "tr" and "data-p" in found]
    assert rows and {(row["data-a"], row["data-b"]) for row in rows} == {("", "")}
    assert f"in {inner.id}" in page.said("small")


def test_groups_that_were_found_after_matching_have_their_twins() -> None:
    """A graph is drawn with groups that the matching does not know: they too find each other."""
    graph = disguised(decoder(600, seed=3), seed=1).graph
    grouped = best_groups(graph)[1]
    assert grouped.n_groups > graph.n_groups
    model = Model("a", "made", "", (graph,))
    side = replace(side_of(model), graph=grouped, expanded=frozenset())
    view = MatchView(match_models(model, model))
    for picture in pictures_of(report_html(side, side, view)):
        groups = re.findall(r'<g class="n q" [^>]*data-k="(\d+)"([^>]*)>', picture)
        assert groups and all(f'data-t="{key}"' in rest for key, rest in groups)


@pytest.mark.parametrize(
    "names",
    [
        ("onnx/yunet_s_320_float.onnx", "onnx/yunet_s_320_qdq_int8.onnx"),
        ("tflite/mobilenetv2_a035_float.tflite", "tflite/mobilenetv2_a035_int8.tflite"),
        ("tf/basic_pitch_nmp_savedmodel", "tflite/basic_pitch_nmp.tflite"),
    ],
    ids=lambda names: Path(names[0]).stem,
)
def test_real_models_have_a_report(corpus: Path, tmp_path: Path, names: tuple[str, str]) -> None:
    """Quantized and converted models: well-formed, both graphs drawn, with twins on either side."""
    target = tmp_path / "report.html"
    main(["compare", *(str(corpus / name) for name in names), "--report", str(target)])
    text = target.read_text(encoding="utf-8")
    Page(text)
    for picture in pictures_of(text):
        assert picture.count("data-t=") > 0.5 * picture.count("data-k=") > 20
    assert len(text) < 5_000_000
