"""Opscope's own file: what is written comes back, column for column, and nothing else opens."""

from __future__ import annotations

import copy
import gzip
import json
import random
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from graphs.builder import GraphBuilder
from graphs.check import problems
from graphs.errors import DamagedSource, ReadError, UnsupportedFeature, quoted
from graphs.ir import Facts, Graph, Model, NodeKind
from graphs.notes import Note
from graphs.tensor_type import UNKNOWN_TYPE
from graphs.text import canonical_text
from importers.base import Probe
from importers.model_explorer_write import write_model_explorer
from importers.opscope_json import FORMAT, look
from importers.opscope_json_write import opscope_json
from sample_models import samples
from tests.helpers.importer_contract import Case, check_mutations, check_truncations
from tests.helpers.random_graphs import GraphRows, graph_rows
from tests.helpers.small_models import caller_model

COLUMNS = (
    "id", "title", "node_ids", "node_kind", "node_op", "node_namespace", "op_types", "value_node",
    "value_slot", "value_names", "value_ptr", "edge_value", "edge_source", "edge_target",
    "edge_target_slot", "edge_is_control", "in_ptr", "out_ptr", "out_edges", "subgraphs",
    "n_operators",
)  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
facts = st.lists(st.tuples(texts, texts), max_size=3)


class FactsByRow:
    """A source that tells the given pairs of every n-th row."""

    def __init__(self, told: Facts) -> None:
        self.told = told

    def attributes(self, node: int) -> Facts:
        """Return pairs for even nodes."""
        return self.told if node % 2 == 0 else []

    def value_facts(self, value: int) -> Facts:
        """Return pairs for odd values."""
        return self.told if value % 2 else []

    def group_attributes(self, namespace: int) -> Facts:
        """Return pairs for every namespace."""
        return self.told

    def tensor(self, node: int) -> None:
        """Return no data."""


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Draw a model of one to three graphs that call each other."""
    rows = draw(st.lists(graph_rows(), min_size=1, max_size=3))
    ids = [f"graph {i}" for i in range(len(rows))]
    graphs = []
    for id, one in zip(ids, rows, strict=True):
        calls = draw(st.dictionaries(st.integers(0, len(one.kinds) - 1), st.sampled_from(ids)))
        graphs.append(with_source(one, id, calls, draw(facts)))
    kinds = st.sampled_from(["lost", "guessed", "damaged", "info"])
    words = texts.map(quoted)
    notes = st.builds(Note, kinds, words, st.integers(1, 9), st.lists(words, max_size=5).map(tuple))
    counts = st.integers(0, 2**70)
    return Model(
        "m", draw(texts), draw(texts), tuple(graphs), draw(facts),
        tuple(draw(st.lists(notes, max_size=3))), draw(counts), draw(counts),
    )  # fmt: skip


def with_source(rows: GraphRows, id: str, calls: dict[int, str], told: Facts) -> Graph:
    """Build the rows again, with facts and called graphs."""
    plain = rows.build(id)
    builder = GraphBuilder(id, f"The {id}")
    for node in map(plain.node, range(plain.n_nodes)):
        builder.add_node(node.id, node.op_type, node.namespace, node.kind)
    for value in range(len(plain.value_node)):
        of_type = plain.types[plain.value_type[value]]
        at = int(plain.value_node[value]), int(plain.value_slot[value])
        builder.add_value(*at, plain.value_names[value], of_type)
    for edge in range(plain.n_edges):
        ends = plain.edge_value[edge], plain.edge_target[edge], plain.edge_target_slot[edge]
        is_control = bool(plain.edge_is_control[edge])
        builder.add_edge(*map(int, ends), is_control=is_control)
    for node, graph_id in calls.items():
        builder.add_subgraph(node, graph_id)
    return builder.build(FactsByRow(told), n_operators=len(plain.node_ids) + 3)


def check_same(before: Model, after: Model) -> None:
    """Assert that two models hold the same in every column and tell the same."""
    for name in ("format", "producer", "metadata", "notes", "n_parameters", "parameter_bytes"):
        assert getattr(after, name) == getattr(before, name), name
    assert len(after.graphs) == len(before.graphs)
    for old, new in zip(before.graphs, after.graphs, strict=True):
        for name in COLUMNS:
            got, wanted = getattr(new, name), getattr(old, name)
            if isinstance(wanted, np.ndarray):
                assert got.dtype == wanted.dtype
                assert np.array_equal(got, wanted), name
            else:
                assert got == wanted, name
        assert [new.types[i] for i in new.value_type] == [old.types[i] for i in old.value_type]
        assert new.namespaces.paths == old.namespaces.paths
        check_same_facts(old, new)
        assert problems(new, after) == []


def check_same_facts(old: Graph, new: Graph) -> None:
    """Assert that what is decoded on demand is the same."""
    for n, verb in (
        (old.n_nodes, "attributes"),
        (len(old.value_node), "value_facts"),
        (len(old.namespaces), "group_attributes"),
    ):
        wanted, got = getattr(old.source, verb), getattr(new.source, verb)
        assert [got(row) for row in range(n)] == [wanted(row) for row in range(n)]


@given(models())
def test_a_round_trip_loses_nothing(model: Model) -> None:
    """Whatever a graph may hold comes back from our file: each column, each text, in order."""
    content = opscope_json(model)
    again = importers.read(content)
    check_same(model, again)
    assert opscope_json(importers.read(content, name=model.name)) == content


@given(models())
def test_a_round_trip_through_model_explorer_keeps_the_graphs(model: Model) -> None:
    """Model Explorer's format with our additions gives the same graphs, gzipped as well."""
    content = gzip.compress(write_model_explorer(model))
    texts_of = [canonical_text(one) for one in (model, importers.read(content, name="m.json.gz"))]
    assert len({text[text.index("\ngraph ") :] for text in texts_of}) == 1


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
@pytest.mark.parametrize("ending", [".opscope.json", ".opscope.json.gz"])
def test_samples_come_back_from_a_file(tmp_path: Path, sample, ending: str) -> None:
    """Every sample is the same after a stay on disk, and the same model gives the same bytes."""
    model = importers.read(sample.path)
    path = tmp_path / f"model{ending}"
    importers.write_opscope_json(model, path)
    once = path.read_bytes()
    again = importers.read(path)
    assert again.name == path.name
    check_same(model, again)
    importers.write_opscope_json(model, path)
    assert path.read_bytes() == once
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    check_same(model, importers.read(once, name="unknown"))


@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_model_explorer_files_are_written_too(tmp_path: Path, ending: str) -> None:
    """A model becomes a file that Model Explorer opens, compressed where its name says so."""
    path = tmp_path / f"model{ending}"
    importers.write_model_explorer_json(caller_model(), path)
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == ending.endswith(".gz")
    assert canonical_text(importers.read(path)) == canonical_text(caller_model())


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """Where writing fails, the error says so and no part of a file stays behind."""
    (tmp_path / "taken.json").mkdir()
    with pytest.raises(OSError, match="taken"):
        importers.write_opscope_json(caller_model(), tmp_path / "taken.json")
    assert [one.name for one in tmp_path.iterdir()] == ["taken.json"]


@pytest.mark.parametrize("name", ["m.json", "m.json.gz", "m.opscope.json", "m"])
def test_its_mark_comes_before_the_ending(tmp_path: Path, name: str) -> None:
    """Renamed to the ending of another JSON format it is still Opscope's."""
    content = opscope_json(caller_model())
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    model = importers.read(path)
    assert [graph.n_nodes for graph in model.graphs] == [g.n_nodes for g in caller_model().graphs]
    assert model.graphs[0].n_nodes


def test_it_is_told_by_its_first_key() -> None:
    """The mark is the first key, however the text is laid out; other JSON is not ours."""
    content = opscope_json(caller_model())
    pretty = json.dumps(json.loads(content), indent=2).encode()
    for one in (content, pretty, b"\xef\xbb\xbf" + pretty, gzip.compress(pretty)):
        assert look(Probe("unknown", content=one))
        assert importers.read(one, name="unknown").format == "ONNX"
    assert not look(Probe("m.opscope.json", content=b'{"graphs": [], "opscope": 1}'))
    assert not look(Probe("m.opscope.json.gz", content=b"\x1f\x8bbroken"))


def test_a_newer_version_is_refused() -> None:
    """A file of the future says so, instead of being read wrongly."""
    with pytest.raises(UnsupportedFeature, match="version 2"):
        importers.read(b'{"opscope": 2}')


ODD = (
    None,
    True,
    -1,
    2**31,
    2**70,
    1.5,
    "",
    "x",
    [],
    {},
    [None],
    [[]],
    [-1],
    [1.5],
    ["x"],
    [2**40],
)


def changed(draw: random.Random) -> bytes:
    """Return a small file with values of other types or ranges in one to three places."""
    data = json.loads(opscope_json(caller_model()))
    for _ in range(draw.randint(1, 3)):
        at = data["graphs"][draw.randrange(2)] if draw.random() < 0.8 else data
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = draw.choice(keys)
            if not isinstance(at[key], dict | list) or not at[key] or draw.random() < 0.2:
                break
            at = at[key]
        if draw.random() < 0.2:
            del at[key]
        else:
            at[key] = copy.deepcopy(draw.choice(ODD))
        if not isinstance(data.get("graphs"), list) or len(data["graphs"]) < 2:
            break
        if not all(isinstance(one, dict) and one for one in data["graphs"]):
            break
    return json.dumps(data).encode()


def test_changed_files_raise_nothing_else() -> None:
    """2,000 files with columns missing, cut or leading nowhere end in our errors or open whole."""
    draw = random.Random(3)
    contents = [changed(draw) for _ in range(2000)]
    check_mutations(Case("m.opscope.json", b"", FORMAT), contents)
    refused = sum(is_refused(content) for content in contents)
    assert 1000 < refused < 2000


def is_refused(content: bytes) -> bool:
    """Return whether a content ends in one of our errors."""
    try:
        importers.read(content, name="m.opscope.json")
    except ReadError:
        return True
    return False


def test_cut_files_are_refused() -> None:
    """A cut of the file, anywhere, is no model."""
    check_truncations(Case("m.opscope.json", opscope_json(caller_model()), FORMAT))


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("nodes", "op"), [0], "nodes|op: 1 entries instead of 7"),
        (("nodes", "kind"), [4] * 7, "kind: an entry is negative or leads nowhere"),
        (("nodes", "id"), ["a"] * 7, "taken"),
        (("edges", "value"), [99] * 7, "leads nowhere"),
        (("edges", "control"), [7], "leads nowhere"),
        (("values", "node"), [5, 4, 3, 2, 1, 0], "not sorted"),
        (("subgraphs",), [[4, ["nobody"]]], "there is no graph “nobody”"),
        (("namespaces",), ["", "a", "b", "b/c", "unused"], ""),
        (("attributes",), [[0, [["name", 5]]]], "pairs of texts"),
        (("types",), [["float32", [1.5]]], "no dtype with a shape"),
    ],
)
def test_a_refusal_says_which_column(where: tuple[str, ...], value: object, said: str) -> None:
    """The error names the column and what is wrong with it."""
    data = json.loads(opscope_json(caller_model()))
    at = data["graphs"][0]
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    content = json.dumps(data).encode()
    if not said:
        assert importers.read(content).graphs[0].n_groups == 3
        return
    with pytest.raises(DamagedSource, match=said):
        importers.read(content)


def test_fifty_thousand_nodes_are_fast() -> None:
    """A graph of 50,000 nodes is written and read in seconds."""
    n = 50_000
    builder = GraphBuilder("main")
    names = [f"block/{i % 100}/node_{i}" for i in range(n)]
    builder.add_nodes(names, ["Op"] * n, [f"block/{i % 100}" for i in range(n)],
                      [NodeKind.OPERATOR] * n)  # fmt: skip
    builder.add_values(range(n), [0] * n, names, [UNKNOWN_TYPE] * n)
    builder.add_edges(range(n - 1), range(1, n), [0] * (n - 1))
    model = Model("large", "ONNX", "", (builder.build(),))
    start = time.perf_counter()
    again = importers.read(opscope_json(model))
    assert time.perf_counter() - start < 4
    assert again.graphs[0].n_edges == n - 1
