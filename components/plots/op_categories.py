"""Op categories: what sort of work an op type does, for accents and small labels.

One table of words serves ONNX (``BatchNormalization``), TFLite (``CONV_2D``),
TensorFlow (``FusedBatchNormV3``), StableHLO (``stablehlo.dot_general``) and
PyTorch (``aten.mul.Tensor``). This module imports nothing of ours.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

OP_CATEGORIES = (
    "convolution",
    "matrix product",
    "attention",
    "recurrent",
    "normalization",
    "activation",
    "pooling and resizing",
    "elementwise",
    "reduction",
    "shape",
    "quantization",
    "control flow",
    "input and output",
    "constant",
    "indexing",
    "other",
)
# Readable as a thin edge on light and on dark.
_COLORS = (
    "#3b76d6",
    "#5a9bf0",
    "#8b5cf6",
    "#c026d3",
    "#0f9f8f",
    "#f59e0b",
    "#22b8cf",
    "#e2724b",
    "#b45309",
    "#7d8794",
    "#e11d72",
    "#64748b",
    "#16a34a",
    "#a8a29e",
    "#84a317",
    "#94a3b8",
)
_OTHER = len(OP_CATEGORIES) - 1


class _Rule(NamedTuple):
    """Words, separated by spaces, that an op type's bare name is, starts with or contains."""

    category: str
    exact: str = ""
    prefix: str = ""
    within: str = ""


# In the order in which they are tried: the more telling word first ("QLinearConv" is a
# convolution, "DynamicQuantizeMatMul" a matrix product).
_RULES = (
    _Rule("shape", prefix="convert cast bitcast"),
    _Rule(
        "input and output",
        exact="input inputs output outputs graphinput graphoutput parameter placeholder return",
    ),
    _Rule("attention", exact="mha", within="attention sdpa flashattn rotaryemb"),
    _Rule(
        "constant",
        exact="fill full fulllike zeros ones zeroslike oneslike getattr weight initializer",
        prefix="const iota random",
    ),
    _Rule("recurrent", exact="gru grucell", within="lstm rnn bidirectionalgru"),
    _Rule("convolution", within="conv im2col col2im"),
    _Rule(
        "matrix product",
        exact="mm bmm mv linear dense bilinear addmm addmv baddbmm innerproduct",
        prefix="dot",
        within="matmul gemm fullyconnected einsum batchdot",
    ),
    _Rule("quantization", within="quant qdq"),
    _Rule("normalization", exact="lrn", within="norm localresponse"),
    _Rule(
        "pooling and resizing",
        prefix="pixelshuffle",
        within="pool resize upsample interpolate gridsample roialign",
    ),
    _Rule(
        "activation",
        exact="erf tanh elu selu celu gelu glu mish dropout hardtanh hardshrink softshrink",
        prefix="gelu elu",
        within="relu sigmoid softmax softplus softsign swish silu logistic activation",
    ),
    _Rule(
        "control flow",
        exact="if loop scan while case call callonce cond loopcond for switch merge enter exit"
        " nextiteration partitionedcall statefulpartitionedcall statelessif statelesswhile",
    ),
    _Rule(
        "reduction",
        exact="sum mean amax amin prod argmax argmin any all logsumexp cumsum var std variance",
        prefix="reduce",
    ),
    _Rule(
        "indexing",
        exact="where take unique nonzero",
        prefix="select index",
        within="gather scatter embedding onehot topk lookup nonmaxsuppression",
    ),
    _Rule(
        "shape",
        exact="cat t to tile roll range arange identity pack chunk contiguous tocopy",
        prefix="pad view shape size clone copy repeat unpack reverse",
        within="reshape transpose permute squeeze concat stack slice split flatten expand"
        " broadcast depthtospace spacetodepth spacetobatch batchtospace",
    ),
    _Rule(
        "elementwise",
        exact="add addn sub rsub subtract mul multiply div divide floordiv truediv realdiv pow"
        " power exp exponential expm1 log log1p abs neg negative negate sqrt rsqrt square"
        " squareddifference reciprocal max min maximum minimum clip clamp floor ceil round sign"
        " sin cos tan mod fmod floormod remainder not and or xor equal notequal greater"
        " greaterequal greaterorequal less lessequal lessorequal lt le gt ge eq ne compare"
        " isnan isinf biasadd",
        prefix="logical bitwise",
    ),
)
_QUALIFIER = re.compile(r"^.*(?:::|/)")
_OVERLOADS = frozenset(
    ["default", "tensor", "scalar", "int", "dim", "out", "self", "using_ints", "vec", "mode"]
)


@lru_cache(maxsize=4096)
def op_category(op_type: str) -> int:
    """Return the index in `OP_CATEGORIES` of an op type.

    A name that no rule knows (a custom operator) is the last, ``"other"``.
    """
    name = bare_name(op_type)
    for rule in _RULES:
        if (
            name in rule.exact.split()
            or name.startswith(tuple(rule.prefix.split()))
            or any(word in name for word in rule.within.split())
        ):
            return OP_CATEGORIES.index(rule.category)
    return _OTHER


def bare_name(op_type: str) -> str:
    """Return the letters and digits of an op type without domain, overload and version.

    ``aten.mul.Tensor`` gives ``mul``, ``FusedBatchNormV3`` gives ``fusedbatchnorm``.
    """
    parts = _QUALIFIER.sub("", op_type[:256].strip()).split(".")
    while len(parts) > 1 and (parts[-1].lower() in _OVERLOADS or not parts[-1]):
        parts.pop()
    name = re.sub(r"[^a-z0-9]", "", parts[-1].lower())
    return re.sub(r"v\d+$", "", name)


def op_category_color(category: int) -> str:
    """Return the accent colour ``#rrggbb`` of a category."""
    return _COLORS[category]
