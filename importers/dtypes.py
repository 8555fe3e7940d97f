"""Element type codes of the file formats, as the names of `graphs.tensor_type`.

A format whose codes are numbers has its table here, so that one place shows
that all of them end in one vocabulary. Imports no format.
"""

from __future__ import annotations

# TensorProto.DataType of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
ONNX_DTYPES: dict[int, str] = {
    0: "",
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8_e4m3fn",
    18: "float8_e4m3fnuz",
    19: "float8_e5m2",
    20: "float8_e5m2fnuz",
    21: "uint4",
    22: "int4",
    23: "float4_e2m1fn",
    24: "float8_e8m0fnu",
    25: "uint2",
    26: "int2",
    27: "float6_e2m3fn",
    28: "float6_e3m2fn",
}
