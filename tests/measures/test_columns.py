"""Finding the row of a value by node id or tensor name."""

from __future__ import annotations

import numpy as np

from measures.columns import node_data_of
from tests.helpers.small_models import two_block_graph


def test_a_key_is_a_node_id_or_the_tensor_that_a_node_produces() -> None:
    """Ids and tensor names find their rows; everything else has no value."""
    graph = two_block_graph()
    data = node_data_of(graph, {"a/conv": 1.5, "t4": 2.5}, "latency", "ms")
    assert data.values[[1, 4]].tolist() == [1.5, 2.5]
    assert np.count_nonzero(np.isnan(data.values)) == graph.n_nodes - 2
    assert data.unmatched == ()


def test_keys_that_find_no_row_are_kept() -> None:
    """An unknown key, and a second key for one row, are reported as unmatched."""
    graph = two_block_graph()
    data = node_data_of(graph, {"a/conv": 1.0, "t1": 9.0, "gone": 3.0}, "latency", "ms")
    assert data.values[1] == 1.0
    assert data.unmatched == ("t1", "gone")
