"""The canonical text of a model."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from graphs.builder import GraphBuilder
from graphs.ir import Model, NodeKind
from graphs.notes import Note
from graphs.tensor_type import TensorType
from graphs.text import canonical_text
from tests.helpers.random_graphs import GraphRows, graph_rows

EXPECTED = """\
format "ONNX"
producer "hand 1.0"
parameters 4 in 16 bytes
metadata "author" "a\\nb"
note lost: "two names (2\\u00d7): n1, n2"

graph "main" titled "The graph": 3 nodes, 3 edges, 2 groups
input "x"
  0 -> "x" float32[1,?,n]
operator "add \\"1\\"" Add in "a/b"
  0 <- "x":0
  1 <- "x":0
  0 -> "y" ?
  calls "body"
output "y" "odd op"
  control <- "add \\"1\\"":0

graph "body": 0 nodes, 0 edges, 0 groups
"""


def a_model() -> Model:
    """Make a model with one of everything that the text holds."""
    builder = GraphBuilder("main", "The graph")
    builder.add_node("x", "", kind=NodeKind.INPUT)
    builder.add_node('add "1"', "Add", "a/b")
    builder.add_node("y", "odd op", kind=NodeKind.OUTPUT)
    x = builder.add_value(0, 0, "x", TensorType("float32", (1, None, "n")))
    y = builder.add_value(1, 0, "y")
    builder.add_edge(x, 1, 0)
    builder.add_edge(x, 1, 1)
    builder.add_edge(y, 2, -1, is_control=True)
    builder.add_subgraph(1, "body")
    return Model(
        name="a.onnx",
        format="ONNX",
        producer="hand 1.0",
        graphs=(builder.build(), GraphBuilder("body").build()),
        metadata=[("author", "a\nb")],
        notes=(Note("lost", "two names", 2, ("n1", "n2")),),
        n_parameters=4,
        parameter_bytes=16,
    )


def test_the_text_is_readable_and_complete() -> None:
    """One fact a line; what could break a line or hide in it is escaped."""
    assert canonical_text(a_model()) == EXPECTED


def test_the_name_of_the_file_does_not_matter() -> None:
    """The same bytes under another name give the same text."""
    assert canonical_text(replace(a_model(), name="unknown")) == EXPECTED


@given(graph_rows(), graph_rows())
def test_different_graphs_have_different_texts(one: GraphRows, other: GraphRows) -> None:
    """Two graphs share a text only if their rows are the same, edges in any order."""

    def text(rows: GraphRows) -> str:
        return canonical_text(Model("m", "f", "", (rows.build(),)))

    def rows_of(rows: GraphRows) -> tuple[object, ...]:
        paths = ["/".join(p for p in path.split("/") if p) for path in rows.namespaces]
        edges = sorted(
            (e.target, e.slot if not e.is_control else -1, e.source, e.source_slot)
            for e in rows.edges
        )
        return (paths, rows.ops, rows.kinds, rows.n_outputs, edges)

    assert text(one) == text(one)
    assert (text(one) == text(other)) == (rows_of(one) == rows_of(other))
