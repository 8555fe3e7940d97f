"""Operations a call does beside contractions: an exact few for each element.

The counts are conventions, the same for every format: one operation for each element
of a pointwise function, however a machine computes it, and for each element that a
reduction takes in. What only moves or makes data does none. `PER_ELEMENT` and
the sets are keyed by `plain_name`. Imports only `measures.cost_call`.
"""

from __future__ import annotations

import math
import re

from measures.cost_call import Call, Unknown

_DIALECT = re.compile(
    r"^(?:(?:stablehlo|mhlo|chlo|ttir|tosa|aten|prim|quantized_decomposed|com\.microsoft)(?:\.|::)"
    r"|Flex(?=[A-Z]))"
)
_NOT_WORD = re.compile(r"[^a-z0-9]")
_DIMENSIONS = re.compile(r"([123])d$")
_HLO_SIZE = re.compile(r"\bsize=(\d+(?:x\d+)*)")


def plain_name(op_type: str) -> str:
    """Return an op type without dialect, overload, case and signs: ``aten.add.Tensor`` is ``add``.

    Names of other namespaces keep them, so that nothing is taken for what it is not.
    """
    name = _DIALECT.sub("", op_type)
    if op_type.startswith(("aten.", "quantized_decomposed.")):
        name = name.partition(".")[0]
    return _NOT_WORD.sub("", name.lower()) if "." not in name else name


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MOVES = _words(
    """
    reshape transpose t mt numpyt matrixh adjoint permute permutedims swapaxes concat concatv2
    concatenate concatenation cat split splitv splitwithsizes chunk unbind unpack unstack pack
    stack slice stridedslice dynamicslice dynamicupdateslice slicescatter selectscatter gather
    gathernd gatherv2 index indexselect indexput embedding embeddinglookup resourcegather select
    selectv2 where maskedfill pad padv2 mirrorpad constantpadnd reflectpad zeropadding1d
    zeropadding2d zeropadding3d cropping1d cropping2d expand expandas expanddims unsqueeze
    squeeze flatten view viewas unsafeview asstrided clone contiguous copy identity identityn
    alias detach lift liftfreshcopy cast castlike convert converttype to tocopy type typeas
    bitcast bitcastconvert tile repeat repeatvector broadcast broadcastindim broadcastto
    broadcastinto dynamicbroadcastindim reverse reversev2 flip roll shape size rank symsize
    constantofshape fill full fulllike newfull newzeros newones zeros zeroslike ones oneslike
    empty emptylike arange range iota eyelike scalartensor scatter scatternd dropout
    alphadropout tuple gettupleelement getitem tupleconstruct tupleunpack tupleindex
    listconstruct listunpack getattr setattr device dim len assert asserttensormetadata noop
    readvariableop assignvariableop assign stopgradient optimizationbarrier depthtospace
    spacetodepth spacetobatchnd batchtospacend pixelshuffle channelshuffle trilu tril triu
    allgather alltoall collectivepermute partitionid replicaid afterall copystart copydone
    parameter constant const placeholder placeholderwithdefault resizenearestneighbor
    upsamplenearest2d inputlayer numtotensor int float bool
    """
)

POINTWISE = _words(
    """
    sub subtract div divide realdiv truediv truedivide floordiv floordivide divnonan mod
    remainder floormod fmod pow power neg negate negative abs sign ceil floor round
    roundnearesteven roundnearestafz trunc sqrt rsqrt cbrt reciprocal exp exp2 exponential expm1
    exponentialminusone log log2 log10 log1p logplusone sin sine cos cosine tan asin acos atan
    atan2 sinh cosh tanh asinh acosh atanh erf erfinv erfc sigmoid logistic logsigmoid relu
    relu6 relu0to1 relun1to1 leakyrelu prelu elu selu celu softplus softsign gelu fastgelu
    quickgelu biasgelu silu swish hardsigmoid hardswish hardtanh mish clip clamp clipbyvalue
    threshold thresholdedrelu square equal eq ne notequal lt less le lessequal lessorequal gt
    greater ge greaterequal greaterorequal compare and or xor not logicaland logicalor
    logicalnot logicalxor bitwiseand bitwiseor bitwisenot bitwisexor bitshift shiftleft
    shiftrightlogical shiftrightarithmetic isinf isnan isfinite activation biasadd rsub
    qlinearadd qlinearmul qlinearsigmoid qlinearleakyrelu
    """
)

# One operation for each further operand; where the output is smaller, one for each element of
# the input: the formats call a reduction and a sum of tensors by one name.
VARIADIC = _words(
    "add addv2 addn accumulaten sum max min mean average mul multiply maximum minimum"
)

REDUCTIONS = _words(
    """
    reducesum reducemean reducemax reducemin reduceprod reduceall reduceany reduce argmax argmin
    amax amin prod all any cumsum cumulativesum cumprod globalaveragepool globalmaxpool
    globalaveragepooling1d globalaveragepooling2d globalaveragepooling3d globalmaxpooling1d
    globalmaxpooling2d globalmaxpooling3d adaptiveavgpool1d adaptiveavgpool2d adaptiveavgpool3d
    adaptivemaxpool2d qlinearglobalaveragepool allreduce reducescatter logicalall
    """
)

POOLS = _words(
    """
    maxpool averagepool avgpool maxpoolv2 avgpool3d maxpool3d maxpool1d avgpool1d maxpool2d
    avgpool2d averagepool2d maxpooling1d maxpooling2d maxpooling3d averagepooling1d
    averagepooling2d averagepooling3d l2pool2d lppool reducewindow maxpool2dwithindices
    qlinearaveragepool
    """
)

# Operations for each element of the first input.
PER_ELEMENT = {
    "softmax": 5, "safesoftmax": 5, "logsoftmax": 5,  # greatest, difference, exp, sum, quotient
    # scale and shift, folded from the four statistics
    "batchnormalization": 2, "batchnorm": 2, "batchnorminference": 2, "fusedbatchnorm": 2,
    "fusedbatchnormv2": 2, "fusedbatchnormv3": 2, "nativebatchnormlegitnotraining": 2,
    # mean, difference, square, mean, quotient, scale, shift
    "layernormalization": 7, "layernorm": 7, "nativelayernorm": 7, "groupnormalization": 7,
    "groupnorm": 7, "nativegroupnorm": 7, "instancenormalization": 7, "instancenorm": 7,
    "batchnormtraining": 7, "skiplayernormalization": 8,
    "rmsnormalization": 4, "rmsnorm": 4, "fusedrmsnorm": 4, "simplifiedlayernormalization": 4,
    "skipsimplifiedlayernormalization": 5,
    "l2normalization": 3, "lpnormalization": 3, "unitnormalization": 3,
    "reducel1": 2, "reducel2": 2, "reducesumsquare": 2, "reducelogsumexp": 3, "logsumexp": 3,
    "reducelogsum": 1, "squareddifference": 2, "diff": 1,
    # scale, round, zero point; zero point, scale; both
    "quantizelinear": 3, "quantize": 3, "uniformquantize": 3, "quantizepertensor": 3,
    "quantizeperchannel": 3, "dynamicquantizelinear": 5,
    "dequantizelinear": 2, "dequantize": 2, "uniformdequantize": 2, "dequantizepertensor": 2,
    "dequantizeperchannel": 2, "fakequant": 5, "fakequantwithminmaxvars": 5,
}  # fmt: skip


def pointwise(call: Call) -> int:
    """Return one operation for each element of the output."""
    return call.n_out


def variadic(call: Call) -> int:
    """Return the operations of `VARIADIC`."""
    n_in, n_out = call.n_in, call.n_out
    return n_in if n_in > n_out else n_out * max(1, len(call.inputs) - 1)


def reduction(call: Call) -> int:
    """Return one operation for each element of the input."""
    return call.n_in


def pool(call: Call) -> int:
    """Return the elements of a window for each element of the output."""
    attributes = call.attributes()
    if "filter_height" in attributes:
        window = call.whole_numbers("filter_height") + call.whole_numbers("filter_width")
    elif found := _HLO_SIZE.search(attributes.get("window", "")):
        window = [int(size) for size in found.group(1).split("x")]
    else:
        names = ("kernel_shape", "pool_size", "ksize", "kernel_size", "kernel", "window_dimensions")
        window = call.whole_numbers(*names)
    dimensions = _DIMENSIONS.search(plain_name(call.op_type))
    if len(window) == 1 and dimensions:
        window = window * int(dimensions.group(1))
    if not window:
        raise Unknown
    return call.n_out * math.prod(window)


def resize(call: Call) -> int:
    """Return nothing for the nearest element, else three for each step of interpolation."""
    attributes = call.attributes()
    mode = attributes.get("mode", attributes.get("interpolation", "")).lower()
    if "nearest" in mode:
        return 0
    if "linear" not in mode and "linear" not in plain_name(call.op_type):
        raise Unknown
    n_axes = sum(a != b for a, b in zip(call.input(0), call.output(), strict=True))
    return call.n_out * 3 * ((1 << n_axes) - 1)
