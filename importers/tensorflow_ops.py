"""What TensorFlow's operations give: the number and the dtypes of their outputs.

A SavedModel brings the definitions of its operations; a GraphDef does not. The
table here, in words of our own, holds those that occur in inference graphs, as
https://www.tensorflow.org/api_docs/python/tf/raw_ops documents them. What is in
neither is guessed from attributes. Imports no framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from importers.dtypes import TENSORFLOW_DTYPES

MAX_CLAIMED = 16  # outputs that a number alone may claim; more are there if something reads them
MAX_OUTPUTS = 1 << 20


@dataclass(frozen=True, slots=True)
class Output:
    """One output argument of an operation, which may stand for several tensors.

    Attributes
    ----------
    name : str
    dtype : str
        Fixed, or the default where `type_attr` is not stated.
    type_attr, number_attr, list_attr : str
        Attributes that give the dtype, how many tensors, and the dtypes of all; may be empty.
    number : int
        The default where `number_attr` is not stated.
    """

    name: str
    dtype: str = ""
    type_attr: str = ""
    number_attr: str = ""
    list_attr: str = ""
    number: int = 1


Operations = Mapping[str, tuple[Output, ...]]

_BOOLS = (
    "Equal NotEqual Less LessEqual Greater GreaterEqual ApproximateEqual IsNan IsInf IsFinite "
    "LogicalAnd LogicalOr LogicalNot All Any LoopCond InTopK InTopKV2 IsVariableInitialized "
    "VarIsInitializedOp"
)
_NOTHING = (
    "NoOp Assert SaveV2 SaveSlices Save MergeV2Checkpoints ControlTrigger AssignVariableOp "
    "AssignAddVariableOp AssignSubVariableOp DestroyResourceOp InitializeTableV2 "
    "InitializeTableFromTextFileV2 LookupTableImportV2 LookupTableInsertV2 ResourceApplyAdam "
    "ResourceApplyGradientDescent ResourceScatterUpdate ResourceScatterAdd WriteScalarSummary"
)
_RESOURCES = "VarHandleOp HashTableV2 MutableHashTableV2 MutableDenseHashTableV2"
_STRINGS = (
    "AsString StringJoin ReduceJoin Substr StringLower StringUpper StringStrip EncodeJpeg "
    "EncodePng ReadFile ShardedFilename StaticRegexReplace RegexReplace EncodeBase64 DecodeBase64 "
    "StringFormat UnicodeEncode MergeSummary ScalarSummary"
)
# op | outputs; an output is name:attr of its dtype, name:=dtype, name:attr=default,
# name:number*attr, or name:[attr] of a list of dtypes.
_ROWS = """
ArgMax | output:output_type=int64
ArgMin | output:output_type=int64
Bitcast | output:type
BroadcastGradientArgs | r0:T r1:T
Cast | y:DstT
CropAndResize | crops:=float32
CudnnRNN | output:T output_h:T output_c:T reserve_space:T
DecodeJpeg | image:=uint8
DecodePng | image:dtype=uint8
Dequantize | output:dtype=float32
DynamicPartition | outputs:num_partitions*T
FusedBatchNorm | y:T batch_mean:T batch_variance:T reserve_space_1:T reserve_space_2:T
FusedBatchNormV2 | y:T batch_mean:U=float32 batch_variance:U=float32 reserve_space_1:U=float32 reserve_space_2:U=float32
FusedBatchNormV3 | y:T batch_mean:U=float32 batch_variance:U=float32 reserve_space_1:U=float32 reserve_space_2:U=float32 reserve_space_3:U=float32
Gather | output:Tparams
GatherNd | output:Tparams
GatherV2 | output:Tparams
IdentityN | output:[T]
If | output:[Tout]
StatelessIf | output:[Tout]
Case | output:[Tout]
StatelessCase | output:[Tout]
IFFT | output:Tcomplex=complex64
FFT | output:Tcomplex=complex64
RFFT | output:Tcomplex=complex64
IRFFT | output:Treal=float32
ComplexAbs | y:Tout=float32
Imag | output:Tout=float32
Real | output:Tout=float32
Complex | out:Tout=complex64
IteratorGetNext | components:[output_types]
ListDiff | out:T idx:out_idx=int32
LookupTableFindV2 | values:Tout
LookupTableSizeV2 | size:=int64
MatrixInverse | output:T
MaxPoolWithArgmax | output:T argmax:Targmax=int64
Merge | output:T value_index:=int32
NonMaxSuppression | selected_indices:=int32
NonMaxSuppressionV2 | selected_indices:=int32
NonMaxSuppressionV3 | selected_indices:=int32
NonMaxSuppressionV4 | selected_indices:=int32 valid_outputs:=int32
NonMaxSuppressionV5 | selected_indices:=int32 selected_scores:T valid_outputs:=int32
CombinedNonMaxSuppression | nmsed_boxes:=float32 nmsed_scores:=float32 nmsed_classes:=float32 valid_detections:=int32
OneHot | output:T
ParseExample | sparse_indices:Nsparse*=int64 sparse_values:[sparse_types] sparse_shapes:Nsparse*=int64 dense_values:[Tdense]
PartitionedCall | output:[Tout]
StatefulPartitionedCall | output:[Tout]
TPUPartitionedCall | output:[Tout]
PyFunc | output:[Tout]
QuantizeV2 | output:T output_min:=float32 output_max:=float32
QuantizedConv2D | output:out_type min_output:=float32 max_output:=float32
QuantizedMatMul | out:Toutput min_out:=float32 max_out:=float32
Range | output:Tidx=int32
RandomStandardNormal | output:dtype
RandomUniform | output:dtype
RandomUniformInt | output:Tout
TruncatedNormal | output:dtype
Rank | output:=int32
ReadVariableOp | value:dtype
ResizeArea | resized_images:=float32
ResizeBicubic | resized_images:=float32
ResizeBilinear | resized_images:=float32
ResourceGather | output:dtype
RestoreV2 | tensors:[dtypes]
Select | output:T
Shape | output:out_type=int32
ShapeN | output:N*out_type=int32
Size | output:out_type=int32
SoftmaxCrossEntropyWithLogits | loss:T backprop:T
SparseSoftmaxCrossEntropyWithLogits | loss:T backprop:T
Split | output:num_split*T
SplitV | output:num_split*T
Svd | s:T u:T v:T
Switch | output_false:T output_true:T
TensorArrayConcatV3 | value:dtype lengths:=int64
TensorArrayGatherV3 | value:dtype
TensorArrayReadV3 | value:dtype
TensorArrayScatterV3 | flow_out:=float32
TensorArraySizeV3 | size:=int32
TensorArrayV3 | handle:=resource flow:=float32
TensorArrayWriteV3 | flow_out:=float32
TensorListFromTensor | output_handle:=variant
TensorListGetItem | item:element_dtype
TensorListReserve | handle:=variant
TensorListSetItem | output_handle:=variant
TensorListStack | tensor:element_dtype
TopK | values:T indices:=int32
TopKV2 | values:T indices:index_type=int32
Unique | y:T idx:out_idx=int32
UniqueWithCounts | y:T idx:out_idx=int32 count:out_idx=int32
Unpack | output:num*T
Where | index:=int64
While | output:[T]
StatelessWhile | output:[T]
_FusedBatchNormEx | y:T batch_mean:U=float32 batch_variance:U=float32 reserve_space_1:U=float32 reserve_space_2:U=float32 reserve_space_3:U=float32
"""  # noqa: E501


def _parsed(row: str) -> tuple[str, tuple[Output, ...]]:
    op, _, outputs = (part.strip() for part in row.partition("|"))
    return op, tuple(_output(*text.split(":")) for text in outputs.split())


def _output(name: str, spec: str) -> Output:
    if spec[0] == "[":
        return Output(name, list_attr=spec[1:-1])
    number, star, kind = spec.rpartition("*")
    attr, _, dtype = kind.partition("=")
    return Output(name, dtype, attr, number if star else "")


def _known() -> dict[str, tuple[Output, ...]]:
    table = dict(_parsed(row) for row in _ROWS.strip().splitlines())
    fixed = ((_BOOLS, "bool"), (_RESOURCES, "resource"), (_STRINGS, "string"))
    for ops, dtype in fixed:
        table.update({op: (Output("output", dtype),) for op in ops.split()})
    table.update(dict.fromkeys(_NOTHING.split(), ()))
    return table


KNOWN: Operations = _known()
_GUESSED = (
    "dtype", "Tout", "DstT", "out_type", "output_type", "T", "Tparams", "element_dtype", "Tidx",
)  # fmt: skip


def operations(definitions: Iterable[Any]) -> dict[str, tuple[Output, ...]]:
    """Return the outputs of operations by name, those of `OpDef` messages before our own."""
    return dict(KNOWN) | {one.name: outputs_of(one) for one in definitions}


def outputs_of(definition: Any) -> tuple[Output, ...]:
    """Return the outputs of an `OpDef`, which also is the signature of a function."""
    defaults = {one.name: one.default_value for one in definition.attr}
    found = []
    for arg in definition.output_arg:
        default = defaults.get(arg.type_attr)
        code = arg.type or (default.type if default is not None else 0)
        number = defaults.get(arg.number_attr)
        found.append(
            Output(
                arg.name,
                dtype_name(code),
                arg.type_attr,
                arg.number_attr,
                arg.type_list_attr,
                number.i if number is not None else 1,
            )
        )
    return tuple(found)


def dtype_name(code: int) -> str:
    """Return our name of a `DataType`; a variable's reference has its variable's."""
    code = code - 100 if code > 100 else code
    return TENSORFLOW_DTYPES.get(code, f"type_{code}")


def output_dtypes(outputs: tuple[Output, ...] | None, attr: Any) -> list[str]:
    """Return the dtype of each output of a node, as far as it is sure that they are there.

    Parameters
    ----------
    outputs : tuple of Output, or None
        None for an operation that nobody has defined.
    attr : Any
        The node's attributes, `AttrValue` by name.
    """
    if outputs is None:
        return [_guessed(attr)]
    found: list[str] = []
    for one in outputs:
        if one.list_attr:
            types = attr[one.list_attr].list.type if one.list_attr in attr else ()
            found += [dtype_name(code) for code in types]
            continue
        dtype = one.dtype
        if one.type_attr and one.type_attr in attr:
            dtype = dtype_name(attr[one.type_attr].type)
        found += [dtype] * min(width(one, attr), MAX_CLAIMED)
    return found


def width(output: Output, attr: Any) -> int:
    """Return how many tensors an output argument stands for."""
    if output.list_attr:
        return len(attr[output.list_attr].list.type) if output.list_attr in attr else 0
    if not output.number_attr:
        return 1
    stated = attr[output.number_attr].i if output.number_attr in attr else output.number
    return min(max(int(stated), 0), MAX_OUTPUTS)


def _guessed(attr: Any) -> str:
    for name in _GUESSED:
        if name in attr and attr[name].WhichOneof("value") == "type":
            return dtype_name(attr[name].type)
    return ""
