"""Which op types of different formats do the same work, and which only move or rename data.

A table of plain data: a class of equivalent op types a row, each as its bare name (lower
case letters and digits, without domain, overload and version). Two nodes may be paired
across formats where their classes agree. Names follow the formats' own lists: ONNX
operators, TFLite's `schema.fbs`, TensorFlow's `OpDef`s, ATen, Keras and StableHLO.
Imports nothing of ours.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Class -> bare names. A name occurs once; a name in no row is a class of its own.
_CLASSES: dict[str, str] = {
    "convolution": "conv conv1d conv2d conv3d convolution convnd depthwiseconv2d depthwiseconv1d"
    " depthwiseconv2dnative separableconv2d fusedconv fusedconv2d qlinearconv convinteger",
    "transposed convolution": "convtranspose transposeconv conv2dtranspose conv1dtranspose"
    " conv2dbackpropinput convtranspose1d convtranspose2d",
    "matrix product": "matmul gemm fullyconnected dense linear addmm mm bmm batchmatmul dot"
    " dotgeneral matmulinteger qlinearmatmul qgemm fusedmatmul fusedgemm baddbmm einsum"
    " einsumdense unidirectionaldense",
    "normalization by batch": "batchnorm batchnorm1d batchnorm2d batchnormalization"
    " fusedbatchnorm batchnorminference nativebatchnorm nativebatchnormlegit"
    " nativebatchnormlegitnotraining cudnnbatchnorm",
    "normalization": "layernorm layernormalization nativelayernorm simplifiedlayernormalization"
    " rmsnorm rmsnormalization skiplayernormalization",
    "instance normalization": "instancenorm instancenormalization groupnorm groupnormalization",
    "bias": "biasadd",
    "addition": "add addn sum_of addmerge qlinearadd",
    "subtraction": "sub subtract rsub",
    "multiplication": "mul multiply qlinearmul",
    "division": "div divide realdiv truediv divnonan floordiv",
    "power": "pow power",
    "square": "square",
    "square root": "sqrt",
    "inverse square root": "rsqrt",
    "exponential": "exp exponential",
    "logarithm": "log",
    "negation": "neg negative negate",
    "magnitude": "abs absolute",
    "maximum": "max_of maximum",
    "minimum": "min_of minimum",
    "rectifier": "relu threshold",
    "rectifier to 6": "relu6 hardtanh",
    "leaky rectifier": "leakyrelu",
    "trained rectifier": "prelu",
    "clip": "clip clamp clipbyvalue",
    "sigmoid": "sigmoid logistic qlinearsigmoid",
    "hyperbolic tangent": "tanh",
    "gelu": "gelu fastgelu",
    "swish": "silu swish",
    "hard swish": "hardswish",
    "elu": "elu",
    "softmax": "softmax safesoftmax",
    "logarithm of softmax": "logsoftmax",
    "comparison: equal": "equal eq",
    "comparison: greater": "greater gt",
    "comparison: less": "less lt",
    "logical and": "and logicaland bitwiseand",
    "logical or": "or logicalor bitwiseor",
    "logical not": "not logicalnot bitwisenot",
    "choice": "where select selectv2",
    "sum": "sum reducesum",
    "mean": "mean reducemean globalaveragepool globalaveragepooling2d adaptiveavgpool2d",
    "largest": "max amax reducemax",
    "smallest": "min amin reducemin",
    "product": "prod reduceprod",
    "largest index": "argmax",
    "largest pooled": "maxpool maxpool1d maxpool2d maxpooling1d maxpooling2d",
    "mean pooled": "averagepool averagepool2d avgpool avgpool1d avgpool2d averagepooling2d"
    " qlinearaveragepool",
    "padding": "pad padv2 mirrorpad constantpadnd zeropadding2d reflectionpad1d reflectionpad2d",
    "concatenation": "concat concatenate concatenation cat qlinearconcat stack pack",
    "slice": "slice stridedslice dynamicslice",
    "split": "split splitv chunk splitwithsizes",
    "lookup": "gather gatherv2 gathernd embedding embeddinglookup indexselect resourcegather take",
    "resizing": "resize upsample resizenearestneighbor resizebilinear upsamplenearest2d"
    " upsamplebilinear2d upsampling2d interpolate",
    "long short-term memory": "lstm lstmcell unidirectionalsequencelstm cudnnrnn",
    "gated recurrence": "gru grucell",
    "shape": "shape size shapeof",
    "reshape": "reshape view unsafeview flatten squeeze unsqueeze expanddims viewcopy squeezedim",
    "transposition": "transpose permute swapaxes",
    "cast": "cast to tocopy totype convert convertelementtype",
    "quantize": "quantizelinear quantize quantizepertensor quantizeperchannel fakequantize"
    " quantizedecomposedquantizepertensor dynamicquantizelinear",
    "dequantize": "dequantizelinear dequantize dequantizepertensor dequantizeperchannel",
    "activation": "activation",
    "identity": "identity readvariableop stopgradient dropout nativedropout clone detach alias"
    " contiguous optimizationbarrier copy liftfreshcopy noop tupleconstruct tupleunpack"
    " tupleindex listconstruct listunpack data getitem",
    "constant": "constant const initializer varhandleop parameter getattr constantofshape_",
    "input": "input inputlayer placeholder",
    "output": "output",
}

# Classes that move, rename or re-encode data: what computes is found by looking through them.
TRANSPARENT = frozenset(
    ["reshape", "transposition", "cast", "quantize", "dequantize", "identity", "constant"]
)

QUANTIZING = frozenset(["quantize", "dequantize"])

# Classes that converters fold into the node before (or, for padding, after).
FOLDED_INTO_PRODUCER = frozenset(
    [
        "normalization by batch",
        "bias",
        "addition",
        "subtraction",
        "multiplication",
        "division",
        "activation",
        "rectifier",
        "rectifier to 6",
        "leaky rectifier",
        "clip",
        "sigmoid",
        "hyperbolic tangent",
        "swish",
        "hard swish",
        "elu",
        "softmax",
        "reshape",
        "transposition",
        "cast",
        "quantize",
        "dequantize",
        "identity",
    ]
)
# Of these, what becomes other numbers in the weights of the node before, and which nodes have any.
FOLDED_INTO_WEIGHTS = frozenset(
    [
        "normalization by batch",
        "bias",
        "addition",
        "subtraction",
        "multiplication",
        "division",
    ]
)
WEIGHTED = frozenset(["convolution", "transposed convolution", "matrix product"])
FOLDED_INTO_CONSUMER = frozenset(
    ["padding", "reshape", "transposition", "cast", "quantize", "dequantize", "identity", "square"]
)
COMMUTATIVE = frozenset(
    [
        "addition",
        "multiplication",
        "maximum",
        "minimum",
        "comparison: equal",
        "logical and",
        "logical or",
    ]
)

_CLASS_OF = {name: row for row, names in _CLASSES.items() for name in names.split()}
_QUALIFIER = re.compile(r"^.*(?:::|/)")
_OVERLOADS = frozenset(["default", "tensor", "scalar", "int", "dim", "out", "self", "using_ints"])
_MAX_CHARS = 256


@lru_cache(maxsize=4096)
def op_class(op_type: str) -> str:
    """Return the class of an op type; its own bare name where no row knows it.

    ``Conv``, ``CONV_2D``, ``aten.conv2d.default`` and ``stablehlo.convolution`` give
    ``"convolution"``.
    """
    name = bare_name(op_type)
    return _CLASS_OF.get(name) or name or op_type[:_MAX_CHARS]


def bare_name(op_type: str) -> str:
    """Return the letters and digits of an op type without domain, overload and version."""
    parts = _QUALIFIER.sub("", op_type[:_MAX_CHARS].strip()).split(".")
    while len(parts) > 1 and (not parts[-1] or parts[-1].lower() in _OVERLOADS):
        parts.pop()
    name = re.sub(r"[^a-z0-9]", "", parts[-1].lower())
    return re.sub(r"v\d+$", "", name)
