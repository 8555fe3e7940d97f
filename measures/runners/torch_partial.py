"""Run what can be run of a PyTorch program whose operators are not all here; in the worker only.

Such a call is taken out, and all that needs its result with it; what is left is a program. A
body (of a condition or a loop) with such a call goes with whatever calls the body.
"""

from __future__ import annotations

import contextlib
import unittest.mock
from collections.abc import Iterator
from typing import Any

from graphs.errors import NotRunnable


class MissingOperator:
    """Stands in a program for an operator that is not registered; it cannot be called.

    Parameters
    ----------
    name : str
        As the program calls it, e.g. ``"torch.ops.acme.rotate.default"``.
    """

    __name__ = "missing_operator"

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Refuse: it has no kernel."""
        raise NotRunnable("the model", f"the operator {self.name[:100]}")


@contextlib.contextmanager
def missing_operators() -> Iterator[None]:
    """Let programs be loaded that call operators which are not registered."""
    from torch._export.serde.serialize import GraphModuleDeserializer
    from torch._export.verifier import Verifier

    resolve, allowed = GraphModuleDeserializer.deserialize_operator, Verifier.allowed_op_types

    def resolved(self: Any, name: str) -> Any:
        found = resolve(self, name)  # a name that is nobody's comes back as it was
        return MissingOperator(name) if isinstance(found, str) else found

    def also_allowed(self: Any) -> tuple[type, ...]:
        return (*allowed(self), MissingOperator)

    with contextlib.ExitStack() as stack:
        replace = unittest.mock.patch.object
        stack.enter_context(replace(GraphModuleDeserializer, "deserialize_operator", resolved))
        stack.enter_context(replace(Verifier, "allowed_op_types", also_allowed))
        yield


def take_out(module: Any) -> dict[str, str]:
    """Take the missing operators out of a program, and what needs them; outputs among them go.

    Parameters
    ----------
    module : fx.GraphModule
        Changed in place.

    Returns
    -------
    dict of str to str
        Name of a call -> why it is not run.

    Raises
    ------
    NotRunnable
        Nothing is left.
    """
    gone: dict[Any, str] = {}
    for node in module.graph.nodes:
        reason = "" if node.op == "output" else _reason(node, module, gone)
        if reason:
            gone[node] = reason
    if not gone:
        return {}
    output = module.graph.output_node()
    output.args = (tuple(one for one in output.all_input_nodes if one not in gone),)
    for node in reversed(gone):
        module.graph.erase_node(node)
    if not any(node.op == "call_function" for node in module.graph.nodes):
        raise NotRunnable("the model", f"an operator that torch has: {next(iter(gone.values()))}")
    module.recompile()
    return {node.name: why for node, why in gone.items() if node.op == "call_function"}


def _reason(node: Any, module: Any, gone: dict[Any, str]) -> str:
    """Return why a node cannot be run; empty where it can."""
    if _lacking(node.target):
        return _lacking(node.target)
    if node.op == "get_attr":
        body = getattr(module, node.target, None) if "." not in node.target else None
        return next(filter(None, map(_lacking, _calls(body))), "")
    missing = next((one for one in node.all_input_nodes if one in gone), None)
    if missing is None:
        return ""
    if missing.op == "get_attr":  # a body
        return gone[missing]
    return f"it needs {missing.name}, which was not computed"


def _lacking(target: Any) -> str:
    if not isinstance(target, MissingOperator):
        return ""
    return f"torch lacks the operator {target.name.removeprefix('torch.ops.')}"


def _calls(body: Any) -> Iterator[Any]:
    """Yield what a body and the bodies in it call."""
    for part in body.modules() if hasattr(body, "modules") else ():
        graph = getattr(part, "graph", None)
        yield from (node.target for node in (graph.nodes if graph is not None else ()))
