"""Protobuf's text form: the same bytes as protobuf's own reader, and errors with a line."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.proto import attr_value_pb2, graph_pb2, meta_graph_pb2

from graphs.errors import DamagedSource
from importers import read
from importers.tensorflow_pbtxt import to_wire
from tests.helpers import tensorflow_models as made

WRITTEN = r"""
# a comment, before anything
list {
  s: "two " 'strings' # between
     "\n\t\"\x41\101\\ \303\251"
  i: [1, -2, 0x10, 017]; i: 9223372036854775807
  f: 1.5 f: -inf f: 2e3f f: 1e300 f: nan,
  b: true b: false
  type: [DT_FLOAT, 3]
  shape < dim { size: -1 } unknown_rank: true >
  s: ["a", "b" "c"]
  tensor { half_val: 1 double_val: 0.25 dtype: DT_INT32 tensor_content: "\000\377" }
  func { name: "f" attr { key: "k" value { placeholder: "p" } } }
}
"""


def same(text: str, cls: type) -> None:
    """Assert that our bytes parse to what protobuf's own reader gives."""
    wanted = text_format.Parse(text, cls(), allow_unknown_field=True)
    got = cls.FromString(to_wire(text.encode(), cls.DESCRIPTOR))
    assert text_format.MessageToString(got) == text_format.MessageToString(wanted)


def test_every_kind_of_value() -> None:
    """Numbers in each notation, lists, enums, strings in pieces, both kinds of brackets."""
    same(WRITTEN, attr_value_pb2.AttrValue)


def test_models_round_trip() -> None:
    """What protobuf writes of our models is read to the same messages."""
    for message in (made.small_graph(), made.loop_graph(), made.tf2_meta()):
        for as_one_line in (False, True):
            text = text_format.MessageToString(message, as_one_line=as_one_line)
            same(text, type(message))
    assert issubclass(type(made.tf2_meta()), meta_graph_pb2.MetaGraphDef)


@given(st.binary(max_size=40), st.floats(width=32), st.integers(-(2**63), 2**63 - 1))
def test_any_value_survives(data: bytes, number: float, whole: int) -> None:
    """Bytes, floats and integers that protobuf writes come back as they were."""
    value = attr_value_pb2.AttrValue()
    value.list.s.append(data)
    value.list.f.append(number)
    value.list.i.append(whole)
    same(text_format.MessageToString(value), attr_value_pb2.AttrValue)


def test_unknown_fields_are_passed_over() -> None:
    """A field from a newer version, whatever it holds, costs nothing else."""
    text = 'node { name: "x" op: "NoOp" newer { a: 1 b { c: "d" } } newest: [1, 2] } later: X'
    graph = graph_pb2.GraphDef.FromString(to_wire(text.encode(), graph_pb2.GraphDef.DESCRIPTOR))
    assert (graph.node[0].name, graph.node[0].op, len(graph.node)) == ("x", "NoOp", 1)


@pytest.mark.parametrize(
    "text",
    [
        'node { name: "x"',
        'node { name: "x" } }',
        'node { name: 3 op: "NoOp" }',
        'node { name: "x" input { } }',
        'node { name: "x\n" }',
        'node { name: "x" } ??',
        'node { name: "x" } 3',
        'node { name: "x" op: ] }',
        'node { name: "x" attr { key: "k" value { i: 99999999999999999999 } } }',
        'node { name: "x" attr { key: "k" value { type: DT_NOTHING } } }',
        'node { name: "x" attr { key: "k" value { b: maybe } } }',
        'node { name: "x" attr ' + "{ value { list { func " * 60,
    ],
)
def test_what_is_no_text_form_is_refused_with_its_line(text: str) -> None:
    """Each way to be wrong ends in one error that names the line."""
    with pytest.raises(DamagedSource, match="in line"):
        read(text.encode(), name="m.pbtxt")


def test_deep_nesting_is_refused_without_recursion() -> None:
    """A hundred thousand open messages are an error like any other."""
    with pytest.raises(DamagedSource, match="messages in each other"):
        read(b'node { name: "x" ' + b"attr { value { func { " * 100_000, name="m.pbtxt")


def test_a_saved_model_as_text_opens() -> None:
    """`saved_model.pbtxt` is the same model."""
    text = text_format.MessageToString(made.tf2_meta())
    content = f"saved_model_schema_version: 1\nmeta_graphs {{\n{text}}}\n".encode()
    model = read(content, name="saved_model.pbtxt")
    assert model.format == "TensorFlow SavedModel"
    assert model.graphs[0].title == "serving_default (model)"
