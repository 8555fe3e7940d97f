"""HLO shapes as our types: ``f32[32,<=10]{1,0}`` -> `TensorType`. Imports nothing but the types.

Shapes: https://openxla.org/xla/shapes
Codes: `PrimitiveType` of https://github.com/openxla/xla/blob/main/xla/xla_data.proto
"""

from __future__ import annotations

import re

from graphs.tensor_type import UNKNOWN_TYPE, Dim, TensorType

MAX_RANK = 64  # NumPy's; the product of a million numbers is a weapon
MAX_TUPLE_CHARS = 160
MAX_DIGITS = 20

# By the code of `PrimitiveType`: HLO's own name.
PRIMITIVES: dict[int, str] = {
    1: "pred", 2: "s8", 3: "s16", 4: "s32", 5: "s64", 6: "u8", 7: "u16", 8: "u32", 9: "u64",
    10: "f16", 11: "f32", 12: "f64", 14: "opaque", 15: "c64", 16: "bf16", 17: "token",
    18: "c128", 19: "f8e5m2", 20: "f8e4m3fn", 21: "s4", 22: "u4", 23: "f8e4m3b11fnuz",
    24: "f8e5m2fnuz", 25: "f8e4m3fnuz", 26: "s2", 27: "u2", 28: "f8e4m3", 29: "f8e3m4",
    30: "s1", 31: "u1", 32: "f4e2m1fn", 33: "f8e8m0fnu", 34: "buffer",
}  # fmt: skip
TUPLE = 13

_OURS: dict[str, str] = {
    "pred": "bool",
    "f16": "float16", "bf16": "bfloat16", "f32": "float32", "f64": "float64",
    "c64": "complex64", "c128": "complex128",
}  # fmt: skip
_INTEGER = re.compile(r"([su])(\d+)\Z")
_SMALL_FLOAT = re.compile(r"f(\d)(e\d+m\d+\w*)\Z")
_ARRAY = re.compile(r"([a-z]\w*)\[([^\[\]]*)\]")
_NOISE = re.compile(r"/\*[^*]*\*/|\{[^{}]*\}")


def dtype_name(primitive: str) -> str:
    """Return our name of an HLO element type, e.g. ``int32`` for ``s32``."""
    found = _OURS.get(primitive)
    if found is not None:
        return found
    if integer := _INTEGER.match(primitive):
        return f"{'uint' if integer[1] == 'u' else 'int'}{integer[2]}"
    if small := _SMALL_FLOAT.match(primitive):
        return f"float{small[1]}_{small[2]}"
    return primitive


def dim_of(text: str) -> Dim:
    """Return a size: a number, ``<=10`` for a bounded one, None for ``?``."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return int(text)
    return None if text in ("", "?") else text[:MAX_DIGITS]


class ShapeTable:
    """Interns shapes: equal texts are parsed once and give one object."""

    def __init__(self) -> None:
        self._of: dict[str, TensorType] = {}

    def type(self, text: str) -> TensorType:
        """Return the type of a shape's text; its layout is left out."""
        found = self._of.get(text)
        if found is None:
            found = self._of[text] = _parsed(text)
        return found


def array_type(primitive: str, dims: str) -> TensorType:
    """Return the type of ``primitive[dims]``."""
    if primitive == "token":
        return TensorType("token")
    sizes = dims.split(",") if dims.strip() else []
    if len(sizes) > MAX_RANK:
        return TensorType(dtype_name(primitive))
    return TensorType(dtype_name(primitive), tuple(map(dim_of, sizes)))


def _parsed(text: str) -> TensorType:
    if text.startswith("("):
        return TensorType(tuple_name(_ARRAY.sub(_array_text, _NOISE.sub("", text[:16_384]))))
    found = _ARRAY.match(text)
    return array_type(found[1], found[2]) if found else UNKNOWN_TYPE


def tuple_name(members: str) -> str:
    """Return what a tuple is called in the place of an element type."""
    if len(members) > MAX_TUPLE_CHARS:
        members = members[: MAX_TUPLE_CHARS - 1] + "…"
    return f"tuple{members}"


def _array_text(found: re.Match[str]) -> str:
    return str(array_type(found[1], found[2]))
