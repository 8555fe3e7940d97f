"""Measured values as Model Explorer's node data."""

from __future__ import annotations

import json
import math

import numpy as np

from graphs.ir import Model
from importers.node_data import read_node_data
from measures.node_data_json import node_data_json
from tests.helpers.small_models import two_block_graph


def test_what_is_written_is_read_back() -> None:
    """Name, unit and values survive; what JSON cannot say is left out."""
    values = {"a/conv": 0.25, "t4": 3.0, "a/relu": math.inf, "b/c/conv": math.nan}
    text = node_data_json("SQNR", "dB", values)
    graph = two_block_graph()
    model = Model(name="m", format="ONNX", producer="", graphs=(graph,))
    (data,) = read_node_data(text.encode(), "sqnr.json", model)
    assert (data.name, data.unit, data.unmatched) == ("SQNR", "dB", ())
    assert data.values[[1, 4]].tolist() == [0.25, 3.0]
    assert np.count_nonzero(~np.isnan(data.values)) == 2


def test_the_shape_is_that_of_a_single_graph() -> None:
    """One object with `name` and `results`, a `value` a key."""
    read = json.loads(node_data_json("MSE", "", {"a": 1.0}))
    assert read == {"name": "MSE", "results": {"a": {"value": 1.0}}}
