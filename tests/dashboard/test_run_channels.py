"""Errors of weights by channel: kept with a run, shown for a node, exported."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from components.plots.channel_errors import channel_errors as channel_figure
from components.plots.channel_errors import worst_of_each
from dashboard.cli import main
from dashboard.run_channels import ChannelErrors, channel_errors
from dashboard.run_export import exported
from dashboard.run_values import CHANNELS
from graphs.errors import MeasureError
from measures.error_sums import ErrorSums
from measures.weight_error import WeightError
from sample_models import sample
from tests.helpers.measure_parts import Parts

INT8 = sample("digits_int8")
FLOAT = sample(INT8.reference)


def _weight(key: str, tensor: str, squares: list[float], scales: list[float]) -> WeightError:
    sums = ErrorSums(len(squares), 1.0, 1.0, 1.0, sum(squares), 1.0)
    channels = tuple(ErrorSums(1, 1.0, 1.0, 1.0, dd, math.sqrt(dd)) for dd in squares)
    return WeightError(tensor, key, 0, np.array(scales), sums, channels)


@pytest.fixture(scope="module")
def table() -> ChannelErrors:
    """Two weights of one node, one with a step a channel, one with a single step."""
    weights = [
        _weight("made", "kernel", [0.04, 0.0, 1.0], [0.1, 0.1, 0.5]),
        _weight("made", "bias", [4.0, 9.0], [2.0]),
        _weight("other", "kernel", [1.0, 1.0], []),
    ]
    found, notes = channel_errors(weights, {"made": "conv"})
    assert notes == []
    return found


def test_every_channel_has_a_row_of_its_own_step(table: ChannelErrors) -> None:
    """Errors are in steps of the channel, or of the tensor; without a step there are none."""
    (_, kernel), (name, bias) = table.of_node("conv")
    assert name == "bias" and len(table) == 7  # the larger weight first
    np.testing.assert_allclose(kernel["weight_rmse_over_scale"], [2.0, 0.0, 2.0])
    np.testing.assert_allclose(bias["weight_rmse_over_scale"], [1.0, 1.5])
    assert kernel["weight_sqnr_db"][1] == math.inf
    ((_, other),) = table.of_node("other")
    assert np.isnan(other["weight_rmse_over_scale"]).all()
    assert table.of_node("nowhere") == []


def test_channels_of_the_sample_are_kept_shown_and_exported(tmp_path: Path) -> None:
    """A measured run has them on the page and on disk, exact against NumPy on the two files."""
    app = Parts(tmp_path)
    app.pane.form.latency.value, app.pane.form.inputs.samples.value = False, 1
    app.measure()
    run, graph, shown = app.pane.runs.run, app.session.graph, app.pane.channels
    assert run is not None and graph is not None and not shown.view.visible
    app.session.select([graph.node_ids.index("block1/conv1")])
    assert shown.view.visible and len(shown.weights) >= 2
    ((tensor, own), *_) = run.channels.of_node("block1/conv1")
    np.testing.assert_allclose(own["weight_mse"], _numpy_mse(tensor), rtol=1e-5)
    app.session.select([graph.node_ids.index("block1/conv1"), 0])
    assert not shown.view.visible

    rows = list(csv.DictReader(io.StringIO(exported(run, "channels").decode())))
    mine = [row for row in rows if row["tensor"] == tensor]
    assert [int(row["channel"]) for row in mine] == list(range(len(own["weight_mse"])))
    weights = json.loads(exported(run, "channels_json"))
    ours = next(one for one in weights if one["tensor"] == tensor)
    assert ours["weight_mse"] == [float(row["weight_mse"]) for row in mine]
    again = Parts(tmp_path).pane.runs.run
    assert again is not None
    np.testing.assert_array_equal(
        again.channels.numbers["weight_mse"], run.channels.numbers["weight_mse"]
    )


def _numpy_mse(tensor: str) -> np.ndarray:
    held = [
        {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
        for path in (FLOAT.path, INT8.path)
    ]
    steps = held[1][f"{tensor}_scale"].astype(np.float64).reshape(-1, 1, 1, 1)
    zeros = held[1][f"{tensor}_zero_point"].astype(np.int64).reshape(-1, 1, 1, 1)
    twin = steps * (held[1][f"{tensor}_quantized"].astype(np.int64) - zeros)
    return np.asarray(((held[0][tensor] - twin) ** 2).mean(axis=(1, 2, 3)))


def test_damaged_channels_cost_their_run(tmp_path: Path) -> None:
    """A file that does not hold what it should is an error, not a run without channels."""
    app = Parts(tmp_path)
    app.pane.form.latency.value, app.pane.form.inputs.samples.value = False, 1
    app.measure()
    (path,) = app.pane.store.folder.glob(f"*/*/{CHANNELS}")
    path.write_bytes(b"PAR1")
    kept, record = app.pane.store, app.pane.runs.records[0]
    with pytest.raises(MeasureError, match="cannot be read"):
        kept.load(path.parent.parent.name, record)


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_the_command_writes_channels(tmp_path: Path, ending: str) -> None:
    """`--channels` takes the ending for the format; without a float model there are none."""
    out = tmp_path / f"channels.{ending}"
    command = ["measure", str(INT8.path), "--channels", str(out), "--repeat", "2"]
    assert main([*command, "--reference", str(FLOAT.path), "--samples", "1"]) == 0
    text = out.read_text()
    if ending == "csv":
        assert text.startswith("node,tensor,channel,scale,weight_sqnr_db,weight_mse")
        assert text.count("\nblock1/conv1,") >= 8
    else:
        assert {"node", "tensor", "scale", "weight_mse"} <= set(json.loads(text)[0])
    out.unlink()
    assert main(command) == 2 and not out.exists()


def test_of_many_channels_the_worst_are_drawn() -> None:
    """Each bar of a wide weight is the worst of its neighbours; none is hidden by a better one."""
    heights = np.random.default_rng(0).random(5000)
    heights[[17, 4999]] = 7.0, 8.0
    bars = worst_of_each(heights, most=100)
    assert len(bars) <= 100 and {17, 4999} <= set(bars.tolist())
    assert (np.diff(bars) > 0).all()
    figure = channel_figure(np.array([np.nan, 0.0, 0.5]), "RMSE (steps)", {"step": np.ones(3)})
    assert figure.y_range.end > 0.5
