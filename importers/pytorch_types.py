"""Types of the values of an exported program, each spelling decoded once. Imports no torch."""

from __future__ import annotations

from graphs.tensor_type import UNKNOWN_TYPE, Dim, TensorType
from importers.dtypes import TORCH_DTYPES
from importers.notes import Notes
from importers.pytorch_schema import (
    DECODING_ERRORS,
    Dimension,
    Graph,
    TensorMeta,
    decode_meta,
)
from importers.pytorch_symbols import expression_text

MAX_RANK = 64
_MAX_SIZE = (1 << 63) - 1
SYM_INT, SYM_FLOAT, SYM_BOOL = (TensorType(name, ()) for name in ("SymInt", "SymFloat", "SymBool"))
OBJECT = TensorType("object")


class TypeTable:
    """Types by the bytes of their JSON: an exported program repeats few of them many times."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._known: dict[bytes, TensorType] = {}

    def of(self, graph: Graph, name: str) -> TensorType:
        """Return the type of a value of a graph."""
        raw = graph.tensor_values.get(name)
        if raw is not None:
            key = bytes(raw)
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = self._tensor(key, name)
            return found
        if name in graph.sym_int_values:
            return SYM_INT
        if name in graph.sym_float_values:
            return SYM_FLOAT
        if name in graph.sym_bool_values:
            return SYM_BOOL
        return OBJECT if name in graph.custom_obj_values else UNKNOWN_TYPE

    def _tensor(self, raw: bytes, name: str) -> TensorType:
        try:
            return tensor_type(decode_meta(raw))
        except DECODING_ERRORS:
            self._notes.add("damaged", "The type of a value cannot be read", name)
            return UNKNOWN_TYPE


def tensor_type(meta: TensorMeta) -> TensorType:
    """Return dtype and shape of a tensor.

    Raises
    ------
    ValueError
        It has more than `MAX_RANK` dimensions, or a size that cannot be.
    """
    if len(meta.sizes) > MAX_RANK:
        raise ValueError(f"{len(meta.sizes):,} dimensions")
    dtype = TORCH_DTYPES.get(meta.dtype)
    shape = tuple(map(_dim, meta.sizes))
    return TensorType(f"type {meta.dtype}" if dtype is None else dtype, shape)


def _dim(size: Dimension) -> Dim:
    if size.as_int is not None:
        if not 0 <= size.as_int <= _MAX_SIZE:
            raise ValueError(f"a size of {size.as_int}")
        return size.as_int
    return None if size.as_expr is None else expression_text(size.as_expr.expr_str)
