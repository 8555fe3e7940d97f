"""What stays in a serialised HLO module until somebody looks: attributes, literals, stack frames.

Messages: https://github.com/openxla/xla/blob/main/xla/service/hlo.proto and
https://github.com/openxla/xla/blob/main/xla/xla_data.proto
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, UnsupportedFeature, quoted
from graphs.ir import Facts
from graphs.tensor_type import DTYPE_BITS, TensorType
from importers.fact_text import MAX_FACTS, cut
from importers.hlo_source import MAX_FRAMES, HloSource, numpy_dtype
from importers.hlo_text import FORMAT, Computation
from importers.hlo_types import PRIMITIVES, TUPLE, ShapeTable
from importers.protobuf_wire import (
    FIXED32,
    FIXED64,
    LENGTH,
    VARINT,
    BrokenWire,
    Field,
    fields,
    numbers,
    signed,
    text,
)

MAX_TUPLE_DEPTH = 8
MAX_MESSAGE_DEPTH = 3
MAX_SHAPE_BYTES = 1 << 20
_MAX_DIMS = 64
_METADATA, _LITERAL = 7, 8
_IS_READ = {1, 2, 3, _METADATA, _LITERAL, 9, 35, 36, 37, 38}

# Field of HloInstructionProto -> name, and the names of its message's fields.
_ATTRIBUTES: dict[int, tuple[str, dict[int, str]]] = {
    11: ("kind", {}), 13: ("index", {}), 14: ("dimensions", {}),
    15: ("window", {1: "dimensions"}),
    16: ("convolution_dimension_numbers", {
        7: "input_batch", 8: "input_feature", 11: "input_spatial", 3: "kernel_input_feature",
        4: "kernel_output_feature", 6: "kernel_spatial", 9: "output_batch",
        10: "output_feature", 12: "output_spatial"}),
    17: ("slice", {1: "start", 2: "limit", 3: "stride"}),
    18: ("exponent_bits", {}), 19: ("mantissa_bits", {}), 20: ("dynamic_slice_sizes", {}),
    21: ("padding", {1: "dimensions"}), 23: ("distribution", {}), 24: ("epsilon", {}),
    25: ("feature_index", {}), 26: ("channel_id", {}), 28: ("custom_call_target", {}),
    30: ("dot_dimension_numbers", {
        1: "lhs_contracting", 2: "rhs_contracting", 3: "lhs_batch", 4: "rhs_batch"}),
    31: ("fft_type", {}), 32: ("fft_length", {}),
    33: ("gather_dimension_numbers", {
        1: "offset_dims", 2: "collapsed_slice_dims", 3: "start_index_map",
        4: "index_vector_dim", 5: "operand_batching_dims", 6: "start_indices_batching_dims"}),
    34: ("slice_sizes", {}), 43: ("backend_config", {}),
    48: ("scatter_dimension_numbers", {
        1: "update_window_dims", 2: "inserted_window_dims", 3: "scatter_dims_to_operand_dims",
        4: "index_vector_dim", 5: "input_batching_dims", 6: "scatter_indices_batching_dims"}),
    50: ("feature_group_count", {}), 58: ("batch_group_count", {}), 60: ("is_stable", {}),
    63: ("direction", {}), 65: ("custom_call_has_side_effect", {}),
    67: ("indices_are_sorted", {}), 69: ("unique_indices", {}),
    71: ("use_global_device_ids", {}), 72: ("type", {}), 79: ("async_execution_thread", {}),
    81: ("k", {}), 85: ("largest", {}), 89: ("is_composite", {}),
}  # fmt: skip
_STRINGS = {11, 28, 43, 63, 72, 79}
_NUMBERS = {13, 14, 18, 19, 20, 23, 25, 26, 31, 32, 34, 50, 58, 60, 65, 67, 69, 71, 81, 85, 89}
_WINDOW = {1: "size", 2: "stride", 3: "pad_low", 4: "pad_high", 5: "dilation",
           6: "base_dilation", 7: "reversal"}  # fmt: skip
_PADDING = {1: "low", 2: "high", 3: "interior"}

# Field of LiteralProto by element type; those of whole bytes are stored as they are.
_VARINTS = {"bool": 2, "int32": 4, "int64": 5, "uint32": 6, "uint64": 7}
_FIXED = {
    "float32": 8, "float64": 9, "complex64": 12, "complex128": 18, "float16": 11,
    "bfloat16": 13, "uint8": 3, "int8": 15, "uint16": 16, "int16": 17,
    "float8_e5m2": 19, "float8_e4m3fn": 20, "float8_e4m3b11fnuz": 23, "float8_e5m2fnuz": 24,
    "float8_e4m3fnuz": 25, "float8_e4m3": 28, "float8_e3m4": 29, "float8_e8m0fnu": 33,
}  # fmt: skip


class ShapeReader:
    """Writes `ShapeProto` messages as HLO's text does; equal ones are decoded once.

    Parameters
    ----------
    data : bytes
        The whole file.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._of: dict[bytes, str] = {}

    def text(self, start: int, end: int) -> str:
        """Return the shape in ``data[start:end]``; empty where it is too large to be one."""
        if end - start > MAX_SHAPE_BYTES:
            return ""
        key = self._data[start:end]
        found = self._of.get(key)
        if found is None:
            found = self._of[key] = self._decoded(start, end, 0)
        return found

    def _decoded(self, start: int, end: int, depth: int) -> str:
        data = self._data
        code, layout = 0, ""
        dims: list[int] = []
        dynamic: list[int] = []
        members: list[str] = []
        for found in fields(data, start, end):
            number, wire_type, at, stop = found
            if number == 2 and wire_type == VARINT:
                code = at
            elif number == 3:
                dims += numbers(data, found)
            elif number == 4 and wire_type == LENGTH:
                inner = self._decoded(at, stop, depth + 1) if depth < MAX_TUPLE_DEPTH else "…"
                members.append(inner)
            elif number == 5 and wire_type == LENGTH:
                layout = self._layout(at, stop)
            elif number == 6:
                dynamic += numbers(data, found)
        if code == TUPLE:
            return f"({', '.join(members)})"
        sizes = [
            ("<=" if i < len(dynamic) and dynamic[i] else "") + ("?" if size < 0 else str(size))
            for i, size in enumerate(dims[: _MAX_DIMS + 1])
        ]
        return f"{PRIMITIVES.get(code, f'type_{code}')}[{','.join(sizes)}]{layout}"

    def _layout(self, start: int, end: int) -> str:
        order: list[int] = []
        for found in fields(self._data, start, end):
            if found[0] == 1:
                order += numbers(self._data, found)
        return f"{{{','.join(map(str, order[:_MAX_DIMS]))}}}" if order else ""


class StackFrames:
    """The module's table of stack frames, in ``data[start:end]``, decoded when first asked for."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._span = (start, end)
        self._tables: dict[int, list[Field]] | None = None

    def facts(self, frame: int) -> Facts:
        """Return the source line of a frame, and the calls that led to it."""
        lines: list[str] = []
        while frame and len(lines) < MAX_FRAMES:
            row = self._numbers(4, frame)
            place = self._numbers(3, row.get(1, 0))
            file, name = self._text(1, place.get(1, 0)), self._text(2, place.get(2, 0))
            if not file:
                break
            lines.append(f"{file}:{place.get(3, 0)}" + (f" in {name}" if name else ""))
            frame = row.get(2, 0)
        facts = [("source", cut(lines[0]))] if lines else []
        return facts + ([("stack", cut(" ← ".join(lines)))] if len(lines) > 1 else [])

    def _row(self, table: int, number: int) -> Field | None:
        if self._tables is None:
            self._tables = {}
            for found in fields(self._data, *self._span):
                self._tables.setdefault(found[0], []).append(found)
        rows = self._tables.get(table, [])
        return rows[number - 1] if 0 < number <= len(rows) else None

    def _text(self, table: int, number: int) -> str:
        row = self._row(table, number)
        return "" if row is None else text(self._data, row)

    def _numbers(self, table: int, number: int) -> dict[int, int]:
        row = self._row(table, number)
        if row is None or row[1] != LENGTH:
            return {}
        found = fields(self._data, row[2], row[3])
        return {number: value for number, kind, value, _ in found if kind == VARINT}


class ProtoSource(HloSource):
    """The on-demand side of one computation in a message; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    computation : Computation
    data : bytes
        The whole file.
    spans : list of (int, int)
        Where each instruction lies.
    frames : StackFrames
    name : str
        Name of the file.
    """

    def __init__(
        self,
        computation: Computation,
        data: bytes,
        spans: list[tuple[int, int]],
        frames: StackFrames,
        name: str,
    ) -> None:
        super().__init__(computation, {}, name)
        self._data = data
        self._spans = spans
        self._frame_table = frames

    def attributes(self, node: int) -> Facts:
        """Return the attributes of an instruction, metadata spread out."""
        if node >= len(self._spans):
            return []
        computation = self._computation
        facts: Facts = []
        if computation.opcodes[node] == "parameter":
            facts.append(("parameter", cut(computation.inner[node])))
        called = computation.calls.get(node)
        if called:
            facts.append(("calls", cut(", ".join(called[:MAX_FACTS]))))
        try:
            facts += self._attributes(*self._spans[node])
        except BrokenWire:
            facts.append(("unreadable", "a field leaves its message"))
        return facts

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the literal of a constant; None where the message leaves it out.

        Raises
        ------
        DamagedSource
            The literal has more or fewer elements than its shape.
        UnsupportedFeature
            It is a tuple, or of a type that is packed below a byte.
        """
        computation = self._computation
        if node >= len(self._spans) or computation.opcodes[node] != "constant":
            return None
        type = ShapeTable().type(computation.shapes[node])
        try:
            for number, wire_type, at, end in fields(self._data, *self._spans[node]):
                if number == _LITERAL and wire_type == LENGTH:
                    return self._literal(at, end, type)
        except BrokenWire as error:
            reason = "a literal leaves its message"
            raise DamagedSource(self._name, reason, format=FORMAT) from error
        return None

    def _attributes(self, start: int, end: int) -> Facts:
        data, lists = self._data, dict[int, list[int]]()
        facts: Facts = []
        for found in fields(data, start, end):
            number, wire_type, at, stop = found
            if len(facts) >= MAX_FACTS:
                break
            if number == _METADATA and wire_type == LENGTH:
                facts += self._metadata_message(at, stop)
            elif number in _STRINGS:
                facts.append((_ATTRIBUTES[number][0], cut(text(data, found))))
            elif number in _NUMBERS:
                lists.setdefault(number, []).extend(numbers(data, found))
            elif number == 24 and wire_type == FIXED32:
                facts.append(("epsilon", f"{struct.unpack_from('<f', data, at)[0]:.6g}"))
            elif number in _ATTRIBUTES and wire_type == LENGTH:
                name, names = _ATTRIBUTES[number]
                inner = _WINDOW if name == "window" else _PADDING
                facts.append((name, cut(_message(data, at, stop, names, inner))))
            elif number not in _IS_READ and wire_type == LENGTH:
                facts.append((f"field_{number}", f"{stop - at:,} bytes"))
        shown = [(_ATTRIBUTES[n][0], cut(", ".join(map(str, v)))) for n, v in lists.items()]
        return [*shown, *facts]

    def _metadata_message(self, start: int, end: int) -> Facts:
        said: dict[int, str] = {}
        counted: dict[int, int] = {}
        for found in fields(self._data, start, end):
            if found[1] == LENGTH:
                said[found[0]] = text(self._data, found)
            else:
                counted[found[0]] = found[2]
        facts = [(key, cut(said[n])) for n, key in ((1, "op_type"), (2, "op_name")) if said.get(n)]
        if said.get(3):
            facts.append(("source", cut(f"{said[3]}:{counted.get(4, 0)}")))
        return facts + self._frame_table.facts(counted.get(15, 0))

    def _literal(self, start: int, end: int, type: TensorType) -> NDArray[np.generic]:
        count, dtype = type.n_elements, type.dtype
        wanted = _VARINTS.get(dtype) or _FIXED.get(dtype)
        if count is None or type.shape is None or wanted is None:
            feature = f"a literal of type {quoted(type)}"
            raise UnsupportedFeature(self._name, feature, format=FORMAT)
        parts: list[bytes] = []
        counted: list[int] = []
        for found in fields(self._data, start, end):
            if found[0] != wanted:
                continue
            if dtype in _VARINTS:
                counted += numbers(self._data, found)
            elif found[1] in (LENGTH, FIXED32, FIXED64):
                parts.append(self._data[found[2] : found[3]])
        held = len(counted) if counted else len(b"".join(parts)) * 8 // DTYPE_BITS[dtype]
        if held != count:
            reason = f"a literal of {count:,} elements has {held:,}"
            raise DamagedSource(self._name, reason, format=FORMAT)
        shape = tuple(size for size in type.shape if isinstance(size, int))
        if dtype in _VARINTS:
            wide = np.array([n & (2**64 - 1) for n in counted], np.uint64)
            return wide.astype(np.dtype(dtype)).reshape(shape)
        stored = numpy_dtype(dtype).newbyteorder("<")
        return np.frombuffer(b"".join(parts), stored, count).reshape(shape)


def _message(
    data: bytes, start: int, end: int, names: dict[int, str], inner: dict[int, str]
) -> str:
    """Return ``name=1,2 name=3`` for a message of numbers, or of messages of numbers."""
    shown: dict[str, list[str]] = {}
    for found in fields(data, start, end):
        number, wire_type, at, stop = found
        name = names.get(number, f"field_{number}")
        values = shown.setdefault(name, [])
        if len(values) >= MAX_FACTS:
            continue
        if name == "dimensions" and wire_type == LENGTH:
            pairs = ((n, v) for n, kind, v, _ in fields(data, at, stop) if kind == VARINT)
            values.append(" ".join(f"{inner.get(n, n)}={signed(v)}" for n, v in pairs))
        else:
            values += map(str, numbers(data, found))
    joined = ((n, " × ".join(v) if n == "dimensions" else ",".join(v)) for n, v in shown.items())
    return " ".join(v if n == "dimensions" else f"{n}={v}" for n, v in joined)
