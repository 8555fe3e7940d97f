"""Random small graphs for property tests, as rows that a slow oracle can read and as a `Graph`.

Rows are plain Python: an oracle written on them shares no code with the columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.tensor_type import TensorType

PARTS = ("a", "b", "block_1", "block_10", "x\\/y", "é")
OPS = ("Conv", "Relu", "aten::add", "ConvTranspose", "")
TYPES = (TensorType(), TensorType("float32", (1, "batch", None)), TensorType("int8", ()))


@dataclass
class EdgeRow:
    """One edge: into `slot` of node `target`, from output `source_slot` of node `source`."""

    source: int
    source_slot: int
    target: int
    slot: int
    is_control: bool = False


@dataclass
class GraphRows:
    """A graph as lists; node i is ``namespaces[i]``, ``ops[i]``, ``kinds[i]``, ``n_outputs[i]``."""

    namespaces: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    kinds: list[NodeKind] = field(default_factory=list)
    n_outputs: list[int] = field(default_factory=list)
    edges: list[EdgeRow] = field(default_factory=list)

    def build(self, id: str = "main") -> Graph:
        """Return the graph that the rows describe, made by the builder."""
        builder = GraphBuilder(id)
        handles = {}
        for i, kind in enumerate(self.kinds):
            builder.add_node(f"n{i}", self.ops[i], self.namespaces[i], kind)
            # Handed over in reverse: the builder has to sort.
            for slot in reversed(range(self.n_outputs[i])):
                of_type = TYPES[(i + slot) % len(TYPES)]
                handles[i, slot] = builder.add_value(i, slot, f"t{i}_{slot}", of_type)
        for edge in self.edges:
            value = handles[edge.source, edge.source_slot]
            builder.add_edge(value, edge.target, edge.slot, is_control=edge.is_control)
        return builder.build()


paths = st.lists(st.sampled_from(PARTS), max_size=4).map("/".join)


@st.composite
def graph_rows(draw: st.DrawFn, max_nodes: int = 12) -> GraphRows:
    """Draw a graph: nested namespaces, several outputs, parallel, cyclic and control edges."""
    n = draw(st.integers(1, max_nodes))
    rows = GraphRows(
        namespaces=draw(st.lists(paths, min_size=n, max_size=n)),
        ops=draw(st.lists(st.sampled_from(OPS), min_size=n, max_size=n)),
        kinds=draw(st.lists(st.sampled_from(NodeKind), min_size=n, max_size=n)),
        n_outputs=draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)),
    )
    next_slot = [0] * n
    for _ in range(draw(st.integers(0, 2 * n))):
        source, target = draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))
        source_slot = draw(st.integers(0, rows.n_outputs[source] - 1))
        is_control = draw(st.integers(0, 5)) == 0
        next_slot[target] += draw(st.integers(1, 2))
        rows.edges.append(EdgeRow(source, source_slot, target, next_slot[target], is_control))
    rows.edges = draw(st.permutations(rows.edges))
    return rows
