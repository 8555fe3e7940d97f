"""Find the nodes of a profile's rows: by name, by place, or by the order in which they ran.

The time of a kernel that stands for several nodes is shared evenly among them, so that
sums hold, and a set of labels says which kernel each of them is in. What stands for no
node keeps its key and is reported. Imports only `graphs`.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from graphs.ir import Graph, Model, NodeKind
from importers.node_data_lookup import Lookup
from importers.node_data_rows import Cell, RawSet
from importers.notes import Notes
from importers.profile_rows import Profile, ProfileRow, Turns

_MAX_CHAIN = 6  # nodes that an optimizer fuses behind one another
_NOT_WORD = re.compile(r"[^a-z0-9]")


def profile_sets(profile: Profile, model: Model) -> list[RawSet]:
    """Return a set for each label and each graph in which a row finds a node, by node ids.

    Parameters
    ----------
    profile : Profile
    model : Model

    Returns
    -------
    list of RawSet
        The first holds what found no node as well, by the file's own keys.
    """
    places = [_Place(Lookup(graph)) for graph in model.graphs]
    by_place = _fitting_places(profile, places)
    unmatched: dict[str, Cell] = {}
    for row in profile.rows:
        found = ((place, _nodes(row, place, by_place)) for place in places)
        hit = next(((place, nodes) for place, nodes in found if nodes), None)
        if hit is None:
            unmatched[row.key] = row.cells[0]
        else:
            hit[0].add(row, hit[1])
    unmatched |= _match_turns(profile, places)
    sets = [one for place in places for one in place.sets(profile)]
    first = sets[0] if sets else RawSet(profile.labels[0], {}, model.graphs[0].id)
    known = next(one.lookup for one in places if one.lookup.graph.id == first.graph)
    for key, cell in unmatched.items():
        first.cells[key if not known.knows(key) else f"{key} (no operator)"] = cell
    first.notes = profile.notes
    return sets or [first]


@dataclass(slots=True)
class _Place:
    """What one graph has got: for each label the value of each node, and the fused kernels."""

    lookup: Lookup
    cells: dict[int, dict[int, Cell]] = field(default_factory=dict)
    kernels: dict[int, str] = field(default_factory=dict)
    operators: list[int] = field(init=False)
    of_row: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.operators = np.flatnonzero(self.graph.node_kind == NodeKind.OPERATOR).tolist()
        self.of_row = {row: place for place, row in enumerate(self.operators)}

    @property
    def graph(self) -> Graph:
        return self.lookup.graph

    def op_type(self, node: int) -> str:
        return self.graph.op_types[int(self.graph.node_op[node])]

    def operator(self, names: Iterable[str]) -> int | None:
        """Return the operator that bears the first of these names that any bears."""
        rows = (self.lookup.row(name) for name in names)
        return next((row for row in rows if row is not None and row in self.of_row), None)

    def add(self, row: ProfileRow, nodes: Sequence[int]) -> None:
        """Share a row among its nodes."""
        for label, cell in enumerate(row.cells):
            for node in nodes:
                share = cell / len(nodes) if isinstance(cell, float) else cell
                self.put(label, node, share)
        if len(nodes) > 1:
            self.kernels |= dict.fromkeys(nodes, row.key[:200])

    def put(self, label: int, node: int, cell: Cell) -> None:
        """Add a number to what the node has; the first label counts."""
        held = self.cells.setdefault(label, {})
        before = held.get(node)
        if isinstance(cell, float) and isinstance(before, float):
            held[node] = before + cell
        elif cell is not None and before is None:
            held[node] = cell

    def sets(self, profile: Profile) -> list[RawSet]:
        """Return a set for each label that has a value here."""
        ids, graph_id = self.graph.node_ids, self.graph.id
        columns = [(profile.labels[label], held) for label, held in sorted(self.cells.items())]
        named = dict.fromkeys(self.kernels)
        if profile.kernels and named:
            columns.append((profile.kernels, dict(self.kernels)))
        return [
            RawSet(label, {ids[node]: cell for node, cell in held.items()}, graph_id, notes=Notes())
            for label, held in columns
            if held
        ]


# -- rows with names ------------------------------------------------------------------------


def _nodes(row: ProfileRow, place: _Place, fitting: set[int]) -> list[int]:
    """Return the operators that a row stands for in a graph; none where it knows none."""
    node = place.operator(row.names)
    if node is None and row.parts:
        found = (place.operator(names) for names in row.parts)
        nodes = list(dict.fromkeys(one for one in found if one is not None))
        if nodes:
            return nodes
    if node is None and id(place) in fitting and 0 <= row.operator < len(place.operators):
        at = place.operators[row.operator]
        node = at if _same(place.op_type(at), row.op_type) else None
    return [] if node is None else _fused(row, node, place)


def _fitting_places(profile: Profile, places: Sequence[_Place]) -> set[int]:
    """Return the graphs, by identity, in which a row's place among the operators tells its node.

    A runtime that counts what it runs says so only of a graph that it left as it was.
    """
    if not profile.in_file_order:
        return {id(place) for place in places[:1]}
    written = [row.op_type for row in profile.rows if row.operator >= 0]
    return {
        id(place)
        for place in places[:1]
        if len(written) == len(place.operators)
        and all(map(_same, map(place.op_type, place.operators), written))
    }


def _fused(row: ProfileRow, node: int, place: _Place) -> list[int]:
    """Return a node and those before it, back to the one of the kernel's op type.

    An optimizer that fuses an activation into a convolution gives the kernel the name
    of what the activation made. Where no way leads back, the node stands alone.
    """
    chain = [node]
    while row.op_type and not _same(place.op_type(chain[-1]), row.op_type):
        before = _before(chain[-1], place)
        wanted = [one for one in before if _same(place.op_type(one), row.op_type)]
        follow = wanted if len(wanted) == 1 else before
        if len(chain) > _MAX_CHAIN or len(follow) != 1:
            return [node]
        chain.append(follow[0])
    return chain


def _before(node: int, place: _Place) -> list[int]:
    """Return the operators whose outputs this one takes and nothing else does."""
    graph = place.graph
    edges = range(int(graph.in_ptr[node]), int(graph.in_ptr[node + 1]))
    sources = dict.fromkeys(int(graph.edge_source[edge]) for edge in edges)
    return [
        one
        for one in sources
        if one in place.of_row and graph.out_ptr[one + 1] - graph.out_ptr[one] == 1
    ]


def _same(op_type: str, written: str) -> bool:
    return _plain(op_type) == _plain(written)


def _plain(op_type: str) -> str:
    return _NOT_WORD.sub("", op_type.rpartition(".")[2].lower())


# -- calls without names ----------------------------------------------------------------------


def _match_turns(profile: Profile, places: Sequence[_Place]) -> dict[str, Cell]:
    """Give calls to the nodes of their op type in turn; return the sums of those of no node.

    Only where the calls are the nodes' number times one number of runs, the same for
    most op types, does the order tell anything.
    """
    for place in places:
        rows = _rows_by_type(place)
        runs = _runs(profile.turns, rows)
        if runs:
            break
    else:
        return {_key(turns): sum(turns.cells[0]) for turns in profile.turns}
    unmatched: dict[str, Cell] = {}
    for turns in profile.turns:
        nodes = rows.get(turns.op_type, [])
        if not nodes or turns.n_calls != runs * len(nodes):
            unmatched[_key(turns)] = sum(turns.cells[0])
            continue
        _give_in_turn(turns, nodes, runs, place)
    message = "Calls bear no node's name and were matched in the order in which they ran"
    profile.notes.add("guessed", message, f"{runs:,} runs")
    return unmatched


def _give_in_turn(turns: Turns, nodes: Sequence[int], runs: int, place: _Place) -> None:
    known = set(place.cells.get(0, {}))  # by a name, which is surer
    for label, numbers in enumerate(turns.cells):
        for turn, node in enumerate(nodes):
            if node not in known and numbers:
                place.put(label, node, statistics.median(numbers[turn :: len(nodes)]))


def _runs(turns: Sequence[Turns], rows: dict[str, list[int]]) -> int:
    """Return the number of runs that fits most nodes; 0 where none fits."""
    votes: Counter[int] = Counter()
    for one in turns:
        n_nodes = len(rows.get(one.op_type, ()))
        if n_nodes and one.n_calls % n_nodes == 0:
            votes[one.n_calls // n_nodes] += n_nodes
    return votes.most_common(1)[0][0] if votes else 0


def _rows_by_type(place: _Place) -> dict[str, list[int]]:
    """Return the operators by op type without overload, ``aten.linear``, in the file's order."""
    rows: dict[str, list[int]] = {}
    for node in place.operators:
        base = ".".join(place.op_type(node).replace("::", ".").split(".")[:2])
        rows.setdefault(base, []).append(node)
    return rows


def _key(turns: Turns) -> str:
    return f"{turns.op_type} ({turns.n_calls:,} calls)"
