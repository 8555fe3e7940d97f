"""Files in Model Explorer's JSON that are cut, changed or made to hurt."""

from __future__ import annotations

import copy
import gzip
import json
import random

import pytest

import importers
from graphs.errors import DamagedSource, ReadError
from importers import model_explorer
from tests.helpers.importer_contract import (
    Case,
    check_limits,
    check_mutations,
    outcomes,
)
from tests.helpers.model_explorer_files import SMALL, edge, read, read_nodes


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"label": "x", "graphs": [',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'["\\ud800"]',
        b"[1,]",
        b'["\xff"]',
    ],
)
def test_damaged_json(content):
    """Broken, cut and endlessly nested JSON ends in DamagedSource."""
    with pytest.raises(DamagedSource):
        importers.read(content, name="m.json")


def test_gzip(tmp_path):
    """A gzipped file opens; one that is cut or unpacks without end is refused."""
    packed = gzip.compress(json.dumps(SMALL).encode())
    path = tmp_path / "m.json.gz"
    path.write_bytes(packed)
    assert importers.read(path).graphs[0].n_nodes == 4
    for length in range(40, len(packed)):
        with pytest.raises(ReadError):
            importers.read(packed[:length], name="m.json.gz")


def test_gzip_bomb(tmp_path):
    """A file that unpacks to hundreds of times its size is refused, in time and in memory."""
    path = tmp_path / "bomb.json.gz"
    with gzip.open(path, "wb") as packed:
        packed.write(b"[")
        for _ in range(300):
            packed.write(b" " * (1 << 20))
    assert path.stat().st_size < 1 << 20
    outcome = outcomes([path])["bomb.json.gz"]
    check_limits(outcome)
    assert (outcome.error, "unpacks to more" in outcome.message) == ("DamagedSource", True)


def test_deep_namespaces_are_folded():
    """A namespace a hundred thousand deep does not make as many groups."""
    graph, _ = read_nodes({"id": "a", "label": "x", "namespace": "n/" * 100_000})
    assert graph.n_groups <= 64


def test_values_are_cut():
    """Long and deeply nested attribute values are cut, never followed to their end."""
    deep = value = []
    for _ in range(900):
        value.append([])
        value = value[0]
    attrs = [{"key": "long", "value": "x" * 10_000}, {"key": "deep", "value": deep}]
    graph, _ = read_nodes({"id": "a", "label": "x", "attrs": attrs * 1000})
    facts = graph.source.attributes(0)
    assert len(facts) == 1000
    assert {len(value) for key, value in facts if key == "long"} == {4096}
    assert dict(facts)["deep"] == "(too deeply nested)"


def test_names_of_javascript_and_markup_are_text():
    """``__proto__`` and markup are names like any other."""
    graph, notes = read_nodes(
        {"id": "__proto__", "label": "<b>x</b>", "namespace": "constructor/<i>"},
        {"id": "b", "label": "y", "incomingEdges": [edge("__proto__")]},
    )
    assert graph.node_ids[0] == "__proto__"
    assert graph.node(0).op_type == "<b>x</b>"
    assert graph.node(0).namespace == "constructor/<i>"
    assert (graph.n_edges, notes) == (1, [])


@pytest.mark.parametrize(
    "nodes",
    [None, {}, "x", [1, None, "x"], [{"id": {}, "label": [], "namespace": 5, "attrs": 3}]],
)
def test_values_of_the_wrong_type(nodes):
    """Values of another type than the format's are read as text or left out, never a crash."""
    model = read({"label": 1, "graphs": [{"id": None, "nodes": nodes}]})
    for node in range(model.graphs[0].n_nodes):
        model.graphs[0].source.attributes(node)


def _mutated(draw):
    """Yield changed files: 1,000 with other bytes, 1,000 with values of other types in places."""
    whole = json.dumps(SMALL).encode()
    for _ in range(1000):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.choice(b'{}[]",:0-9 \\u')
        yield bytes(data)
    odd = (None, True, -1, 2**70, 1e300, "", "0", "x" * 2000, [], {}, [None], {"id": "a"}, [[]])
    for _ in range(1000):
        data = json.loads(whole)
        for _ in range(draw.randint(1, 3)):
            at = data["graphs"][0]
            while True:
                keys = list(at) if isinstance(at, dict) else range(len(at))
                key = draw.choice(list(keys))
                if not isinstance(at[key], dict | list) or not at[key] or draw.random() < 0.2:
                    break
                at = at[key]
            at[key] = copy.deepcopy(draw.choice(odd))
            if not data["graphs"][0]:
                break
        yield json.dumps(data).encode()


def test_mutations_raise_nothing_else():
    """2,000 changed files open without a broken invariant or end in one of our errors."""
    check_mutations(Case("m.json", b"", model_explorer.FORMAT), _mutated(random.Random(5)))
