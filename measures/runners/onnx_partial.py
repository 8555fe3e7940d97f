"""Run what can be run of an ONNX model with operators that the runtime lacks; in the worker only.

Such a node is taken out, and all that needs its outputs with it; what is left is a model. A node
whose body (of a loop or a branch) holds such an operator is taken out whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from graphs.errors import NotRunnable
from measures.runners import onnx_sessions
from measures.runners.onnx_reach import reads, with_bodies

MAX_ROUNDS = 50
# `... com.acme:Rotate(-1) is not a registered function/op`, `No opset import for domain 'x'`,
# `Could not find an implementation for Rotate(1) node with name 'n'`.
_NOT_KNOWN = re.compile(r"([\w.\-]*):(\w+)\(-?\d+\) is not a registered function/op")
_NO_KERNEL = re.compile(r"[Cc]ould not find an implementation for (\w+)\(\d+\)")

Lacks = Callable[[Any], bool]  # tells whether the runtime lacks the operator of a node


class Partial:
    """The model of a file without what the runtime was found to lack.

    Parameters
    ----------
    path : str

    Attributes
    ----------
    skipped : dict of str to str
        Key of a node of the file (`onnx_sessions.node_keys`) -> why it is not run.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.skipped: dict[str, str] = {}
        self._lacking: list[Lacks] = []

    def model(self) -> Any:
        """Return the model, read anew; its nodes are named by their keys."""
        model = onnx_sessions.load(self.path)
        for node, key in zip(model.graph.node, onnx_sessions.node_keys(model), strict=True):
            node.name = key
        for lacks in self._lacking:
            take_out(model, lacks, self.skipped)
        return model

    def leave_out(self, error: NotRunnable) -> None:
        """Leave out from now on what the runtime's refusal is about.

        Raises
        ------
        NotRunnable
            The refusal itself: it has another reason, or nothing would be left.
        """
        lacks = lacking(error.needs)
        if lacks is None or len(self._lacking) >= MAX_ROUNDS:
            raise error
        n_before = len(self.skipped)
        self._lacking.append(lacks)
        if not self.model().graph.node or len(self.skipped) == n_before:
            raise error


def session(model: Any, make: Callable[[], Any]) -> tuple[Any, dict[str, str]]:
    """Return a session of a model, cut down to what the runtime knows.

    Parameters
    ----------
    model : ModelProto
        Changed in place.
    make : callable
        Makes the session of the model as it is now.

    Returns
    -------
    session
    skipped : dict of str to str
        Name of a node -> why it is not run.

    Raises
    ------
    NotRunnable
        The runtime refuses the model for another reason, or nothing is left.
    """
    skipped: dict[str, str] = {}
    for _ in range(MAX_ROUNDS):
        try:
            return make(), skipped
        except NotRunnable as error:
            lacks = lacking(error.needs)
            if lacks is None or not take_out(model, lacks, skipped) or not model.graph.node:
                raise
    raise NotRunnable("the model", "fewer kinds of operators that the runtime lacks")


def lacking(words: str) -> Lacks | None:
    """Return what tells the operators that an error is about; None where it is about others."""
    found = _NOT_KNOWN.search(words)
    if found:
        domain, op_type = found.groups()
        return lambda node: node.op_type == op_type and _plain(node.domain) == _plain(domain)
    found = _NO_KERNEL.search(words)
    if found:
        return lambda node: node.op_type == found.group(1)
    return None


def _plain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def take_out(model: Any, lacks: Lacks, skipped: dict[str, str]) -> bool:
    """Take out the lacking nodes and what needs them; tell whether there were any.

    What they read and nothing else reads becomes an output. `skipped` is filled in.
    """
    gone: set[str] = set()
    kept = []
    for node in model.graph.node:
        reason = _reason(node, lacks, gone)
        if not reason:
            kept.append(node)
            continue
        gone.update(name for name in node.output if name)
        skipped[node.name] = reason
    if len(kept) == len(model.graph.node):
        return False
    del model.graph.node[:]
    model.graph.node.extend(kept)
    _set_outputs(model, gone)
    return True


def _reason(node: Any, lacks: Lacks, gone: set[str]) -> str:
    """Return why a node cannot be run; empty where it can."""
    for one in with_bodies(node):
        if lacks(one):
            return (
                f"ONNX Runtime lacks the operator {_plain(one.domain) or 'ai.onnx'}.{one.op_type}"
            )
    missing = next(iter(sorted(reads(node) & gone)), "")
    return f"it needs {missing}, which was not computed" if missing else ""


def _set_outputs(model: Any, gone: set[str]) -> None:
    """Keep the outputs that are computed, and add what nothing reads any more."""
    import onnx

    read = {name for node in model.graph.node for name in reads(node)}
    outputs = [value for value in model.graph.output if value.name not in gone]
    names = {value.name for value in outputs}
    made = [name for node in model.graph.node for name in node.output if name]
    outputs += [onnx.ValueInfoProto(name=n) for n in made if n not in read and n not in names]
    kept = [value for value in model.graph.value_info if value.name not in gone]
    del model.graph.output[:]
    del model.graph.value_info[:]
    model.graph.output.extend(outputs)
    model.graph.value_info.extend(kept)
