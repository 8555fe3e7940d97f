"""Element type and shape of a tensor, in one vocabulary for all formats.

The dtype names are NumPy's where NumPy has one, else those of `ml_dtypes`
(`bfloat16`, `float8_e4m3fn`, `int4`); `string` and `` (unknown) complete them.
An importer maps its format's codes to these names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Bits of one stored element. Absent: no fixed size (string) or unknown.
DTYPE_BITS: dict[str, int] = {
    "bool": 8,
    "int2": 2,
    "uint2": 2,
    "int4": 4,
    "uint4": 4,
    "float4_e2m1fn": 4,
    "float6_e2m3fn": 6,
    "float6_e3m2fn": 6,
    "int8": 8,
    "uint8": 8,
    "float8_e4m3fn": 8,
    "float8_e4m3fnuz": 8,
    "float8_e5m2": 8,
    "float8_e5m2fnuz": 8,
    "float8_e8m0fnu": 8,
    "int16": 16,
    "uint16": 16,
    "float16": 16,
    "bfloat16": 16,
    "int32": 32,
    "uint32": 32,
    "float32": 32,
    "int64": 64,
    "uint64": 64,
    "float64": 64,
    "complex64": 64,
    "complex128": 128,
}

# A file may claim any shape. Beyond what any machine holds a size only has to fit in a float.
MOST_ELEMENTS = 1 << 256

Dim = int | str | None


@dataclass(frozen=True, slots=True)
class TensorType:
    """Element type and shape of a value.

    Attributes
    ----------
    dtype : str
        A key of `DTYPE_BITS`, ``"string"``, another name from the file, or
        ``""`` where the file does not say.
    shape : tuple of (int, str or None), or None
        A number, a symbol (``"batch"``) or None (unknown) for each dimension;
        None where the rank is unknown; ``()`` for a scalar.
    """

    dtype: str = ""
    shape: tuple[Dim, ...] | None = None

    @property
    def n_elements(self) -> int | None:
        """Number of elements, at most `MOST_ELEMENTS`; None where a dimension is unknown."""
        if self.shape is None:
            return None
        sizes = [d for d in self.shape if isinstance(d, int) and d >= 0]
        return min(math.prod(sizes), MOST_ELEMENTS) if len(sizes) == len(self.shape) else None

    @property
    def n_bytes(self) -> int | None:
        """Bytes of the stored elements (packed below 8 bits), or None if unknown."""
        n, bits = self.n_elements, DTYPE_BITS.get(self.dtype)
        return None if n is None or bits is None else (n * bits + 7) // 8

    def shape_text(self) -> str:
        """Return e.g. ``1×64×?×batch``; ``scalar`` for (), empty where unknown."""
        if self.shape is None:
            return ""
        if not self.shape:
            return "scalar"
        return "×".join("?" if d is None else str(d) for d in self.shape)

    def __str__(self) -> str:
        """Return e.g. ``float32[1,64,?]``, ``float32[]`` or ``?`` where unknown."""
        dtype = self.dtype or "?"
        if self.shape is None:
            return dtype
        return f"{dtype}[{','.join('?' if d is None else str(d) for d in self.shape)}]"


UNKNOWN_TYPE = TensorType()
