"""Words of Model Explorer's JSON: reserved keys, labels with a meaning, types as text.

Format: https://github.com/google-ai-edge/model-explorer/wiki/6.-Develop-Adapter-Extension and
`model_explorer/graph_builder.py` there. Reader and writer share this module, so
that what one writes the other understands. Imports the columns' types only.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from graphs.ir import NodeKind
from graphs.tensor_type import DTYPE_BITS, UNKNOWN_TYPE, Dim, TensorType

TENSOR_NAME = "tensor_name"
TENSOR_SHAPE = "tensor_shape"
TENSOR_INDEX = "tensor_index"

# What our own files carry beyond the format. Model Explorer hides keys that begin with two
# underscores, and ignores keys that it does not know.
RESERVED = "__opscope"
KIND = "__opscope_kind"
OP_TYPE = "__opscope_op"  # where the label is not the op type
NAMESPACE = "__opscope_namespace"  # where the format would read the namespace differently
CONTROL = "__opscope_control"  # positions of the incoming edges that carry no data
TYPE = "__opscope_type"  # where the shape's text would be read differently

_INPUT_LABELS = frozenset({"graphinputs", "graphinput", "input", "inputs", "placeholder"})
_OUTPUT_LABELS = frozenset({"graphoutputs", "graphoutput", "output", "outputs"})
_CONSTANT_LABELS = frozenset(
    {"const", "constant", "pseudoconst", "pseudoqconst", "pseudosparseconst", "initializer"}
)

_MLIR_DTYPES = {
    "i1": "bool",
    "index": "int64",
    "bf16": "bfloat16",
    "complex<f32>": "complex64",
    "complex<f64>": "complex128",
    "str": "string",
    "!tf_type.string": "string",
}
_MLIR_NUMBER = re.compile(r"^(f|i|si|ui)(\d+)$")
_MLIR_FLOAT8 = re.compile(r"^f(4|6|8)(E\dM\d\w*)$")
_MLIR_STEMS = {"f": "float", "i": "int", "si": "int", "ui": "uint"}
_BRACKETS = re.compile(r"^([^\[\]<>]*)\[(.*)\]$", re.DOTALL)
_MLIR_DIM = re.compile(r"^(\d+|\?|-1)x")
_MAX_TYPE_CHARS = 4096
_MAX_DIM_DIGITS = 18


def guess_kind(label: str, *, has_inputs: bool, has_outputs: bool) -> NodeKind:
    """Return what a node of a foreign file is, by its label and its edges.

    A label alone proves nothing: a node is a graph input or a constant only if
    no edge enters it, and a graph output only if none leaves it.
    """
    word = label.rpartition(".")[2].replace("_", "").replace(" ", "").lower()
    if word in _CONSTANT_LABELS and not has_inputs:
        return NodeKind.CONSTANT
    if word in _INPUT_LABELS and not has_inputs:
        return NodeKind.INPUT
    if word in _OUTPUT_LABELS and not has_outputs:
        return NodeKind.OUTPUT
    return NodeKind.OPERATOR


@lru_cache(maxsize=4096)
def parse_type(text: str) -> TensorType:
    """Return the type that a `tensor_shape` states.

    Understands ``float32[1,?,3]``, ``1x?x3xf32`` and ``tensor<1x?x3xf32>``; any
    other text becomes a dtype without a shape.
    """
    text = text.strip().strip("\"'").strip()
    if not text or text == "?" or len(text) > _MAX_TYPE_CHARS:
        return UNKNOWN_TYPE
    if text.startswith("tensor<") and text.endswith(">"):
        return _parse_mlir(text[len("tensor<") : -1])
    found = _BRACKETS.match(text)
    if found is None:
        return _parse_mlir(text)
    dtype, inside = found[1].strip(), found[2].strip()
    dims = tuple(_dim(part.strip()) for part in inside.split(",")) if inside else ()
    return TensorType("" if dtype == "?" else _dtype(dtype), dims)


def _parse_mlir(text: str) -> TensorType:
    rest, _, _encoding = text.partition(", ")
    if rest.startswith("*x"):
        return TensorType(_dtype(rest[2:]))
    dims: list[Dim] = []
    while (found := _MLIR_DIM.match(rest)) is not None:
        dims.append(_dim(found[1]))
        rest = rest[found.end() :]
    dtype = _dtype(rest)
    is_ranked = bool(dims) or (dtype != rest and dtype in DTYPE_BITS)
    return TensorType(dtype, tuple(dims) if is_ranked else None)


def _dim(text: str) -> Dim:
    if text in ("?", "-1", ""):
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= _MAX_DIM_DIGITS
    return int(text) if is_number else text


def _dtype(text: str) -> str:
    if text in _MLIR_DTYPES:
        return _MLIR_DTYPES[text]
    number = _MLIR_NUMBER.match(text)
    if number is not None:
        return _MLIR_STEMS[number[1]] + number[2]
    small = _MLIR_FLOAT8.match(text)
    return f"float{small[1]}_{small[2].lower()}" if small is not None else text


def type_attributes(type: TensorType) -> list[tuple[str, str]]:
    """Return the metadata that carry a type, exactly: the text, and the facts where it lies."""
    if type == UNKNOWN_TYPE:
        return []
    found = [(TENSOR_SHAPE, str(type))]
    if parse_type(str(type)) != type:
        found.append((TYPE, json.dumps([type.dtype, type.shape])))
    return found


def stored_type(text: str) -> TensorType | None:
    """Return the type that `type_attributes` stored; None where the text is none of ours."""
    if len(text) > _MAX_TYPE_CHARS:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    match found:
        case [str(dtype), None]:
            return TensorType(dtype)
        case [str(dtype), list(dims)] if all(_is_dim(d) for d in dims):
            return TensorType(dtype, tuple(dims))
    return None


def _is_dim(dim: object) -> bool:
    return dim is None or isinstance(dim, str) or type(dim) is int
