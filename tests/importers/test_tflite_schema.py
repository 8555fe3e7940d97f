"""The facts in `importers.tflite_schema` against the code that FlatBuffers generates."""

from __future__ import annotations

from typing import Any

import pytest
from ai_edge_litert import schema_py_generated as schema

import importers
from importers import tflite_schema as ours
from importers.tflite_options import OptionField, option_tables
from tests.helpers.tflite_writer import Operator, Subgraph, Tensor, flexbuffer, tflite_bytes


def _members(cls: type) -> dict[str, int]:
    return {name: value for name, value in vars(cls).items() if isinstance(value, int)}


def _option_classes() -> list[str]:
    unions = (schema.BuiltinOptions, schema.BuiltinOptions2)
    return [name for union in unions for name in _members(union) if name != "NONE"]


def test_every_operator_has_its_number():
    """The position of an operator's name is the number that the schema gives it."""
    assert {name: i for i, name in enumerate(ours.OPERATORS)} == _members(schema.BuiltinOperator)
    assert ours.OPERATORS[ours.CUSTOM] == "CUSTOM"


def test_every_dtype_has_its_number():
    """The position of a dtype is its TensorType; only the case of the names differs."""
    theirs = {name.lower(): value for name, value in _members(schema.TensorType).items()}
    assert {name: i for i, name in enumerate(ours.DTYPES)} == theirs


@pytest.mark.parametrize(
    ("name", "cls", "prefix"),
    [
        ("Padding", "Padding", ""),
        ("Activation", "ActivationFunctionType", ""),
        ("LshProjection", "LSHProjectionType", ""),
        ("WeightsFormat", "FullyConnectedOptionsWeightsFormat", ""),
        ("LstmKernel", "LSTMKernelType", ""),
        ("Combiner", "CombinerType", ""),
        ("MirrorPad", "MirrorPadMode", ""),
        ("ReduceWindow", "ReduceWindowFunction", ""),
        ("FlexFormat", "CustomOptionsFormat", ""),
        ("Precision", "StablehloPrecisionConfig", ""),
        ("Comparison", "StablehloComparisonDirection", "STABLEHLO_COMPARISON_DIRECTION_"),
        ("ComparisonType", "StablehloComparisonType", "STABLEHLO_COMPARISON_TYPE_"),
        ("Rng", "RngAlgorithm", ""),
    ],
)
def test_enum_names(name, cls, prefix):
    """The position of an enum's name is its number."""
    theirs = {n.removeprefix(prefix): v for n, v in _members(getattr(schema, cls)).items()}
    assert {n: i for i, n in enumerate(ours.ENUMS[name])} == theirs


def _fields_of(name: str) -> tuple[OptionField, ...]:
    for number, union in ((1, schema.BuiltinOptions), (2, schema.BuiltinOptions2)):
        if hasattr(union, name):
            return option_tables(number).get(getattr(union, name), ())
    raise AssertionError(name)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _value(field: OptionField) -> tuple[Any, str]:
    """Return a value that is not the default, and the text that it must give."""
    if field.kind == "str":
        return "some text", "some text"
    if field.meaning == "flex":
        return list(flexbuffer({"a": 1})), "1"
    one: Any = {"b": not field.default, "f": 0.5}.get(field.kind[0], 1 if field.meaning else 7)
    names = ("main", "other") if field.meaning == "graph" else ours.ENUMS.get(field.meaning, ())
    shown = names[one] if names and len(names) > 1 else str(one).lower()
    if field.meaning == "FlexFormat":
        one, shown = 0, "FLEXBUFFERS"
    return ([one, one], f"[{shown}, {shown}]") if field.is_vector else (one, shown)


@pytest.mark.parametrize("name", _option_classes())
def test_options_are_read_as_they_were_written(name):
    """Each field of each option table is found by name, type and slot, and none is missing."""
    fields = _fields_of(name)
    options = getattr(schema, name + "T")()
    wanted = {}
    for field in fields:
        value, shown = _value(field)
        assert hasattr(options, _camel(field.name)), field.name
        setattr(options, _camel(field.name), value)
        wanted[f"{field.name}.a" if field.meaning == "flex" else field.name] = shown
    assert len(vars(options)) == len(fields)
    operator = Operator(0, [0], [1], options)
    tensors = [Tensor("x"), Tensor("y")]
    graph = Subgraph(tensors, [operator], [0], [1])
    other = Subgraph(tensors, [], [0], [0], "other")
    model = importers.read(tflite_bytes([graph, other]))
    facts = dict(model.graphs[0].source.attributes(model.graphs[0].node_ids.index("y")))
    facts.pop("op_version")
    assert facts == wanted
