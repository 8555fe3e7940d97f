"""Groups of equal structure: the 126 equal layers of a decoder, found by what is in them.

Two groups are equal if their members can be matched so that op types, kinds, attributes, tensor
types, the nesting inside, every wire between members, and the order of what enters and leaves are
the same. Names do not count. Knows columns only: no layout, no widgets.

Members are brought into an order that does not depend on names or on the file: by colours, refined
along the wires as in the Weisfeiler-Leman test (B. Weisfeiler, A. Leman, 1968). Then the columns
are written down in that order and compared byte by byte, so that no two different groups are ever
called equal. Members that no colour tells apart keep the order of the file; where files write
interchangeable parts in different orders, equal groups may therefore stay apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Graph, NodeKind

Int64s = NDArray[np.int64]
Colors = NDArray[np.uint64]

MAX_ROUNDS = 12  # of refining: wires further away than that do not tell members apart
OUTER = -1  # stands for the source of a wire that comes from outside the group

# What sources say of a node's place, not of what it does: it differs between equal groups.
PLACES = frozenset({
    "class_hierarchy", "location", "module", "module class", "name", "namespace", "op_name",
    "path", "source", "stack", "stack_trace", "torch_fn", "_class",
})  # fmt: skip
_PLACE_WORDS = ("pkg.torch.onnx.", "__tensor_tag", ".name")
_REFERENCE = re.compile(r"[%@][\w.$\-]+")  # SSA names in the text of an attribute


def equal_groups(
    graph: Graph, *, with_types: bool = True, with_attributes: bool = True
) -> NDArray[np.int32]:
    """Return the class of every namespace; equal groups have one class.

    Parameters
    ----------
    graph : Graph
    with_types, with_attributes : bool
        Whether tensor types and attributes count.

    Returns
    -------
    int32 array, shape (len(graph.namespaces),)
        Classes are numbered by their first namespace.
    """
    names = graph.namespaces
    signature = _signatures(graph, with_types=with_types)
    candidates = _candidates(graph, signature)
    if with_attributes and candidates.any():
        signature = _with_attributes(graph, signature, candidates)
    types = graph.value_type if with_types else np.zeros_like(graph.value_type)
    text_of: dict[int, bytes] = {}
    above = _Above(graph)
    for depth in range(1, int(names.depth.max(initial=0)) + 1):
        above.go_to(depth)
        level = candidates & (names.depth == depth)
        if level.any():
            text_of.update(_texts(graph, above.group, level, signature, types))
    class_of: dict[object, int] = {}
    # A group that resembles no other is a class of its own.
    keys = [text_of.get(space, space) for space in range(len(names))]
    found = [class_of.setdefault(key, len(class_of)) for key in keys]
    return np.array(found, dtype=np.int32)


def _signatures(graph: Graph, *, with_types: bool) -> Int64s:
    """Return a number for each node: equal where op type, kind, outputs and calls are equal."""
    slots = graph.value_slot.tolist()
    types = graph.value_type.tolist() if with_types else [0] * len(slots)
    values = list(zip(slots, types, strict=True))
    ptr = graph.value_ptr.tolist()
    is_constant = graph.node_kind == NodeKind.CONSTANT
    ops = np.where(is_constant, -1, graph.node_op).tolist()
    known: dict[object, int] = {}
    found = []
    for node, (op, kind) in enumerate(zip(ops, graph.node_kind.tolist(), strict=True)):
        row = (op, kind, *values[ptr[node] : ptr[node + 1]])
        called = graph.subgraphs.get(node)
        key = (row, called) if called else row
        found.append(known.setdefault(key, len(known)))
    return np.array(found, dtype=np.int64)


def _with_attributes(graph: Graph, signature: Int64s, candidates: NDArray[np.bool_]) -> Int64s:
    """Return signatures that tell nodes of candidates apart by their attributes as well."""
    known: dict[object, int] = {}
    found = signature.copy()
    inside = _inside(graph, candidates)
    is_read = inside[graph.node_namespace] & (graph.node_kind == NodeKind.OPERATOR)
    attributes = graph.source.attributes
    for node in np.flatnonzero(is_read).tolist():
        key = (int(signature[node]), *_telling(attributes(node)))
        found[node] = known.setdefault(key, len(known))
    found[~is_read] += len(known)
    return found


def _telling(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the attributes that say what a node does, without the names of values in them."""
    return [
        (name, _REFERENCE.sub("%", text) if "%" in text or "@" in text else text)
        for name, text in facts
        if name not in PLACES and not any(word in name for word in _PLACE_WORDS)
    ]


def _inside(graph: Graph, spaces: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mask over namespaces: those given and all inside them."""
    opens = np.zeros(len(spaces) + 1, dtype=np.int64)
    chosen = np.flatnonzero(spaces)
    opens[chosen] += 1
    np.subtract.at(opens, graph.namespaces.end[chosen], 1)
    return np.cumsum(opens[:-1]) > 0


def _candidates(graph: Graph, signature: Int64s) -> NDArray[np.bool_]:
    """Mask over namespaces: those that another resembles by a sum over members; never the root."""
    names = graph.namespaces
    k = len(names)
    row = (_mixed(signature.astype(np.uint64)) >> np.uint64(40)).astype(np.int64)  # 24 bits
    own = np.zeros((k, 2), dtype=np.int64)
    np.add.at(own, graph.node_namespace, np.stack([row, np.ones_like(row)], axis=1))
    before = np.concatenate([np.zeros((1, 2), np.int64), np.cumsum(own, axis=0)])
    sums = np.column_stack([before[names.end] - before[:-1], names.end - np.arange(k)])
    _, which, count = np.unique(sums, axis=0, return_inverse=True, return_counts=True)
    found: NDArray[np.bool_] = (count[which.reshape(-1)] > 1) & (sums[:, 1] > 0)
    found[0] = False
    return found


class _Above:
    """Knows for each namespace the one at a depth that holds it; -1 where it is not that deep.

    Attributes
    ----------
    group : int64 array, shape (k,)
    """

    def __init__(self, graph: Graph) -> None:
        self._names = graph.namespaces
        self.group = np.zeros(len(self._names), dtype=np.int64)

    def go_to(self, depth: int) -> None:
        """Find the groups at `depth`."""
        names = self._names
        self.group[:] = -1
        for space in np.flatnonzero(names.depth == depth).tolist():
            self.group[space : int(names.end[space])] = space


def _texts(
    graph: Graph,
    above: Int64s,
    level: NDArray[np.bool_],
    signature: Int64s,
    types: NDArray[np.int32],
) -> dict[int, bytes]:
    """Return the columns of every group of a level as bytes, members in their own order."""
    group = above[graph.node_namespace]
    group = np.where(level[group] & (group >= 0), group, -1)
    wires = _Wires.of(graph, group)
    relative = graph.namespaces.depth[graph.node_namespace] - graph.namespaces.depth[group]
    color = _mixed(signature.astype(np.uint64)) + _mixed(relative.astype(np.uint64))
    members = np.flatnonzero(group >= 0)
    color = _refined(color, members, wires, types)
    order = members[np.lexsort((members, color[members], group[members]))]
    place = np.full(graph.n_nodes, OUTER, dtype=np.int64)
    place[order] = _counted(group[order])
    space = _by_appearance(group[order], graph.node_namespace[order].astype(np.int64))
    node_rows = np.column_stack([signature[order], relative[order], space])
    inner_rows, inner_group = wires.entering(place, types)
    outer_rows, outer_group = wires.leaving(place)
    found: dict[int, list[bytes]] = {}
    tables = ((node_rows, group[order]), (inner_rows, inner_group), (outer_rows, outer_group))
    for rows, of_group in tables:
        spaces, first = np.unique(of_group, return_index=True)
        pieces = np.split(np.ascontiguousarray(rows, dtype=np.int64), first[1:])
        for one, piece in zip(spaces.tolist(), pieces[: len(spaces)], strict=True):
            found.setdefault(one, []).append(piece.tobytes())
    return {one: b"|".join([*map(_sized, pieces)]) for one, pieces in found.items()}


def _sized(piece: bytes) -> bytes:
    """Return a piece after its length: joined pieces stay apart."""
    return len(piece).to_bytes(8, "little") + piece


@dataclass(frozen=True, slots=True, eq=False)
class _Wires:
    """The edges that touch groups of one level.

    Attributes
    ----------
    group : int64 array, shape (n,)
        Group of each node, -1 outside.
    source, target, slot, out_slot, value, control : int64 arrays, shape (m,)
        Edges into members; `source` may lie outside.
    made, made_slot : int64 arrays, shape (l,)
        Members whose value is read outside their group, and its slot; each once.
    """

    group: Int64s
    source: Int64s
    target: Int64s
    slot: Int64s
    out_slot: Int64s
    value: Int64s
    control: Int64s
    made: Int64s
    made_slot: Int64s

    @classmethod
    def of(cls, graph: Graph, group: Int64s) -> _Wires:
        """Collect the edges of groups."""
        source, target = (graph.edge_source.astype(np.int64), graph.edge_target.astype(np.int64))
        into = np.flatnonzero(group[target] >= 0)
        away = (group[source] >= 0) & (group[source] != group[target])
        value = graph.edge_value.astype(np.int64)
        read = np.unique(value[away])
        control = graph.edge_is_control[into].astype(np.int64)
        return cls(
            group,
            source[into],
            target[into],
            # The slot of a control edge says nothing.
            np.where(control > 0, OUTER, graph.edge_target_slot[into]),
            graph.value_slot[value[into]].astype(np.int64),
            value[into],
            control,
            graph.value_node[read].astype(np.int64),
            graph.value_slot[read].astype(np.int64),
        )

    @property
    def is_inner(self) -> NDArray[np.bool_]:
        """Mask over edges: both ends lie in one group."""
        return np.equal(self.group[self.source], self.group[self.target])

    def entering(self, place: Int64s, types: NDArray[np.int32]) -> tuple[Int64s, Int64s]:
        """Return a row for each edge into a member, and its group; sorted by group.

        A value from outside is known by its type and by which edges read the same one.
        """
        inner = self.is_inner
        at, group = place[self.target], self.group[self.target]
        start = np.where(inner, place[self.source], OUTER)
        out_slot = np.where(inner, self.out_slot, 0)
        # Within one target, control edges are told apart by their source alone.
        order = np.lexsort((self.value, out_slot, start, self.slot, at, group))
        outer = np.where(inner, OUTER, self.value)[order]
        group = group[order]
        number = np.zeros(len(order), dtype=np.int64)
        number[outer >= 0] = 1 + _by_appearance(group[outer >= 0], outer[outer >= 0])
        kind = np.where(inner, OUTER, types[self.value])[order]
        columns = [one[order] for one in (at, self.slot, self.control, start, out_slot)]
        return np.column_stack([*columns, number, kind]), group

    def leaving(self, place: Int64s) -> tuple[Int64s, Int64s]:
        """Return a row for each value that is read outside, and its group; sorted by group."""
        group = self.group[self.made]
        order = np.lexsort((self.made_slot, place[self.made], group))
        rows = np.column_stack([place[self.made], self.made_slot])
        return rows[order], group[order]


def _refined(color: Colors, members: Int64s, wires: _Wires, types: NDArray[np.int32]) -> Colors:
    """Return colours that tell members apart by their wires, inside and at the border."""
    inner = wires.is_inner
    tag = wires.slot * 3 + wires.control
    outside = _mixed((tag * 65_537 + types[wires.value]).astype(np.uint64))[~inner]
    color = _mixed(color + _summed(wires.target[~inner], outside, len(color)))
    read = _mixed(wires.made_slot.astype(np.uint64) + np.uint64(1))
    color = _mixed(color + _summed(wires.made, read, len(color)))
    source, target = wires.source[inner], wires.target[inner]
    wire = _mixed((tag * 65_537 + wires.out_slot).astype(np.uint64))[inner]
    # How often depends on the group alone: else equal groups would end in different colours.
    size = np.bincount(wires.group[members], minlength=1)
    n_rounds = np.minimum(size, MAX_ROUNDS)[wires.group[members]]
    n_rounds_of_wire = np.minimum(size, MAX_ROUNDS)[wires.group[target]]
    for done in range(int(n_rounds.max(initial=0))):
        active = n_rounds_of_wire > done
        if not active.all():
            source, target, wire = source[active], target[active], wire[active]
            n_rounds_of_wire = n_rounds_of_wire[active]
        entering = _summed(target, _mixed(color[source] ^ wire), len(color))
        leaving = _summed(source, _mixed(color[target] + wire), len(color))
        members, n_rounds = members[n_rounds > done], n_rounds[n_rounds > done]
        new = color[members] + _mixed(entering[members]) + (leaving[members] << np.uint64(1))
        color[members] = _mixed(new)
    return color


def _mixed(numbers: Colors) -> Colors:
    """Return numbers spread over 64 bits: the last steps of SplitMix64 (G. Steele et al., 2014)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Colors = mixed ^ (mixed >> np.uint64(31))
    return result


def _summed(at: Int64s, what: Colors, n: int) -> Colors:
    total = np.zeros(n, dtype=np.uint64)
    np.add.at(total, at, what)
    return total


def _counted(group: Int64s) -> Int64s:
    """Return the place of each row in its group; rows are sorted by group."""
    first = np.flatnonzero(np.diff(group, prepend=-2))
    sizes = np.diff(np.append(first, len(group)))
    return np.arange(len(group)) - np.repeat(first, sizes)


def _by_appearance(group: Int64s, thing: Int64s) -> Int64s:
    """Return for each row the number of its thing, counted in its group by first appearance."""
    if not len(group):
        return np.zeros(0, dtype=np.int64)
    pairs = group * (int(thing.max()) + 1) + thing  # both are below 2**31
    _, first, which = np.unique(pairs, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")  # rows are sorted by group, so are first appearances
    number = np.empty(len(first), dtype=np.int64)
    number[order] = _counted(group[first[order]])
    numbers: Int64s = number[which.reshape(-1)]
    return numbers
