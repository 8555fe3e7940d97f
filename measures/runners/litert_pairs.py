"""Pair the tensors of a float TFLite model with those of its quantized twin; in the worker only.

Names decide. Where both models run the same operators in the same order, what no name
pairs is paired by its place: converters rename tensors, but keep the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from measures.runners import litert_sessions
from measures.runners.litert_sessions import Tensor


@dataclass(frozen=True, slots=True)
class Pair:
    """A float tensor and its twin.

    Attributes
    ----------
    reference, quantized : Tensor
    reference_op, op : int
        Operators that compute them; -1 for an input of the graph.
    how : str
        What the pair was made by: ``"name"``, ``"mapping"``, ``"structure"`` or ``"place"``.
    """

    reference: Tensor
    quantized: Tensor
    reference_op: int
    op: int
    how: str = "name"


def pairs(
    first: Any,
    second: Any,
    mapping: Mapping[str, str] | None = None,
    similar: Mapping[str, str] | None = None,
) -> list[Pair]:
    """Return the pairs of inputs and operators' outputs, in the float model's order.

    Parameters
    ----------
    first, second : Interpreter
        Of the float and of the quantized model, with plain kernels.
    mapping, similar : mapping of str to str, optional
        Name in the float model -> name in the quantized one: before what names say, and
        where names say nothing.
    """
    floats, twins = _made(first), _made(second)
    by_name = _by_name(twins)
    given, like, places = mapping or {}, similar or {}, _places(first, second, floats, twins)
    found = []
    for name, (tensor, op) in _by_name(floats).items():
        tried = {
            "mapping": by_name.get(given.get(name, "")),
            "name": by_name.get(name),
            "structure": by_name.get(like.get(name, "")),
            "place": places.get(tensor.index),
        }
        how, twin = next(((k, t) for k, t in tried.items() if t is not None), ("", None))
        if twin is not None and _is_number(tensor, first) and _is_number(twin[0], second):
            found.append(Pair(tensor, twin[0], op, twin[1], how))
    return found


def _made(runner: Any) -> list[tuple[Tensor, int]]:
    """Return what a run is given and computes, with the operator's index, in order."""
    known = litert_sessions.tensors(runner)
    made = {d["index"]: -1 for d in runner.get_input_details()}
    operators = runner._get_ops_details()  # noqa: SLF001 - the package offers no other way
    for op, details in enumerate(operators):
        for index in details["outputs"]:
            if index >= 0:
                made.setdefault(int(index), op)
    return [(known[index], op) for index, op in made.items() if index in known]


def _by_name(made: list[tuple[Tensor, int]]) -> dict[str, tuple[Tensor, int]]:
    """Return tensors by name; a name that is not unique names none."""
    by_name: dict[str, tuple[Tensor, int]] = {}
    doubled = set()
    for tensor, op in made:
        if tensor.name in by_name:
            doubled.add(tensor.name)
        by_name[tensor.name] = (tensor, op)
    return {name: one for name, one in by_name.items() if name not in doubled}


def _places(
    first: Any, second: Any, floats: list[tuple[Tensor, int]], twins: list[tuple[Tensor, int]]
) -> dict[int, tuple[Tensor, int]]:
    """Return twins by the float tensor's index where both run the same operators; else none."""
    ops = [[o["op_name"] for o in r._get_ops_details()] for r in (first, second)]  # noqa: SLF001
    if ops[0] != ops[1] or [op for _, op in floats] != [op for _, op in twins]:
        return {}
    return {tensor.index: twin for (tensor, _), twin in zip(floats, twins, strict=True)}


def _is_number(tensor: Tensor, runner: Any) -> bool:
    """Tell whether the tensor holds real numbers: floats, or integers with a scale."""
    details = runner._get_tensor_details(tensor.index, 0)  # noqa: SLF001
    return bool(len(tensor.scales)) or np.dtype(details["dtype"]).kind == "f"
