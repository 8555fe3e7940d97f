"""Take one part of a run: puts files on disk, and calls the measure.

Blocks until the worker process is done: call it in a job. Imports no widgets.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from dashboard.run_error import take_error
from dashboard.run_latency import latency_part
from dashboard.run_request import Kind, Part, Request
from measures.latency import measure_latency
from measures.runners.worker import Progress


def take(
    kind: Kind, request: Request, is_cancelled: Callable[[], bool], on_progress: Progress
) -> Part:
    """Measure; return what was found.

    Raises
    ------
    OpscopeError
        The runtime refuses the model or its inputs, failed, crashed, went over a limit or
        was cancelled; or the float model cannot be read.
    """
    with ExitStack() as stack:
        model = stack.enter_context(request.file.on_disk())
        inputs = request.inputs
        data = None
        if inputs is not None:
            data = stack.enter_context(inputs.on_disk(is_folder=request.are_pictures))
        if kind == "error":
            return take_error(request, model, data, is_cancelled, on_progress)
        taken = measure_latency(
            model, request.model.format, data, request.settings, request.limits, is_cancelled,
            on_progress,
        )  # fmt: skip
        return latency_part(taken, request.graph)
