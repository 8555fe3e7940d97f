"""The table of cost rules: op type -> what a call of it does.

Names that mean one thing in every format are looked up by their plain name
(`measures.cost_elements`); contractions by the format's own name, for the same kernel
lies with other axes in each. An op type that is in no table has no cost: unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from measures import cost_contractions as c
from measures import cost_elements as e
from measures.cost_call import Call


class Work(NamedTuple):
    """What one call does: arithmetic operations, and multiply-accumulates among them."""

    flops: int
    macs: int


Rule = Callable[[Call], Work]

_ONNX: dict[str, c.Count] = {
    "Gemm": c.gemm, "MatMul": c.matmul(), "MatMulInteger": c.matmul(),
    "QLinearMatMul": c.matmul(0, 3), "QGemm": c.gemm, "FusedMatMul": c.matmul(),
    "FusedGemm": c.gemm, "TransposeMatMul": c.matmul(), "DynamicQuantizeMatMul": c.matmul(),
    "MatMulIntegerToFloat": c.matmul(), "MatMulNBits": c.bits_matmul, "Einsum": c.einsum,
    "Conv": c.convolution(), "FusedConv": c.convolution(), "NhwcFusedConv": c.convolution(),
    "ConvInteger": c.convolution(), "QLinearConv": c.convolution(3),
    "ConvTranspose": c.transposed(), "Attention": c.attention_onnx,
    "com.microsoft.Attention": c.attention_projected,
    "com.microsoft.MultiHeadAttention": c.attention_packed,
    "LSTM": c.recurrent(1, 2), "GRU": c.recurrent(1, 2), "RNN": c.recurrent(1, 2),
}  # fmt: skip

_TFLITE: dict[str, c.Count] = {
    "FULLY_CONNECTED": c.dense(), "BATCH_MATMUL": c.matmul(),
    "CONV_2D": c.convolution(), "CONV_3D": c.convolution(out_axis=-1),
    "DEPTHWISE_CONV_2D": c.depthwise(2, first=True),
    "TRANSPOSE_CONV": c.transposed(2, 1, in_axis=-1),
    "CONV_3D_TRANSPOSE": c.transposed(2, 1, in_axis=-1),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": c.recurrent(1, 16),
    "UNIDIRECTIONAL_SEQUENCE_RNN": c.recurrent(1, 2),
    "SVDF": c.svdf,
}  # fmt: skip

_TENSORFLOW: dict[str, c.Count] = {
    "BatchMatMul": c.matmul(), "BatchMatMulV2": c.matmul(), "BatchMatMulV3": c.matmul(),
    "_FusedMatMul": c.matmul(), "_FusedConv2D": c.convolution(out_axis=-1),
    "Conv2D": c.convolution(out_axis=-1), "Conv3D": c.convolution(out_axis=-1),
    "DepthwiseConv2dNative": c.depthwise(2),
    "Conv2DBackpropInput": c.transposed(2, 1, in_axis=-1),
    "Conv3DBackpropInputV2": c.transposed(2, 1, in_axis=-1),
}  # fmt: skip

_KERAS: dict[str, c.Count] = {
    "Dense": c.dense(out_axis=-1), "Conv1D": c.convolution(out_axis=-1),
    "DepthwiseConv1D": c.depthwise(2), "DepthwiseConv2D": c.depthwise(2),
    "SeparableConv1D": c.separable, "SeparableConv2D": c.separable,
    "Conv1DTranspose": c.transposed(in_axis=-1), "Conv2DTranspose": c.transposed(in_axis=-1),
    "Conv3DTranspose": c.transposed(in_axis=-1), "MultiHeadAttention": c.attention_keras,
    "SimpleRNN": c.recurrent_keras, "Bidirectional": c.recurrent_keras,
}  # fmt: skip

_ATEN: dict[str, c.Count] = {
    "mm": c.gemm, "bmm": c.matmul(), "matmul": c.matmul(), "linear": c.dense(),
    "addmm": c.matmul(1, 2), "baddbmm": c.matmul(1, 2), "addmv": c.matmul(1, 2),
    "mv": c.matmul(), "dot": c.plain_dot, "_int_mm": c.gemm, "_scaled_mm": c.gemm,
    "convolution": c.aten_convolution, "_convolution": c.aten_convolution,
    "conv1d": c.convolution(), "conv2d": c.convolution(), "conv3d": c.convolution(),
    "conv_transpose1d": c.transposed(), "conv_transpose2d": c.transposed(),
    "conv_transpose3d": c.transposed(),
    "scaled_dot_product_attention": c.attention(),
    "_scaled_dot_product_flash_attention": c.attention(),
    "_scaled_dot_product_flash_attention_for_cpu": c.attention(),
    "_scaled_dot_product_efficient_attention": c.attention(),
    "_scaled_dot_product_cudnn_attention": c.attention(),
    "lstm": c.recurrent(3), "gru": c.recurrent(2), "rnn_tanh": c.recurrent(2),
    "rnn_relu": c.recurrent(2), "einsum": c.einsum,
}  # fmt: skip

_HLO: dict[str, c.Count] = {
    "dot": c.hlo_dot, "convolution": c.hlo_convolution,
    "stablehlo.dot": c.plain_dot, "stablehlo.dot_general": c.hlo_dot,
    "stablehlo.convolution": c.hlo_convolution, "mhlo.dot": c.plain_dot,
    "mhlo.dot_general": c.hlo_dot, "mhlo.convolution": c.hlo_convolution,
    "ttir.conv2d": c.convolution(), "ttir.matmul": c.matmul(), "ttir.linear": c.matmul(),
}  # fmt: skip

_RESIZES = frozenset({"resize", "upsample", "resizebilinear", "upsamplebilinear2d", "upsample2d",
                      "upsampling2d", "upsampling1d"})  # fmt: skip
_PREFIXES = ("com.microsoft.nchwc.", "com.microsoft.", "com.ms.internal.nhwc.")


@lru_cache(maxsize=4096)
def rule_of(op_type: str) -> Rule | None:
    """Return what tells the work of an op type; None where it is not known."""
    count = _contraction(op_type)
    if count is not None:
        return _twice(count)
    name = e.plain_name(op_type)
    if name in e.MOVES:
        return lambda call: Work(0, 0)
    operations = _operations(name)
    return None if operations is None else lambda call: Work(operations(call), 0)


def _contraction(op_type: str) -> c.Count | None:
    for known in (_ONNX, _TENSORFLOW, _KERAS, _HLO, _TFLITE):
        if op_type in known:
            return known[op_type]
    if op_type.startswith(("aten.", "aten::")):
        name = op_type[4:].lstrip(".:").partition(".")[0]
        return _ATEN.get(name)
    for prefix in _PREFIXES:
        if op_type.startswith(prefix):
            return _ONNX.get(op_type.removeprefix(prefix))
    return _TFLITE.get(op_type.upper()) if "_" in op_type else None  # Model Explorer's spelling


def _operations(name: str) -> Callable[[Call], int] | None:
    if name in e.POINTWISE:
        return e.pointwise
    if name in e.VARIADIC:
        return e.variadic
    if name in e.REDUCTIONS:
        return e.reduction
    if name in e.POOLS:
        return e.pool
    if name in _RESIZES:
        return e.resize
    if name in e.PER_ELEMENT:
        each = e.PER_ELEMENT[name]
        return lambda call: each * call.n_in
    return None


def _twice(count: c.Count) -> Rule:
    def work(call: Call) -> Work:
        macs = count(call)
        return Work(2 * macs, macs)

    return work
