"""What a model costs without running it, in the plots: by op type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dashboard.panes.plots import PlotsPane
from dashboard.run_record import column_over
from sample_models import sample
from tests.helpers.measure_parts import Parts


@pytest.mark.parametrize("unit", ["FLOPs", "MACs"])
def test_operations_are_summed_by_op_type(tmp_path: Path, unit: str) -> None:
    """Choosing FLOPs or MACs draws their sum of each op type, the heaviest first."""
    app = Parts(tmp_path)
    plots = PlotsPane(app.session)
    app.session.measure = next(one.name for one in app.session.node_data if one.unit == unit)
    data, graph = app.session.data, app.session.graph
    assert data is not None and graph is not None
    sums = {
        op: float(np.nansum(data.values[graph.node_op == i]))
        for i, op in enumerate(graph.op_types)
        if np.isfinite(data.values[graph.node_op == i]).any()
    }
    shown = plots.op_types.shown
    assert shown[0] == "Conv" and sums["Conv"] > 0.5 * sum(sums.values())
    assert [sums[op] for op in shown] == sorted(sums.values(), reverse=True)[: len(shown)]


def test_a_fused_kernel_is_shown_on_its_nodes(tmp_path: Path) -> None:
    """A run with optimization on brings the kernel's time onto the nodes without one, as fused."""
    app = Parts(tmp_path)
    app.opening.open_upload("float.onnx", sample("digits_float").path.read_bytes())
    form = app.pane.form
    form.error.value, form.repeats.value, form.optimization.value = False, 3, "extended"
    app.measure()
    run, graph = app.pane.runs.run, app.session.graph
    assert run is not None and graph is not None, app.said()
    conv, relu = (graph.node_ids.index(name) for name in ("stem/conv", "stem/conv_relu"))
    own, kernel = (column_over(graph, run, id) for id in ("latency_ms", "latency_fused_ms"))
    assert np.isnan(own[relu]) and kernel[relu] == kernel[conv] == own[conv] > 0
    assert "latency of the fused kernel (ms)" in app.labels
    assert run.record.latency is not None
    assert run.record.latency.fused["stem/conv_relu"] == "stem/conv"
    assert "Fused: time is borne by" in app.pane.runs.text.object
