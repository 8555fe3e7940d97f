"""Which tensors of a float model and of its quantized twin belong together, from paired nodes.

Runtimes know tensors by name. Where names differ, `graphs.match` pairs the nodes by what
surrounds them, and a mapping file by what its author says; here pairs of nodes become
pairs of tensors. Imports nothing but `graphs` and NumPy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from graphs.ir import Graph, Model, NodeKind
from graphs.match import match_models
from graphs.match_types import DEFAULT_OPTIONS, Matching, MatchOptions

GIVEN = "given"  # what `graphs.match` calls a pair that it was told


@dataclass(frozen=True, slots=True)
class TensorPairs:
    """Tensors of the float model and their twins, by name.

    Attributes
    ----------
    given : dict of str to str
        Float tensor -> quantized tensor, as a mapping says: to be kept.
    similar : dict of str to str
        The same by structure: for tensors that no name pairs.
    notes : tuple of str
        What the mapping asks for and could not be done.
    """

    given: dict[str, str]
    similar: dict[str, str]
    notes: tuple[str, ...] = ()


def pair_tensors(
    reference: Model, quantized: Model, options: MatchOptions = DEFAULT_OPTIONS
) -> TensorPairs:
    """Pair the nodes of both models and return the tensors of the pairs.

    Nothing is matched where every name of the float model is in the quantized one and
    nothing is asked for: names decide then anyway.

    Parameters
    ----------
    reference, quantized : Model
    options : MatchOptions
        `fixed` holds the pairs of a mapping file.
    """
    a, b = reference.graphs[0], quantized.graphs[0]
    is_computed = a.node_kind[a.value_node] == NodeKind.OPERATOR
    names = {a.value_names[value] for value in np.flatnonzero(is_computed)}
    if not options.fixed and names <= set(b.value_names):
        return TensorPairs({}, {})
    return tensor_pairs(match_models(reference, quantized, options))


def tensor_pairs(matching: Matching) -> TensorPairs:
    """Return the tensors of paired nodes, in the first graphs of both models.

    Parameters
    ----------
    matching : Matching
        Of the float model (A) and its quantized twin (B).
    """
    a, b = matching.a[0], matching.b[0]
    rows = [{id: row for row, id in enumerate(graph.node_ids)} for graph in (a, b)]
    names = [_unique_names(graph) for graph in (a, b)]
    found = TensorPairs({}, {}, matching.ignored)
    for pair in matching.pairs:
        if not pair.a or not pair.b or (pair.a_graph, pair.b_graph) != (a.id, b.id):
            continue
        results = [
            _results(graph, [row_of[id] for id in ids])
            for graph, row_of, ids in zip((a, b), rows, (pair.a, pair.b), strict=True)
        ]
        if len(results[0]) != len(results[1]):
            continue
        for value, twin in zip(*results, strict=True):
            name, other = a.value_names[value], b.value_names[twin]
            if name not in names[0] or other not in names[1]:
                continue
            if pair.why == GIVEN:
                found.given[name] = other
            elif name not in names[1]:
                found.similar[name] = other
    return found


def _results(graph: Graph, rows: Sequence[int]) -> list[int]:
    """Return the values that leave a group of nodes, before they are rounded.

    What only rounds an input of the group is none of its results.
    """
    inside = {row for row in rows if graph.node(row).kind != NodeKind.CONSTANT}
    found = []
    for row in rows:
        node = graph.node(row)
        readers = {value: set[int]() for value in node.outputs}
        for edge in node.out_edges.tolist():
            readers[int(graph.edge_value[edge])].add(int(graph.edge_target[edge]))
        found += [
            _before_rounding(graph, value, inside)
            for value in (node.outputs if row in inside else ())
            if not readers[value] or not readers[value] <= inside
        ]
    own = [value for value in found if not _rounds(graph, value) or len(inside) == 1]
    return list(dict.fromkeys(own))


def _before_rounding(graph: Graph, value: int, inside: AbstractSet[int]) -> int:
    """Return what a value was before the nodes of its group quantized and dequantized it."""
    for _ in inside:
        node = graph.node(int(graph.value_node[value]))
        if not _rounds(graph, value) or not len(node.in_edges):
            break
        before = int(graph.edge_value[node.in_edges[0]])
        if int(graph.value_node[before]) not in inside:
            break
        value = before
    return value


def _rounds(graph: Graph, value: int) -> bool:
    """Tell whether a value comes out of a quantize or dequantize node."""
    return "quantize" in graph.node(int(graph.value_node[value])).op_type.lower()


def _unique_names(graph: Graph) -> set[str]:
    return {name for name, n in Counter(graph.value_names).items() if name and n == 1}
