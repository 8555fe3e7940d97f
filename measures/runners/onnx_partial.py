"""Run what can be run of an ONNX model with operators that the runtime lacks; in the worker only.

Such a node is taken out, and all that needs its outputs with it; what is left is a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from graphs.errors import NotRunnable
from measures.runners.onnx_fusion import node_of_name

MAX_ROUNDS = 50
# `... com.acme:Rotate(-1) is not a registered function/op`, `No opset import for domain 'x'`,
# `Could not find an implementation for Rotate(1) node with name 'n'`.
_NOT_KNOWN = re.compile(r"([\w.\-]*):(\w+)\(-?\d+\) is not a registered function/op")
_NO_KERNEL = re.compile(r"[Cc]ould not find an implementation for (\w+)\(\d+\)")


def session(model: Any, make: Callable[[], Any]) -> tuple[Any, dict[int, str]]:
    """Return a session of a model, cut down to what the runtime knows.

    Parameters
    ----------
    model : ModelProto
        Nodes bear names of ours; changed in place.
    make : callable
        Makes the session of the model as it is now.

    Returns
    -------
    session
    skipped : dict of int to str
        Node of the file, by index -> why it is not run.

    Raises
    ------
    NotRunnable
        The runtime refuses the model for another reason, or nothing is left.
    """
    skipped: dict[int, str] = {}
    for _ in range(MAX_ROUNDS):
        try:
            return make(), skipped
        except NotRunnable as error:
            is_lacking = _lacking(error.needs)
            if is_lacking is None:
                raise
            taken = _take_out(model, is_lacking, skipped)
            if not taken or not model.graph.node:
                raise
    raise NotRunnable("the model", "fewer kinds of operators that the runtime lacks")


def _lacking(words: str) -> Callable[[Any], bool] | None:
    """Return what tells the operators that an error is about; None where it is about others."""
    found = _NOT_KNOWN.search(words)
    if found:
        domain, op_type = found.groups()
        return lambda node: node.op_type == op_type and _domain(node) == _plain(domain)
    found = _NO_KERNEL.search(words)
    if found:
        return lambda node: node.op_type == found.group(1)
    return None


def _domain(node: Any) -> str:
    return _plain(node.domain)


def _plain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _take_out(model: Any, is_lacking: Callable[[Any], bool], skipped: dict[int, str]) -> bool:
    """Take out the lacking nodes and what needs them; what they read becomes the output."""
    gone: set[str] = set()
    kept = []
    for node in model.graph.node:
        reason = f"ONNX Runtime lacks the operator {_domain(node) or 'ai.onnx'}.{node.op_type}"
        if not is_lacking(node):
            missing = next((name for name in node.input if name in gone), "")
            reason = f"it needs {missing}, which was not computed" if missing else ""
        if not reason:
            kept.append(node)
            continue
        gone.update(name for name in node.output if name)
        index = node_of_name(node.name)
        if index is not None:
            skipped[index] = reason
    if len(kept) == len(model.graph.node):
        return False
    del model.graph.node[:]
    model.graph.node.extend(kept)
    _set_outputs(model, gone)
    return True


def _set_outputs(model: Any, gone: set[str]) -> None:
    """Keep the outputs that are computed, and add what nothing reads any more."""
    import onnx

    read = {name for node in model.graph.node for name in node.input}
    outputs = [value for value in model.graph.output if value.name not in gone]
    names = {value.name for value in outputs}
    made = [name for node in model.graph.node for name in node.output if name]
    outputs += [onnx.ValueInfoProto(name=n) for n in made if n not in read and n not in names]
    kept = [value for value in model.graph.value_info if value.name not in gone]
    del model.graph.output[:]
    del model.graph.value_info[:]
    model.graph.output.extend(outputs)
    model.graph.value_info.extend(kept)
