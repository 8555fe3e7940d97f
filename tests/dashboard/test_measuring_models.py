"""Real quantized models, measured from the command line and from the page."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import importers
from dashboard.cli import main
from dashboard.run_record import column_over
from graphs.ir import NodeKind
from tests.helpers.measure_parts import Parts

# Quantized model, float twin, and the share of its operators that must have an error.
PAIRS = {
    "vww_96": ("tflite/vww_96_int8.tflite", "tflite/vww_96_float.tflite", 0.9),
    "mobilenet_v1": (
        "tflite/mobilenet_v1_0.25_128_quant.tflite",
        "tflite/mobilenet_v1_0.25_128.tflite",
        0.9,
    ),
    # Of QDQ models the operators between the rounding have errors: about a third of all.
    "yunet": ("onnx/yunet_s_320_qdq_int8.onnx", "onnx/yunet_s_320_float.onnx", 0.2),
}


@pytest.fixture(params=sorted(PAIRS))
def pair(request: pytest.FixtureRequest, corpus: Path) -> tuple[Path, Path, float]:
    """A quantized model of the corpus, its float twin, and a least share of nodes with errors."""
    path, twin, share = PAIRS[request.param]
    return corpus / path, corpus / twin, share


def _assert_measured(path: Path, values: dict[str, dict[str, float]], share: float) -> None:
    """Check that all operators have a time, and enough of them errors of both kinds."""
    graph = importers.read(path).graphs[0]
    ops = {
        id for id, kind in zip(graph.node_ids, graph.node_kind, strict=True)
        if kind == NodeKind.OPERATOR
    }  # fmt: skip
    assert len(ops & set(values["latency_ms"])) > 0.95 * len(ops)
    assert sum(values["latency_ms"].values()) > 0
    for id in ("sqnr_db", "sqnr_db_local", "mse", "cosine_distance"):
        assert len(ops & set(values[id])) > share * len(ops), id
    assert np.median(list(values["sqnr_db_local"].values())) > 10
    assert len(values["weight_sqnr_db"]) > 5


def _by_command(path: Path, twin: Path, out: Path) -> dict[str, dict[str, float]]:
    """Measure a pair from the shell; return values by measure and node id."""
    command = ["measure", str(path), "--reference", str(twin), "--latency", "--error"]
    assert main([*command, "--repeat", "2", "--samples", "1", "--out", str(out)]) == 0
    graph = importers.read(path).graphs[0]
    makers = dict(zip(graph.value_names, graph.value_node.tolist(), strict=True))
    values: dict[str, dict[str, float]] = {}
    for row, node in _rows(out):
        id = node if node in set(graph.node_ids) else graph.node_ids[makers[node]]
        for name, text in row.items():
            if text:
                values.setdefault(name, {})[id] = float(text)
    return values


def _rows(out: Path) -> Iterator[tuple[dict[str, str], str]]:
    with out.open() as file:
        for row in csv.DictReader(file):
            node = row.pop("node")
            yield row, node


def _by_page(path: Path, twin: Path, folder: Path) -> dict[str, dict[str, float]]:
    """Measure a pair by a click; return values by measure and node id."""
    app = Parts(folder, str(path), str(twin))
    form = app.pane.form
    form.error.value, form.reference.value = True, app.session.models[1]
    form.repeats.value, form.inputs.samples.value = 2, 1
    app.measure()
    run, graph = app.pane.runs.run, app.session.models[0].model.graphs[0]
    assert run is not None and app.said() == "", app.said()
    assert run.record.latency is not None and run.record.error is not None
    columns = {info.id: column_over(graph, run, info.id) for info in run.record.sets}
    return {
        id: {graph.node_ids[i]: float(column[i]) for i in np.flatnonzero(~np.isnan(column))}
        for id, column in columns.items()
    }


def test_real_pairs_are_measured_by_command(pair: tuple[Path, Path, float], tmp_path: Path) -> None:
    """Every operator has a time, and those that the twins share have errors of all kinds."""
    path, twin, share = pair
    _assert_measured(path, _by_command(path, twin, tmp_path / "out.csv"), share)


def test_real_pairs_are_measured_on_the_page(
    pair: tuple[Path, Path, float], tmp_path: Path
) -> None:
    """What the command measures, a click measures too."""
    path, twin, share = pair
    _assert_measured(path, _by_page(path, twin, tmp_path), share)


def test_a_pt2e_model_is_measured_by_command_and_on_the_page(
    pt2e: tuple[Path, Path], tmp_path: Path
) -> None:
    """A program that PT2E has quantized has times and errors both ways, the same errors."""
    twin, path = pt2e
    ways = _by_command(path, twin, tmp_path / "out.csv"), _by_page(path, twin, tmp_path)
    for values in ways:
        assert len(values["latency_ms"]) > 10 and len(values["weight_sqnr_db"]) == 3
        assert len(values["sqnr_db"]) >= 4 and len(values["sqnr_db_local"]) >= 4
    for id in ("mse", "mse_local"):
        assert set(ways[0][id]) == set(ways[1][id])
        for node, value in ways[0][id].items():
            assert ways[1][id][node] == pytest.approx(value, rel=1e-4)
