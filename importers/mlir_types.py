"""MLIR types as ours, and the type signature at the end of an operation. Imports no framework.

Builtin types: https://mlir.llvm.org/docs/Dialects/Builtin/#types
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from graphs.tensor_type import UNKNOWN_TYPE, Dim, TensorType
from importers.fact_text import cut
from importers.hlo_types import dtype_name
from importers.mlir_text import STRING

MAX_TYPE_CHARS = 160
MAX_RANK = 64
MAX_TYPES = 100_000

_SHAPED = re.compile(r"(?:tensor|vector|memref|!torch\.vtensor|!torch\.tensor)<(.*)>\Z", re.DOTALL)
_DIM = re.compile(r"\[?(\d{1,20}|\?)\]?x")
_SCALAR = re.compile(r"(?:[su]?i\d+|[fb]f?\d+\w*|tf32|index|complex<f\d+>)\Z")
_INTEGER = re.compile(r"([su]?)i(\d+)\Z")
_COMPLEX = {"complex<f32>": "complex64", "complex<f64>": "complex128"}
_QUANTIZED = re.compile(r"!quant\.\w+<([su]?i\d+)")
_WORD = re.compile(r"[!#\w$.\-]+")
_MARKS = re.compile(rf"{STRING}|->|[()<>\[\]{{}}]")
_BOUNDS = re.compile(r"#stablehlo\.(?:bounds|type_extensions)<(?:bounds\s*=\s*\[)?([^>\]]*)")


@dataclass(frozen=True, slots=True)
class Signature:
    """Types of the operands and results; `operands` is empty where only results are stated."""

    operands: tuple[TensorType, ...]
    results: tuple[TensorType, ...]


NO_SIGNATURE = Signature((), ())


class TypeTable:
    """Interns types and signatures: equal texts are parsed once and give one object.

    Parameters
    ----------
    aliases : dict of str to str
        ``!name`` -> the type that it stands for.
    """

    def __init__(self, aliases: dict[str, str]) -> None:
        self._aliases = aliases
        self._types: dict[str, TensorType] = {}
        self._signatures: dict[str, Signature] = {}

    def type(self, text: str) -> TensorType:
        """Return the type that `text` states."""
        found = self._types.get(text)
        if found is None:
            found = self._types[text] = type_of(self._aliases.get(text, text))
        return found

    def signature(self, text: str) -> Signature:
        """Return what stands after the last colon of an operation."""
        found = self._signatures.get(text)
        if found is None:
            found = self._signatures[text] = self._parsed(text)
        return found

    def _parsed(self, text: str) -> Signature:
        stated, at = type_list(text, 0)
        operands = tuple(map(self.type, stated))
        arrow = re.compile(r"\s*(->|to\b|into\b|as\b)\s*").match(text, at)
        if arrow is None:
            return Signature((), operands)
        results, _at = type_list(text, arrow.end())
        return Signature(operands, tuple(map(self.type, results)))


def type_list(text: str, at: int) -> tuple[list[str], int]:
    """Return the types from `at` on, in parentheses or not, and where they end."""
    at = _skip(text, at)
    if text[at : at + 1] == "(":
        inner = closing(text, at)
        after = _skip(text, inner)
        found = _types_between(text, at + 1, max(at + 1, inner - 1))[0]
        return found, after
    return _types_between(text, at, len(text))


def _types_between(text: str, at: int, end: int) -> tuple[list[str], int]:
    found: list[str] = []
    while at < end and len(found) < MAX_TYPES:
        at = _skip(text, at)
        stop = _type_end(text, at)
        if stop <= at:
            break
        found.append(text[at:stop])
        at = stop
        after = _skip(text, at)
        if text[after : after + 1] == "{":  # a dictionary of attributes of a result
            after = _skip(text, closing(text, after))
        if text[after : after + 1] != ",":
            break
        at = after + 1
    return found, at


def _type_end(text: str, at: int) -> int:
    """Return where the one type at `at` ends."""
    if text[at : at + 1] == "(":
        stop = closing(text, at)
        arrow = re.compile(r"\s*->\s*").match(text, stop)
        if arrow is None:
            return stop
        if text[arrow.end() : arrow.end() + 1] == "(":
            return closing(text, arrow.end())
        at = arrow.end()
    word = _WORD.match(text, at)
    if word is None:
        return at
    stop = word.end()
    return closing(text, stop) if text[stop : stop + 1] == "<" else stop


def closing(text: str, at: int) -> int:
    """Return the position after the bracket that closes the one at `at`; the end if none does."""
    depth = 0
    for mark in _MARKS.finditer(text, at):
        sign = mark[0]
        if sign in "(<[{":
            depth += 1
        elif sign in ")>]}":
            depth -= 1
            if depth <= 0:
                return mark.end()
    return len(text)


def _skip(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def type_of(text: str) -> TensorType:
    """Return our type for an MLIR type; what is no tensor and no number keeps its own name."""
    text = text.strip()
    shaped = _SHAPED.match(text)
    if shaped is not None:
        inner = shaped[1]
        if text.startswith("!torch"):
            return _torch_type(inner)
        return _shaped(inner)
    if _SCALAR.match(text):
        return TensorType(element_name(text), ())
    return TensorType(_short(text)) if text else UNKNOWN_TYPE


def _shaped(inner: str) -> TensorType:
    sizes: list[Dim] = []
    at = 0
    if inner.startswith("*x"):
        return TensorType(element_name(_element(inner[2:])))
    while (found := _DIM.match(inner, at)) and len(sizes) <= MAX_RANK:
        sizes.append(None if found[1] == "?" else int(found[1]))
        at = found.end()
    dtype = element_name(_element(inner[at:]))
    if len(sizes) > MAX_RANK:
        return TensorType(dtype)
    if None in sizes and (bounds := _BOUNDS.search(inner, at)):
        sizes = _bounded(sizes, bounds[1].split(","))
    return TensorType(dtype, tuple(sizes))


def _bounded(sizes: list[Dim], bounds: list[str]) -> list[Dim]:
    for place, bound in enumerate(bounds[: len(sizes)]):
        if sizes[place] is None and bound.strip().isdigit():
            sizes[place] = f"<={bound.strip()[:20]}"
    return sizes


def _torch_type(inner: str) -> TensorType:
    """Read ``[1,?],f32`` of torch-mlir's tensors."""
    found = re.match(r"\s*\[([^\]]*)\]\s*,\s*(.*)\Z", inner, re.DOTALL)
    if found is None:
        return TensorType("")
    sizes = [one.strip() for one in found[1].split(",") if one.strip()][: MAX_RANK + 1]
    dtype = element_name(_element(found[2]))
    if len(sizes) > MAX_RANK:
        return TensorType(dtype)
    return TensorType(dtype, tuple(int(s) if s.isdigit() and len(s) <= 20 else None for s in sizes))


def _element(text: str) -> str:
    """Return the element type of a shaped type, without encoding or memory space."""
    end = _type_end(text, 0)
    return text[:end].strip()


def element_name(text: str) -> str:
    """Return our name of an element type, e.g. ``int8`` for ``si8`` and for a quantized one."""
    integer = _INTEGER.match(text)
    if integer:
        if integer[2] == "1" and not integer[1]:
            return "bool"
        return f"{'uint' if integer[1] == 'u' else 'int'}{integer[2]}"
    if text in _COMPLEX:
        return _COMPLEX[text]
    if text == "index":
        return "index"
    quantized = _QUANTIZED.match(text)
    if quantized:
        return element_name(quantized[1])
    lower = text.lower()
    return dtype_name(lower) if re.match(r"b?f\d", lower) else _short(text)


def _short(text: str) -> str:
    flat = " ".join(text[: 4 * MAX_TYPE_CHARS].split())
    return cut(flat, MAX_TYPE_CHARS)
