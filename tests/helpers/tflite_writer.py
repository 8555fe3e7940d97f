"""Write small TFLite files for tests, through the code that FlatBuffers generates from the schema.

An oracle for the reader: it knows the schema from another source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import flexbuffers

FLOAT32, INT32, INT8, STRING, INT4 = 0, 2, 9, 5, 17


@dataclass
class Tensor:
    """A tensor; `data` makes it a constant."""

    name: str
    shape: tuple[int, ...] = (1, 4)
    type: int = FLOAT32
    data: bytes | None = None
    extra: dict[str, Any] = field(default_factory=dict)  # further fields of TensorT


@dataclass
class Operator:
    """An operator: a builtin code or a custom name, tensor indices, an options object."""

    code: int | str
    inputs: list[int]
    outputs: list[int]
    options: Any = None  # an XxxOptionsT
    custom: bytes = b""
    version: int = 1


@dataclass
class Subgraph:
    """A subgraph: tensors, operators, and which tensors go in and out."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: list[int]
    outputs: list[int]
    name: str = "main"


def tflite_bytes(
    graphs: list[Subgraph],
    *,
    signatures: list[tuple[str, int, dict[str, int], dict[str, int]]] = (),  # type: ignore[assignment]
    metadata: dict[str, bytes] | None = None,
    **fields: Any,
) -> bytes:
    """Return the bytes of a model.

    Parameters
    ----------
    graphs : list of Subgraph
    signatures : list of (key, subgraph, inputs, outputs)
        Names to tensor indices.
    metadata : dict
        Name -> content of its buffer.
    **fields
        Further fields of ModelT.
    """
    model = schema.ModelT()
    model.version = 3
    model.description = "made for a test"
    model.buffers = [schema.BufferT()]
    model.operatorCodes = []
    codes: dict[tuple[int | str, int], int] = {}
    model.subgraphs = [_subgraph(model, one, codes) for one in graphs]
    model.signatureDefs = [_signature(*one) for one in signatures]
    model.metadata = [_metadata(model, *one) for one in (metadata or {}).items()]
    for name, value in fields.items():
        setattr(model, name, value)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _buffer(model: Any, data: bytes) -> int:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(data, np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def _metadata(model: Any, name: str, data: bytes) -> Any:
    entry = schema.MetadataT()
    entry.name, entry.buffer = name, _buffer(model, data)
    return entry


def _signature(key: str, graph: int, inputs: dict[str, int], outputs: dict[str, int]) -> Any:
    found = schema.SignatureDefT()
    found.signatureKey, found.subgraphIndex = key, graph
    found.inputs, found.outputs = [
        [_map(name, tensor) for name, tensor in side.items()] for side in (inputs, outputs)
    ]
    return found


def _map(name: str, tensor: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, tensor
    return entry


def _subgraph(model: Any, spec: Subgraph, codes: dict[tuple[int | str, int], int]) -> Any:
    graph = schema.SubGraphT()
    graph.name, graph.inputs, graph.outputs = spec.name, spec.inputs, spec.outputs
    graph.tensors = [_tensor(model, one) for one in spec.tensors]
    graph.operators = [_operator(model, one, codes) for one in spec.operators]
    return graph


def _tensor(model: Any, spec: Tensor) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = spec.name, list(spec.shape), spec.type
    tensor.hasRank = True
    tensor.buffer = 0 if spec.data is None else _buffer(model, spec.data)
    for name, value in spec.extra.items():
        setattr(tensor, name, value)
    return tensor


def _operator(model: Any, spec: Operator, codes: dict[tuple[int | str, int], int]) -> Any:
    key = (spec.code, spec.version)
    if key not in codes:
        codes[key] = len(model.operatorCodes)
        model.operatorCodes.append(_code(*key))
    operator = schema.OperatorT()
    operator.opcodeIndex = codes[key]
    operator.inputs, operator.outputs = spec.inputs, spec.outputs
    if spec.options is not None:
        name = type(spec.options).__name__.removesuffix("T")
        if hasattr(schema.BuiltinOptions, name):
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
            operator.builtinOptions = spec.options
        else:
            operator.builtinOptions2Type = getattr(schema.BuiltinOptions2, name)
            operator.builtinOptions2 = spec.options
    if spec.custom:
        operator.customOptions = list(spec.custom)
    return operator


def _code(code: int | str, version: int) -> Any:
    found = schema.OperatorCodeT()
    found.version = version
    number = schema.BuiltinOperator.CUSTOM if isinstance(code, str) else code
    found.builtinCode, found.deprecatedBuiltinCode = number, min(number, 127)
    if isinstance(code, str):
        found.customCode = code
    return found


def quantization(scale: list[float], zero_point: list[int], dimension: int = 0) -> Any:
    """Return a QuantizationParametersT."""
    found = schema.QuantizationParametersT()
    found.scale, found.zeroPoint, found.quantizedDimension = scale, zero_point, dimension
    return found


def flexbuffer(value: Any) -> bytes:
    """Return a FlexBuffer of a dict, a list or a scalar."""
    return bytes(flexbuffers.Dumps(value))


def small_model(**fields: Any) -> bytes:
    """Return a model of two operators in two namespaces, with a signature and a constant."""
    options = schema.Conv2DOptionsT()
    options.strideW = options.strideH = 2
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU6
    weights = Tensor("block/conv/weights", (1, 4), data=bytes(range(16)))
    return tflite_bytes(
        [
            Subgraph(
                [
                    Tensor("x", extra={"shapeSignature": [-1, 4]}),
                    weights,
                    Tensor("block/relu/Relu;block/conv/Conv2D", extra=_quantized()),
                    Tensor("head/add"),
                ],
                [
                    Operator(schema.BuiltinOperator.CONV_2D, [0, 1, -1], [2], options, version=3),
                    Operator(schema.BuiltinOperator.ADD, [2, 2], [3]),
                ],
                [0],
                [3],
            )
        ],
        signatures=[("serve", 0, {"image": 0}, {"scores": 3})],
        metadata={"min_runtime_version": b"1.14.0\0\0"},
        **fields,
    )


def _quantized() -> dict[str, Any]:
    return {"quantization": quantization([0.5, 0.25], [0, -3], 1)}
