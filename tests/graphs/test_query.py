"""The search box: its language, what it finds, why, and how it refuses."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.builder import GraphBuilder
from graphs.errors import QueryError
from graphs.ir import EmptySource, Facts, Graph, NodeKind
from graphs.node_data import NodeData
from graphs.query import search
from graphs.query_syntax import MAX_QUERY_CHARS, Term, parse
from tests.helpers.random_graphs import GraphRows, graph_rows

NAN = float("nan")


class Attributes(EmptySource):
    """Attributes of two nodes; remembers for whom it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def attributes(self, node: int) -> Facts:
        """Return a kernel for conv_1 and an axis for softmax."""
        self.asked.append(node)
        facts = {1: [("kernel_shape", "[3, 3]"), ("Group", "1")], 4: [("axis", "-1")]}
        return facts.get(node, [])


def a_graph() -> Graph:
    """Make x, conv_1, conv_10, weights, softmax with names in two blocks."""
    builder = GraphBuilder("main")
    for id, op, where, kind in [
        ("x", "", "", NodeKind.INPUT),
        ("conv_1", "Conv", "encoder/block_1", NodeKind.OPERATOR),
        ("conv_10", "ConvTranspose", "encoder/block_10", NodeKind.OPERATOR),
        ("Weights", "Constant", "encoder/block_1", NodeKind.CONSTANT),
        ("sm", "Softmax", "head two", NodeKind.OPERATOR),
    ]:
        builder.add_node(id, op, where, kind)
    builder.add_value(1, 0, "features:0")
    builder.add_value(1, 1, "mask<a>")
    builder.add_value(4, 0, "Probabilities")
    return builder.build(Attributes())


def some_data() -> list[NodeData]:
    """Make latency in ms, two errors, and a categorical set."""
    return [
        NodeData("latency", "ms", "", "main", np.array([NAN, 2.5, 0.5, NAN, 1.0])),
        NodeData("max error", "", "", "main", np.array([NAN, 1e-4, 2e-3, NAN, NAN])),
        NodeData("mean error", "", "", "main", np.array([0, 0, 0, 0, 0.0])),
        NodeData(
            "device", "", "", "main", np.array([NAN, 0, 1, NAN, 0]), categories=("CPU", "NPU")
        ),
        NodeData("latency", "ms", "", "another graph", np.zeros(99)),
    ]


FOUND = {
    "": [],
    "   ": [],
    "conv": [1, 2],
    "CONV": [1, 2],
    "conv_1": [1, 2],
    "name=conv_1": [1],
    "id:conv_1": [1, 2],
    "name!=conv_1": [0, 2, 3, 4],
    "encoder conv": [1, 2],
    "conv encoder transpose": [2],
    "softmax": [4],
    "op:conv": [1, 2],
    "op=conv": [1],
    "Op:Conv": [1, 2],
    "-op:conv": [0, 3, 4],
    "-op=conv conv": [2],
    "op=ConvTranspose": [2],
    "ns:encoder/": [1, 2, 3],
    "ns:block_1": [1, 2, 3],
    "ns:block_1/": [1, 3],
    "ns=encoder/block_1": [1, 3],
    "ns=encoder": [],
    "ns=/": [0],
    'ns:"head two"': [4],
    '"head two"': [4],
    "head two": [4],
    "tensor:prob": [4],
    "tensor=probabilities": [4],
    "features:0": [1],
    '"mask<a>"': [1],
    'tensor:"<a>"': [1],
    "tensor:mask<a": [1],
    "kind:constant": [3],
    "kind=Input": [0],
    "-kind:operator": [0, 3],
    "attr:kernel_shape": [1],
    "attr:kernel_shape=3": [1],
    "attr:kernel_shape=5": [],
    "attr:group=1": [1],
    "attr:axis<0": [4],
    "attr:axis>=0": [],
    "attr:axis!=1": [],
    "-attr:axis": [0, 1, 2, 3],
    "latency>1": [1],
    "latency >= 1": [1, 4],
    "latency<=0.5": [2],
    "latency<1e3": [1, 2, 4],
    "latency>1ms": [1],
    "-latency>1": [0, 2, 3, 4],
    "latency=2.5": [1],
    "latency!=2.5": [2, 4],
    '"latency (ms)">=0.5': [1, 2, 4],
    '"max error"<1e-3': [1],
    "max<1e-3": [1],
    "device=npu": [2],
    "device!=npu": [1, 4],
    "conv latency>1": [1],
    "latency<inf": [1, 2, 4],
    "zebra": [],
    "-zebra kind:input": [0],
    "opp:conv": [],
}


@pytest.mark.parametrize("query", FOUND)
def test_a_query_finds_what_it_says(query: str) -> None:
    """Every form of the language, on a graph small enough to see the answer."""
    assert search(a_graph(), query, some_data()).rows.tolist() == FOUND[query]


REFUSED = {
    '"open': "a quote is not closed",
    "conv <": "a number or a text is missing after <",
    "latency>": "missing after >",
    "> 3": "needs a name on its left",
    "=3": "needs a name on its left",
    "op:": "a text is missing after op:",
    'ns:""': "a text is missing after ns:",
    '""': "nothing between the quotes",
    "kind:layer": "operator, input, output, constant",
    "latency>fast": "fast is not a number",
    "latency>nan": "nan is not a number",
    "attr:axis>x": "x is not a number",
    "energy>1": "there is no node data named energy (latency (ms), max error",
    "error<1": "error may be any of: max error, mean error",
    "device>1": "device holds labels",
    "x" * (MAX_QUERY_CHARS + 1): "longer than 2,000 characters",
}


@pytest.mark.parametrize("query", REFUSED)
def test_what_cannot_be_understood_is_refused_with_a_reason(query: str) -> None:
    """A QueryError says what is wrong and what would be right."""
    with pytest.raises(QueryError) as refusal:
        search(a_graph(), query, some_data())
    assert REFUSED[query] in str(refusal.value)
    assert refusal.value.query == query


def test_without_node_data_a_comparison_says_so() -> None:
    """Nothing is loaded: the message says that, not only that the name is unknown."""
    with pytest.raises(QueryError, match="none is loaded"):
        search(a_graph(), "latency>1")


WHY = {
    "conv": [(1, "name, op type"), (2, "name, op type")],
    "encoder op=conv": [(1, "namespace, op type")],
    "prob latency>0": [(4, "tensor, latency (ms)")],
    "-conv kind:operator": [(4, "kind")],
    "attr:axis": [(4, "attribute axis")],
    "-conv -kind:constant -name=x": [(4, "")],
}


@pytest.mark.parametrize("query", WHY)
def test_hits_say_why(query: str) -> None:
    """Each hit names what matched, each thing once."""
    hits = search(a_graph(), query, some_data())
    assert [(int(row), hits.why(i)) for i, row in enumerate(hits.rows)] == WHY[query]
    assert len(hits) == len(WHY[query])


def test_attributes_are_decoded_only_for_what_the_other_terms_left() -> None:
    """Decoding reads the file, so it comes last whatever the order of the words."""
    graph = a_graph()
    search(graph, "attr:axis softmax")
    assert isinstance(graph.source, Attributes)
    assert graph.source.asked == [4]


@given(st.text(alphabet='ab:"<>=!- \t_1.opnsatr', max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """No input makes the parser fail in another way, and no term is empty."""
    try:
        terms = parse(text)
    except QueryError:
        return
    assert bool(terms) == bool(text.strip())
    assert all(term.text or term.operator == "has" for term in terms)


@given(graph_rows(), st.sampled_from(["a", "conv", "block_1", "t1", "n1", "add", "É"]))
def test_a_free_word_is_found_wherever_it_stands(rows: GraphRows, word: str) -> None:
    """A word matches exactly the nodes whose name, op type, tensors or namespace hold it."""
    graph = rows.build()
    wanted = []
    for i in range(graph.n_nodes):
        node = graph.node(i)
        tensors = [graph.value_names[v] for v in node.outputs]
        texts = [node.id, node.op_type, node.namespace, *tensors]
        if any(word.lower() in text.lower() for text in texts):
            wanted.append(i)
    found = search(graph, word).rows
    assert found.tolist() == wanted
    assert found.dtype == np.int32


def test_terms_keep_quotes_together() -> None:
    """Quotes join a field and its text, and a leading minus may stand before them."""
    assert parse('-op:"a b"c "x"=1') == [
        Term("op", "", "contains", "a bc", True),
        Term("data", "x", "=", "1", False),
    ]


def test_fifty_thousand_nodes_are_searched_in_a_tenth_of_a_second() -> None:
    """Names, op types, tensors and namespaces of a large graph, the best of three."""
    builder = GraphBuilder("main")
    for i in range(50_000):
        builder.add_node(f"/model/block.{i // 400}/MatMul_{i}", "MatMul", f"model/block.{i // 40}")
        builder.add_value(i, 0, f"/model/block.{i // 400}/MatMul_{i}_output_0")
    graph = builder.build()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert len(search(graph, "block.12 matmul op:mat ns:model/")) > 0
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1


def test_a_cancelled_search_decodes_no_more_attributes() -> None:
    """What nobody waits for stops: decoding the attributes of a large graph takes seconds."""
    asked: list[int] = []

    class Source(EmptySource):
        def attributes(self, node: int) -> list[tuple[str, str]]:
            asked.append(node)
            return []

    builder = GraphBuilder("g")
    for i in range(3000):
        builder.add_node(f"n{i}", "Op")
    search(builder.build(Source()), "attr:axis", is_cancelled=lambda: len(asked) >= 1000)
    assert len(asked) == 1000
