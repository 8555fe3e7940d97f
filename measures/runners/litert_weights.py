"""Compare the weights of a float TFLite model with those of its quantized twin; nothing is run.

Schema: https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.runners.single_op import OperatorCutter
from measures.runners.weight_rows import real_of, weight_row

_FLOATS: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("<f2"), 10: np.dtype("<f8")}
_CODES: dict[int, np.dtype[Any]] = {
    2: np.dtype("<i4"),
    3: np.dtype("u1"),
    4: np.dtype("<i8"),
    7: np.dtype("<i2"),
    9: np.dtype("i1"),
    16: np.dtype("<u2"),
}
_INT4 = 17


def rows(
    first: OperatorCutter,
    second: OperatorCutter,
    mapping: Mapping[str, str],
    similar: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the error of each constant of the quantized model that has a float twin.

    A constant pairs by the operators that a mapping says, then by name, then by the
    operators that structure pairs, and where both models have the same operators in the
    same order, by the operator that reads it; by its slot in all but names.

    Parameters
    ----------
    first, second : OperatorCutter
        The float and the quantized model.
    mapping, similar : mapping of str to str
        Tensor of the float model -> tensor of the quantized one.
    """
    floats = {name: index for name, index, _ in _constants(first)}
    at_place = {at: index for _, index, at in _constants(first)}
    places = at_place if _op_codes(first) == _op_codes(second) else {}
    told, like = (_operators(first, second, one) for one in (mapping, similar))
    found, seen = [], set()
    for name, index, at in _constants(second):
        tried = (
            at_place.get((told.get(at[0], -1), at[1])),
            floats.get(name),
            at_place.get((like.get(at[0], -1), at[1])),
            places.get(at),
        )
        twin = next((one for one in tried if one is not None), None)
        if twin is None or index in seen:
            continue
        seen.add(index)
        row = _row(first, second, twin, index, _output_name(second, at[0]))
        found += [row] if row else []
    return found


def _row(
    first: OperatorCutter, second: OperatorCutter, twin: int, index: int, key: str
) -> dict[str, Any] | None:
    real, stored = _values(first, twin), _values(second, index)
    if real is None or stored is None or real.dtype.kind != "f" or real.shape != stored.shape:
        return None
    own = second.graph.tensors[index].quantization
    scales = np.zeros(0)
    if own is not None and own.scale is not None:
        scales = np.asarray(own.scale, dtype=np.float64)
    axis = int(own.quantizedDimension) if own is not None else 0
    if not len(scales):
        if stored.dtype.kind != "f":
            return None
        return weight_row(_name(first, twin), key, real, stored, scales, 0)
    has_zeros = own.zeroPoint is not None and len(own.zeroPoint)
    zeros = np.asarray(own.zeroPoint if has_zeros else [0], dtype=np.int64)
    try:
        back = real_of(stored, scales, zeros, axis)
    except (ValueError, IndexError):
        return None  # a damaged model: what it computes is told by its run
    return weight_row(_name(first, twin), key, real, back, scales, axis)


def _operators(
    first: OperatorCutter, second: OperatorCutter, tensors: Mapping[str, str]
) -> dict[int, int]:
    """Return operator of the quantized model -> of the float one, by the tensors that they make."""
    makers = [
        {_output_name(cutter, op): op for op in range(cutter.n_operators)}
        for cutter in (first, second)
    ]
    return {
        makers[1][twin]: makers[0][name]
        for name, twin in tensors.items()
        if name in makers[0] and twin in makers[1]
    }


def _constants(cutter: OperatorCutter) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """Yield name, tensor and (operator, slot) of each constant that an operator reads."""
    for op, operator in enumerate(cutter.graph.operators or []):
        for slot, index in enumerate(operator.inputs if operator.inputs is not None else []):
            if 0 <= index < len(cutter.graph.tensors) and cutter.constant(int(index)):
                yield _name(cutter, int(index)), int(index), (op, slot)


def _op_codes(cutter: OperatorCutter) -> list[int]:
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in cutter.model.operatorCodes]
    return [codes[o.opcodeIndex] for o in cutter.graph.operators or []]


def _output_name(cutter: OperatorCutter, op: int) -> str:
    outputs = cutter.graph.operators[op].outputs
    return _name(cutter, int(outputs[0])) if outputs is not None and len(outputs) else ""


def _name(cutter: OperatorCutter, index: int) -> str:
    name = cutter.graph.tensors[index].name
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "")


def _values(cutter: OperatorCutter, index: int) -> NDArray[np.generic] | None:
    """Return a constant's stored values; None where type and size do not tell them."""
    tensor = cutter.graph.tensors[index]
    data = np.asarray(cutter.model.buffers[tensor.buffer].data, dtype=np.uint8)
    shape = [int(d) for d in tensor.shape] if tensor.shape is not None else []
    n = int(np.prod([float(d) for d in shape])) if shape else 1
    dtype = _FLOATS.get(tensor.type) or _CODES.get(tensor.type)
    if tensor.type == _INT4 and len(data) == (n + 1) // 2:
        halves = np.stack([data & 15, data >> 4], axis=1).ravel()[:n].astype(np.int8)
        return np.where(halves > 7, halves - 16, halves).astype(np.int8).reshape(shape)
    if dtype is None or len(data) != n * dtype.itemsize:
        return None
    values: NDArray[np.generic] = data.view(dtype).reshape(shape)
    return values
