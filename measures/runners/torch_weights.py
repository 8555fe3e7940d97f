"""Compare the weights of a float PyTorch program with those of its quantized twin; worker only.

A weight pairs by the call that reads it and its place among the arguments. What is
compared is the dequantized value; nothing else is run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.runners.torch_local import constants
from measures.runners.torch_pairs import (
    DEQUANTIZE,
    Pair,
    channel_axis,
    folded_convolution,
    key_of,
    qparams,
)
from measures.runners.torch_programs import Program, op_name
from measures.runners.torch_steps import evaluate
from measures.runners.weight_rows import weight_row


def rows(first: Program, second: Program, found: list[Pair]) -> list[dict[str, Any]]:
    """Return the error of each constant of the quantized program that has a float twin."""
    import torch

    held = [constants(program) for program in (first, second)]
    told, seen = [], set()
    for pair in found:
        conv = folded_convolution(pair.reference)
        is_folded = conv is not None and str(conv.target) == str(pair.own.target)
        reader = conv if is_folded else pair.reference
        if str(reader.target) != str(pair.own.target):
            continue
        for real, twin in zip(reader.all_input_nodes, pair.own.all_input_nodes, strict=False):
            is_weight = len(getattr(real.meta.get("val"), "shape", ())) > 1
            if real not in held[0] or twin not in held[1] or twin in seen:
                continue
            if is_folded and not is_weight:  # a bias takes in the mean: another quantity
                continue
            seen.add(twin)
            with torch.no_grad():
                factor = _factor(pair.reference, first) if is_folded else None
                row = _row(first, second, real, twin, key_of(pair.own), factor)
            told += [row] if row else []
    return told


def _factor(norm: Any, first: Program) -> Any:
    """Return what a normalization multiplies each channel with: gamma / sqrt(variance + epsilon).

    ``aten.batch_norm(input, weight, bias, mean, variance, training, momentum, eps, cudnn)``
    """
    gamma, variance = (
        1.0 if one is None else evaluate(one, {}, first.module, first.fixed)
        for one in (norm.args[1], norm.args[4])
    )
    return gamma / (variance + norm.args[7]) ** 0.5


def _row(
    first: Program, second: Program, real: Any, twin: Any, key: str, factor: Any
) -> dict[str, Any] | None:
    x = evaluate(real, {}, first.module, first.fixed)
    if factor is not None:
        x = x * factor.reshape(-1, *[1] * (x.ndim - 1))
    y = evaluate(twin, {}, second.module, second.fixed)
    if not hasattr(x, "is_floating_point") or not hasattr(y, "is_floating_point"):
        return None
    if x.shape != y.shape or not (x.is_floating_point() and y.is_floating_point()):
        return None
    scales, axis = np.zeros(0), 0
    if op_name(twin) in DEQUANTIZE:
        scale = qparams(twin)[0]
        scale = evaluate(scale, {}, second.module, second.fixed) if hasattr(scale, "op") else scale
        scales = np.asarray(scale, dtype=np.float64).ravel()
        axis = channel_axis(twin)
    name = first.titles.get(_origin(real).name, real.name)
    return weight_row(name, key, _plain(x), _plain(y), scales, axis)


def _origin(node: Any) -> Any:
    """Return the parameter that a constant is made of, where it is made of one."""
    while node.op == "call_function" and len(node.all_input_nodes) == 1:
        node = node.all_input_nodes[0]
    return node


def _plain(value: Any) -> NDArray[np.generic]:
    return np.asarray(value.detach().double().numpy())
