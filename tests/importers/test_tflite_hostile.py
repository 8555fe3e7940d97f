"""TFLite files that are cut, changed or made to hurt."""

from __future__ import annotations

import contextlib
import random
import struct
import time

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import importers
from graphs.errors import DamagedSource, OpscopeError, ReadError
from graphs.ir import Model
from tests.helpers.tflite_writer import Operator, Subgraph, Tensor, small_model, tflite_bytes


def _look_at_everything(model: Model) -> None:
    """Decode all that a reader could ask for; only data may be refused."""
    for graph in model.graphs:
        for node in range(graph.n_nodes):
            assert all(isinstance(text, str) for f in graph.source.attributes(node) for text in f)
            with contextlib.suppress(ReadError):
                graph.source.tensor(node)
        for value in range(len(graph.value_names)):
            assert isinstance(graph.source.value_facts(value), list)


def test_every_truncation_is_refused():
    """A model that is cut anywhere raises ReadError, in memory and on disk alike."""
    whole = small_model()
    importers.read(whole)
    for length in range(len(whole)):
        with pytest.raises(ReadError):
            importers.read(whole[:length])


def test_truncated_files_are_refused(tmp_path):
    """The pages of a file end where the file ends."""
    whole = small_model()
    path = tmp_path / "model.tflite"
    for length in range(8, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ReadError):
            importers.read(path)


def test_associated_files_behind_the_model_are_no_damage():
    """An archive behind the FlatBuffer makes its length odd, and the model still opens."""
    archive = b"PK\x05\x06" + bytes(18)
    assert importers.read(small_model() + archive + b"!").graphs[0].n_nodes == 5
    with pytest.raises(DamagedSource, match="no whole FlatBuffer"):
        importers.read(small_model() + b"!")


def test_mutations_raise_nothing_else():
    """2,000 models with changed bytes open or end in one of our errors, each within a second."""
    draw = random.Random(11)
    whole = small_model()
    n_opened = 0
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(8, len(data))
            if draw.random() < 0.5:
                data[at] = draw.choice((0, 1, 4, 127, 128, 255, draw.randrange(256)))
            else:
                number = draw.choice((0, 1, 2**31 - 1, 2**32 - 1, draw.randrange(2 * len(data))))
                data[at : at + 4] = struct.pack("<I", number)[: len(data) - at]
        started = time.monotonic()
        try:
            _look_at_everything(importers.read(bytes(data)))
            n_opened += 1
        except OpscopeError:
            pass
        assert time.monotonic() - started < 1
    assert n_opened > 200  # else the changes are too many to reach the depth


def _bomb(n_operators: int, n_inputs: int) -> bytes:
    """Return a model whose list of operators names one operator again and again."""
    builder = flatbuffers.Builder(1024)
    inputs = builder.CreateNumpyVector(np.zeros(n_inputs, np.int32))
    schema.OperatorStart(builder)
    schema.OperatorAddInputs(builder, inputs)
    operator = schema.OperatorEnd(builder)
    builder.StartVector(4, n_operators, 4)
    for _ in range(n_operators):
        builder.PrependUOffsetTRelative(operator)
    operators = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddOperators(builder, operators)
    graph = schema.SubGraphEnd(builder)
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, graphs)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def test_one_operator_listed_a_hundred_thousand_times():
    """A list that names one large operator again and again is refused, quickly."""
    whole = _bomb(100_000, 10_000)
    assert len(whole) < 500_000
    started = time.monotonic()
    with pytest.raises(DamagedSource, match="claim more than it holds"):
        importers.read(whole)
    assert time.monotonic() - started < 5


def test_a_shape_of_a_million_dimensions():
    """A shape with more dimensions than any tensor has is left out, at once, with a note."""
    shape = (2**31 - 1,) * 1_000_000
    tensors = [Tensor("x", shape), Tensor("w", shape, data=bytes(4)), Tensor("y")]
    whole = tflite_bytes([Subgraph(tensors, [Operator(0, [0, 1], [2])], [0], [2])])
    started = time.monotonic()
    model = importers.read(whole)
    _look_at_everything(model)
    assert time.monotonic() - started < 2
    assert [note.n_times for note in model.notes] == [2]
    assert [str(model.graphs[0].types[t]) for t in model.graphs[0].value_type[:2]] == [
        "float32"
    ] * 2


def test_shared_tables_are_no_damage():
    """A writer may share equal tables; a few that are listed twice open."""
    assert importers.read(_bomb(20, 2)).graphs[0].n_operators == 20
