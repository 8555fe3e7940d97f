"""What stays in a TFLite file until somebody looks: options, quantization, weights.

The source of one subgraph. It re-reads the file on demand, within the same
bounds as the import. Imports no framework at module level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature, quoted
from graphs.ir import Facts
from graphs.tensor_type import DTYPE_BITS, TensorType
from importers.tflite_bytes import FORMAT, FlatFile, Table
from importers.tflite_options import MAX_VALUE_CHARS, option_facts
from importers.tflite_schema import ExternalBufferSlot as External
from importers.tflite_schema import QuantizationSlot as Quant
from importers.tflite_schema import TensorSlot

MAX_SHOWN_NUMBERS = 64
MAX_STRINGS = 1 << 20
_DETAILS = ("", "custom", "blockwise", "multi-axis")
# Not NumPy's own, and not with a single meaning there: they come from `ml_dtypes`.
_EXTENDED = frozenset(
    {"int2", "uint2", "int4", "uint4", "bfloat16", "float8_e4m3fn", "float8_e5m2"}
)


@dataclass(frozen=True, slots=True)
class Buffer:
    """Where the bytes of a tensor lie in the model's file.

    Attributes
    ----------
    start, length : int
        Bytes; both 0 for an empty buffer.
    is_outside : bool
        True where they lie behind the FlatBuffer.
    """

    start: int = 0
    length: int = 0
    is_outside: bool = False


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a subgraph, as far as it is read on opening.

    Attributes
    ----------
    index : int
        In its subgraph.
    name : str
        As in the file.
    type : TensorType
    buffer : int
        Index into the model's buffers.
    is_constant : bool
        True where the file holds, or claims to hold, its data.
    is_variable : bool
        True for a state that survives from run to run.
    table : Table
        For all that is decoded on demand.
    """

    index: int
    name: str
    type: TensorType
    buffer: int
    is_constant: bool
    is_variable: bool
    table: Table


@dataclass(frozen=True, slots=True, eq=False)
class TfliteSource:
    """The `GraphSource` of one subgraph.

    Attributes
    ----------
    file : FlatFile
    buffers : sequence of Buffer
        All of the model.
    external : dict of int to (str, Table)
        External buffer id -> file name in the model's folder, its table.
    graph_ids : tuple of str
        Id of each subgraph of the model.
    node_operator : dict of int to (Table, int)
        Node -> its table and its operator's version.
    node_tensor : dict of int to Tensor
        Node -> the tensor that an input, output or constant stands for.
    value_tensor : list of Tensor
        Tensor of each value row.
    aliases : dict of int to list of str
        Tensor index -> what signatures call it.
    """

    file: FlatFile
    buffers: Sequence[Buffer]
    external: dict[int, tuple[str, Table]]
    graph_ids: tuple[str, ...]
    node_operator: dict[int, tuple[Table, int]]
    node_tensor: dict[int, Tensor]
    value_tensor: list[Tensor]
    aliases: dict[int, list[str]]

    def attributes(self, node: int) -> Facts:
        """Return an operator's options and version, or what is known of a tensor's node."""
        self.file.renew()
        try:
            found = self.node_operator.get(node)
            if found is None:
                return self._node_facts(self.node_tensor[node])
            table, version = found
            return [*option_facts(table, self.graph_ids), ("op_version", str(version))]
        except ReadError as error:
            return [("unreadable", str(error))]

    def value_facts(self, value: int) -> Facts:
        """Return quantization parameters and the rest that is known of a tensor."""
        self.file.renew()
        try:
            return self._tensor_facts(self.value_tensor[value])
        except ReadError as error:
            return [("unreadable", str(error))]

    def group_attributes(self, namespace: int) -> Facts:
        """Return nothing: TFLite says nothing of groups."""
        return []

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a constant; None where the file holds none.

        int2, int4 and the eight-bit floats come as the types of `ml_dtypes`,
        strings as an object array.

        Raises
        ------
        DamagedSource
            The data is shorter than its type needs, or lies outside the file.
        UnsupportedFeature
            The tensor is sparse, packed, or of a type without elements.
        """
        tensor = self.node_tensor.get(node)
        if tensor is None or not tensor.is_constant:
            return None
        self.file.renew()
        if tensor.table.field(TensorSlot.SPARSITY):
            raise UnsupportedFeature(self.file.name, "values of a sparse tensor", format=FORMAT)
        return _decoded(self.file, tensor, self._data(tensor))

    def _data(self, tensor: Tensor) -> bytes:
        external = self.external.get(tensor.table.u32(TensorSlot.EXTERNAL_BUFFER))
        if external is not None:
            return _external(self.file, *external)
        if not 0 <= tensor.buffer < len(self.buffers):
            raise self.file.damaged(f"there is no buffer {tensor.buffer:,}", tensor.table.at)
        buffer = self.buffers[tensor.buffer]
        return self.file.span(buffer.start, buffer.length)

    def _node_facts(self, tensor: Tensor) -> Facts:
        facts = self._alias_facts(tensor)
        if tensor.is_variable:
            facts.append(("is_variable", "true"))
        if tensor.table.field(TensorSlot.SPARSITY):
            facts.append(("sparsity", "stored sparse"))
        if tensor.is_constant and 0 <= tensor.buffer < len(self.buffers):
            length = self.buffers[tensor.buffer].length
            facts.append(("buffer", f"{tensor.buffer} ({length:,} bytes)"))
        return facts

    def _alias_facts(self, tensor: Tensor) -> Facts:
        aliases = self.aliases.get(tensor.index, ())
        return [("signature_name", alias[:MAX_VALUE_CHARS]) for alias in aliases]

    def _tensor_facts(self, tensor: Tensor) -> Facts:
        facts = [("tensor_index", str(tensor.index)), *self._alias_facts(tensor)]
        quantization = tensor.table.table(TensorSlot.QUANTIZATION)
        return facts if quantization is None else facts + _quantization(quantization)


def _quantization(table: Table) -> Facts:
    scale = table.numbers(Quant.SCALE, "f4")
    columns = [
        ("scale", scale),
        ("zero_point", table.numbers(Quant.ZERO_POINT, "i8")),
        ("min", table.numbers(Quant.MIN, "f4")),
        ("max", table.numbers(Quant.MAX, "f4")),
    ]
    facts = [(name, _numbers(column)) for name, column in columns if column]
    if len(scale) > 1:
        facts.append(("quantized_dimension", str(table.i32(Quant.DIMENSION))))
    kind = int(table.scalar(Quant.DETAILS_TYPE, "u1"))
    if kind:
        facts.append(("quantization", _DETAILS[kind] if kind < len(_DETAILS) else str(kind)))
    return facts


def _numbers(numbers: tuple[int | float, ...]) -> str:
    shown = ", ".join(f"{n:.9g}" if isinstance(n, float) else str(n) for n in numbers[:64])
    if len(numbers) == 1:
        return shown
    if len(numbers) <= MAX_SHOWN_NUMBERS:
        return f"[{shown}]"
    return f"[{shown}, …] ({len(numbers):,} values)"[:MAX_VALUE_CHARS]


def _decoded(file: FlatFile, tensor: Tensor, data: bytes) -> NDArray[np.generic]:
    shape = tuple(d if isinstance(d, int) else -1 for d in tensor.type.shape or ())
    count, dtype = tensor.type.n_elements, tensor.type.dtype
    if dtype == "string":
        return _strings(file, data, shape)
    bits = DTYPE_BITS.get(dtype)
    if bits is None:
        raise UnsupportedFeature(file.name, f"values of type {dtype or 'unknown'}", format=FORMAT)
    if count is None or tensor.type.shape is None:
        count = len(data) * 8 // bits
        shape = (count,)
    if (count * bits + 7) // 8 > len(data):
        raise file.damaged(
            f"{quoted(tensor.name)} claims {count:,} elements but has {len(data):,} bytes"
        )
    if bits < 8:
        array = _unpacked(data, count, dtype, bits)
    else:
        plain: np.dtype[np.generic] = _ml_dtype(dtype) if dtype in _EXTENDED else np.dtype(dtype)
        array = np.frombuffer(data, plain.newbyteorder("<"), count)
    try:
        return array.reshape(shape)
    except ValueError as error:  # no elements, and yet more of them than can be counted
        raise file.damaged(f"{quoted(tensor.name)} has a shape that cannot be") from error


def _ml_dtype(dtype: str) -> np.dtype[np.generic]:
    import ml_dtypes

    found: np.dtype[np.generic] = np.dtype(getattr(ml_dtypes, dtype))
    return found


def _unpacked(data: bytes, count: int, dtype: str, bits: int) -> NDArray[np.generic]:
    """Return numbers of 2 or 4 bits, the low bits of a byte first."""
    packed = np.frombuffer(data, np.uint8, (count * bits + 7) // 8)
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    parts = ((packed[:, None] >> shifts) & ((1 << bits) - 1)).reshape(-1)[:count].astype(np.int8)
    if not dtype.startswith("u"):
        parts = np.where(parts >= 1 << (bits - 1), parts - (1 << bits), parts).astype(np.int8)
    return parts.astype(_ml_dtype(dtype))


def _strings(file: FlatFile, data: bytes, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Return strings: their number, the offset of each and of the end, then their bytes."""
    count = int.from_bytes(data[:4], "little") if len(data) >= 4 else 0
    if len(data) < 4 * (count + 2) or count > MAX_STRINGS:
        raise file.damaged(f"a text tensor claims {count:,} strings in {len(data):,} bytes")
    ends = np.frombuffer(data, "<i4", count + 1, 4).astype(np.int64)
    if ends[0] < 4 * (count + 2) or np.any(np.diff(ends) < 0) or ends[-1] > len(data):
        raise file.damaged("the strings of a text tensor overlap or lie outside of it")
    array = np.empty(count, dtype=object)
    for i, (start, end) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
        array[i] = data[start:end].decode("utf-8", "replace")
    fits = all(d >= 0 for d in shape) and int(np.prod(shape, dtype=object)) == count
    return array.reshape(shape) if fits else array


def _external(file: FlatFile, group: str, table: Table) -> bytes:
    """Read a buffer that lies in another file of the model's own folder."""
    if table.raw(External.PACKING):
        raise UnsupportedFeature(file.name, "packed external weights", format=FORMAT)
    if file.path is None:
        raise UnsupportedFeature(file.name, "external weights of an upload", format=FORMAT)
    target = _beside(file.path, group)
    if target is None:
        raise ReadError(file.name, f"its weights {quoted(group)} are not in its folder")
    offset = int(table.scalar(External.OFFSET, "u8"))
    length = int(table.scalar(External.LENGTH, "u8"))
    try:
        if offset + length > target.stat().st_size:
            raise DamagedSource(file.name, f"{quoted(group)} is too short", format=FORMAT)
        with target.open("rb") as opened:
            opened.seek(offset)
            return opened.read(length)
    except OSError as error:
        raise ReadError(file.name, f"{quoted(group)} cannot be read: {error.strerror}") from error


def _beside(model: Path, name: str) -> Path | None:
    """Return the regular file of that plain name in the model's folder; None if there is none."""
    if not name or "\0" in name or name != Path(name).name:
        return None
    folder = model.parent.resolve()
    target = (folder / name).resolve()
    return target if target.parent == folder and target.is_file() else None
