"""A comparison of two small models with the compare tab on it, without a server."""

from __future__ import annotations

import numpy as np

from dashboard.comparing import Comparing
from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.panes.compare import ComparePane, CompareParts
from dashboard.panes.compare_choice import CompareChoice
from dashboard.panes.compare_table import DifferencesTable
from dashboard.session import Session
from dashboard.work import Work
from graphs.builder import GraphBuilder
from graphs.ir import EmptySource, Model, NodeKind
from graphs.match_types import Pair
from graphs.node_data import Aggregation, NodeData
from graphs.tensor_type import TensorType


class Compared:
    """A base session beside another, with tab and table on them; selections do not follow."""

    def __init__(self, a: Model, b: Model) -> None:
        self.notices = Notices()
        self.base = Session()
        work = Work(self.notices.add)
        self.comparing = Comparing(self.base, work, self.notices)
        self.pane = ComparePane(self.comparing, work, self.notices)
        self.table = DifferencesTable(self.comparing, self.pane.choice, page_size=10)
        self.a, self.b = OpenModel(a), OpenModel(b)
        self.base.models = [self.a, self.b]
        self.base.show_model(self.a)
        other = self.comparing.start(self.b)
        assert other is not None
        self.other = other

    @property
    def tab(self) -> CompareParts:
        """What speaks of the open comparison."""
        assert self.pane.parts is not None
        return self.pane.parts

    @property
    def choice(self) -> CompareChoice:
        """What is looked at."""
        return self.pane.choice

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The matching's pairs."""
        assert self.comparing.view is not None
        return self.comparing.view.matching.pairs

    def pair_of(self, id: str) -> int:
        """Return the pair of a node of either side."""
        return next(at for at, pair in enumerate(self.pairs) if id in (*pair.a, *pair.b))

    def ids(self) -> tuple[list[str], list[str]]:
        """Return the ids that are selected on each side."""
        found = []
        for session in (self.base, self.other):
            assert session.graph is not None
            found.append([session.graph.node_ids[row] for row in session.selection.tolist()])
        return found[0], found[1]


def chain(*ops: tuple[str, str]) -> Model:
    """Return a model of operators (id, op type) behind each other, in groups by their ids."""
    builder, value = GraphBuilder("main"), None
    for id, op_type in ops:
        node = builder.add_node(id, op_type, id.rpartition("/")[0])
        if value is not None:
            builder.add_edge(value, node, 0)
        value = builder.add_value(node, 0, f"{id}_out")
    return Model("chain.onnx", "ONNX", "tests", (builder.build(),))


# Four operators, and five: one is replaced, one is new.
OLD = chain(("s/conv", "Conv"), ("s/norm", "Mul"), ("t/pool", "MaxPool"), ("t/soft", "Softmax"))
NEW = chain(("s/conv", "Conv"), ("s/new", "Erf"), ("t/pool", "MaxPool"), ("t/soft", "Softmax"),
            ("t/last", "TopK"))  # fmt: skip


class _OneTensor(EmptySource):
    """Gives each constant the same numbers."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data

    def tensor(self, node: int) -> np.ndarray | None:
        """Return the tensor."""
        return self.data


def weighted(values: list[float]) -> Model:
    """Return a model of one operator that reads a constant ``w``."""
    builder = GraphBuilder("main")
    constant = builder.add_node("w", "", "", NodeKind.CONSTANT)
    kind = TensorType("float32", (len(values),))
    value = builder.add_value(constant, 0, "w", kind)
    builder.add_edge(value, builder.add_node("relu", "Relu"), 0)
    graph = builder.build(_OneTensor(np.array(values, dtype=np.float32)))
    return Model("weighted.onnx", "ONNX", "tests", (graph,))


def measured(
    session: Session,
    values: dict[str, float],
    name: str = "latency",
    unit: str = "ms",
    how: Aggregation = "sum",
) -> None:
    """Give the shown graph of a session a measure by node."""
    graph = session.graph
    assert graph is not None
    column = np.array([values.get(id, np.nan) for id in graph.node_ids])
    session.add_node_data([NodeData(name, unit, "measured", graph.id, column, (how,))])
