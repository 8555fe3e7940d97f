"""Keras models in memory: known by their class's module, read through what they say themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest

from graphs.check import problems
from graphs.errors import ReadError, UnsupportedFeature
from importers.keras_memory import look_object, read_object
from importers.notes import Notes
from tests.helpers import keras_files as files


class _Variable:
    """A variable of no framework."""

    def __init__(self, path: str, value: np.ndarray) -> None:
        self.path, self.value = path, value
        self.shape, self.dtype = value.shape, value.dtype

    def numpy(self) -> np.ndarray:
        """Return the value."""
        return self.value


class _Part:
    def __init__(self, name: str, weights=(), parts=()) -> None:
        self.name, self.weights = name, list(weights)
        setattr(self, "layers", list(parts))  # noqa: B010 - Keras's word, not ours


def _model(to_json) -> object:
    kernel = _Variable("block/d/kernel", np.ones((4, 3), np.float32))
    inner = _Part("block", [kernel], [_Part("d", [kernel])])
    base = type("Model", (_Part,), {"__module__": "keras.src.models.model"})
    kind = type("Functional", (base,), {"to_json": to_json, "__module__": "elsewhere"})
    return kind("m", [kernel], [inner])


def test_a_model_is_read():
    """The graph is that of the configuration; weights are the variables, each once."""
    live = _model(lambda self: json.dumps(files.shared_model()))
    assert look_object(live)
    model = read_object(live, Notes())
    graph = model.graphs[0]
    assert problems(graph, model) == []
    assert (model.n_parameters, model.parameter_bytes, graph.n_operators) == (12, 48, 3)
    kernel = graph.node_ids.index("block/d/kernel")
    np.testing.assert_array_equal(graph.source.tensor(kernel), np.ones((4, 3), np.float32))


def test_a_model_without_a_configuration():
    """A subclassed model shows its weights; without any it is refused. No option is taken."""

    def to_json(self: object) -> str:
        raise ValueError("no configuration")

    live = _model(to_json)
    model = read_object(live, Notes())
    assert model.graphs[0].node_ids == ("m/block/d/kernel",)
    assert any("gives no configuration" in str(note) for note in model.notes)
    live.weights.clear()
    with pytest.raises(UnsupportedFeature):
        read_object(live, Notes())
    with pytest.raises(ReadError, match="no option"):
        read_object(live, Notes(), shape=3)


def test_other_objects_are_left_alone():
    """Neither a single operation of Keras nor a model of another framework is taken."""
    part = type("Dense", (), {"__module__": "keras.src.layers"})()
    other = type("Model", (), {"__module__": "other"})()
    assert not look_object(part)
    assert not look_object(other)
