"""Run what can be run of a TFLite model with operators that LiteRT lacks; in the worker only.

Such an operator is taken out of the main subgraph, and all that needs its outputs with it; what is
left is a model, written beside the request. Operators of other subgraphs stay.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from graphs.errors import NotRunnable
from measures.runners import litert_sessions
from measures.runners.single_op import OperatorCutter

# `Encountered unresolved custom op: X.`, `Select TensorFlow op(s) ... are not supported`,
# `Didn't find op for builtin opcode 'X' version '9'`.
_NOT_KNOWN = re.compile(r"unresolved custom op|Select TensorFlow op|Didn't find op for builtin")


def runnable(request: dict[str, Any], key: str = "path") -> tuple[dict[str, Any], dict[str, str]]:
    """Return a request whose model LiteRT runs, and why operators of the file are not in it.

    Parameters
    ----------
    request : dict
    key : str
        ``"path"`` or ``"reference"``.

    Returns
    -------
    request : dict
        The one given where LiteRT lacks nothing.
    skipped : dict of str to str
        Name of an operator's first output -> reason.

    Raises
    ------
    NotRunnable
        Nothing is left.
    """
    try:
        litert_sessions.interpreter(request[key], 1)
    except NotRunnable as error:
        if not _NOT_KNOWN.search(error.needs):
            return request, {}  # what else is wrong is told where the model is run
        cutter = OperatorCutter(Path(request[key]).read_bytes())
        skipped = _take_out(cutter)
        if not skipped or not cutter.n_operators:
            raise
        path = Path(f"runnable_{key}.tflite")
        path.write_bytes(cutter.whole())
        return {**request, key: str(path.resolve())}, skipped
    return request, {}


def _take_out(cutter: OperatorCutter) -> dict[str, str]:
    """Take the lacking operators out, and what needs them; what nothing reads becomes an output."""
    graph = cutter.graph
    lacking = _lacking(cutter)
    gone: set[int] = set()
    kept, skipped = [], {}
    for operator in graph.operators:
        inputs, outputs = ([int(t) for t in ends if t >= 0] for ends in _ends(operator))
        reason = lacking.get(int(operator.opcodeIndex), "")
        missing = next((t for t in inputs if t in gone), -1)
        if not reason and missing >= 0:
            reason = f"it needs {cutter.name(missing)}, which was not computed"
        if not reason:
            kept.append(operator)
            continue
        gone.update(outputs)
        skipped[cutter.name(outputs[0]) if outputs else ""] = reason
    graph.operators = kept
    read = {int(t) for operator in kept for t in operator.inputs}
    made = [int(t) for operator in kept for t in operator.outputs if t >= 0]
    outputs = [int(t) for t in graph.outputs if int(t) not in gone]
    graph.outputs = outputs + [t for t in made if t not in read and t not in outputs]
    cutter.model.signatureDefs = []  # they name outputs that may be gone
    return skipped


def _ends(operator: Any) -> tuple[Any, Any]:
    return operator.inputs, operator.outputs


def _lacking(cutter: OperatorCutter) -> dict[int, str]:
    """Return the operator codes that LiteRT refuses, each with a reason: one of each is tried."""
    found: dict[int, str] = {}
    tried: set[int] = set()
    for i, operator in enumerate(cutter.graph.operators):
        code = int(operator.opcodeIndex)
        if code in tried:
            continue
        tried.add(code)
        try:
            litert_sessions.interpreter(cutter.model_of(i)[0], 1)
        except NotRunnable as error:
            if _NOT_KNOWN.search(error.needs):
                found[code] = f"LiteRT lacks the operator {cutter.operator_name(code)}"
    return found
