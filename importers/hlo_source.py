"""What stays in HLO text until somebody looks: attributes, layouts, literals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from graphs.errors import DamagedSource, UnsupportedFeature, quoted
from graphs.ir import Facts
from graphs.tensor_type import DTYPE_BITS, TensorType
from importers.fact_text import MAX_CHARS, MAX_FACTS, cut
from importers.hlo_text import FORMAT, Computation, split_attributes, unescaped
from importers.hlo_types import ShapeTable

MAX_FRAMES = 32

_COMMENT = re.compile(r"/\*[^*]*\*/")
_NUMBER = re.compile(r"\([^()]*\)|[^\s{}(),]+")
_METADATA = re.compile(r'(\w+)=("[^"\\]*(?:\\.[^"\\]*)*"|\{[^{}]*\}|[^\s{}]+)')
_FIELD = re.compile(r"(\w+)=(\d{1,9})")

Tables = Mapping[str, Mapping[int, str]]


class HloSource:
    """The on-demand side of one computation read from text; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    computation : Computation
    tables : mapping
        Tables of stack frames.
    name : str
        Name of the file.
    """

    def __init__(self, computation: Computation, tables: Tables, name: str) -> None:
        self._computation = computation
        self._tables = tables
        self._name = name

    def attributes(self, node: int) -> Facts:
        """Return the attributes of an instruction, metadata spread out."""
        computation = self._computation
        if node >= len(computation.names):
            return []
        facts: Facts = []
        opcode, inner = computation.opcodes[node], computation.inner[node]
        if opcode == "parameter":
            facts.append(("parameter", cut(inner.strip())))
        elif opcode == "constant":
            facts.append(("value", cut(inner.strip()[: 2 * MAX_CHARS])))
        for key, value in split_attributes(computation.details[node])[:MAX_FACTS]:
            if key == "metadata":
                facts += self._metadata(value)
            else:
                facts.append((cut(key), cut(_plain(value))))
        return facts

    def value_facts(self, value: int) -> Facts:
        """Return the shape as HLO writes it, with its layout."""
        return [("shape", cut(self._computation.shapes[value]))]

    def group_attributes(self, namespace: int) -> Facts:
        """Return nothing: HLO says nothing of groups."""
        return []

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the literal of a constant; None where the text leaves it out.

        Raises
        ------
        DamagedSource
            The literal has more or fewer elements than its shape.
        UnsupportedFeature
            It is a tuple, or of a type without elements.
        """
        computation = self._computation
        if node >= len(computation.names) or computation.opcodes[node] != "constant":
            return None
        text = computation.inner[node]
        if "..." in text:
            return None
        return literal(text, ShapeTable().type(computation.shapes[node]), self._name)

    def _metadata(self, text: str) -> Facts:
        pairs = {key: _plain(value) for key, value in _METADATA.findall(text[1:-1])}
        facts = [(key, cut(pairs[key])) for key in ("op_type", "op_name") if pairs.get(key)]
        if pairs.get("source_file"):
            line = pairs.get("source_line", "")
            facts.append(("source", cut(f"{pairs['source_file']}:{line}".rstrip(":"))))
        frame = pairs.get("stack_frame_id", "")
        if frame.isascii() and frame.isdigit() and len(frame) < 10:
            facts += self._frames(int(frame))
        return facts

    def _frames(self, frame: int) -> Facts:
        """Return the source line of a stack frame, and the calls that led to it."""
        lines: list[str] = []
        while frame and len(lines) < MAX_FRAMES:
            fields = self._row("StackFrames", frame)
            place = self._row("FileLocations", fields.get("file_location_id", 0))
            file = _plain(self._tables.get("FileNames", {}).get(place.get("file_name_id", 0), ""))
            name = _plain(
                self._tables.get("FunctionNames", {}).get(place.get("function_name_id", 0), "")
            )
            if not file:
                break
            lines.append(f"{file}:{place.get('line', 0)}" + (f" in {name}" if name else ""))
            parent = fields.get("parent_frame_id", 0)
            frame = parent if parent != frame else 0
        facts = [("source", cut(lines[0]))] if lines else []
        return facts + ([("stack", cut(" ← ".join(lines)))] if len(lines) > 1 else [])

    def _row(self, table: str, number: int) -> dict[str, int]:
        text = self._tables.get(table, {}).get(number, "")
        return {key: int(value) for key, value in _FIELD.findall(text)}


def _plain(value: str) -> str:
    """Return a value without the quotes of a string."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return unescaped(value[1:-1])
    return value


def literal(text: str, type: TensorType, name: str) -> NDArray[np.generic]:
    """Return the array that a literal writes, e.g. ``{ { 1, 2 }, { 3, 4 } }``.

    Raises
    ------
    DamagedSource
        It has more or fewer elements than `type`, or one that is no number.
    UnsupportedFeature
        The type has no elements of a fixed size.
    """
    count = type.n_elements
    if count is None or type.shape is None or type.dtype not in DTYPE_BITS:
        raise UnsupportedFeature(name, f"a literal of type {quoted(type)}", format=FORMAT)
    words = _NUMBER.findall(_COMMENT.sub("", text))
    if len(words) != count:
        reason = f"a literal of {count:,} elements has {len(words):,}"
        raise DamagedSource(name, reason, format=FORMAT)
    return from_words(words, type, name)


def from_words(words: Sequence[str], type: TensorType, name: str) -> NDArray[np.generic]:
    """Return numbers that are written as text, in the shape of `type`."""
    dtype = numpy_dtype(type.dtype)
    shape = tuple(size for size in type.shape or () if isinstance(size, int))
    try:
        if dtype.kind == "b":
            return np.array([w in ("true", "1") for w in words], dtype).reshape(shape)
        if dtype.kind == "c":
            return np.array([_complex(w) for w in words], dtype).reshape(shape)
        if type.dtype.startswith(("int", "uint")):
            return np.array([int(w) for w in words], np.int64 if type.dtype != "uint64" else dtype
                            ).astype(dtype).reshape(shape)  # fmt: skip
        return np.array([float(w) for w in words], np.float64).astype(dtype).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise DamagedSource(name, "a literal holds what is no number", format=FORMAT) from error


def numpy_dtype(name: str) -> np.dtype[np.generic]:
    """Return the NumPy type of one of our names, from `ml_dtypes` where NumPy lacks it."""
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        found: np.dtype[np.generic] = np.dtype(getattr(ml_dtypes, name))
        return found


def _complex(word: str) -> complex:
    real, _, imaginary = word.strip("()").partition(",")
    return complex(float(real), float(imaginary or 0))
