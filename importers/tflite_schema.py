"""Facts of the TFLite schema: where each field lies, and what each number means. No code.

Specification: https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs
(schema version 3, file identifier ``TFL3``). A table's fields are known by their slot, counted
from 0 in the order of the schema; the numbers below were compared with the code that the
FlatBuffers compiler generates from it (`tests/importers/test_tflite_schema.py`).

Apart from the reader because it is a table of facts that grows with the schema. Imports nothing.
"""

from __future__ import annotations

from enum import IntEnum

IDENTIFIER = b"TFL3"
CUSTOM = 32  # builtin code of an operator that is named by its custom code
PLACEHOLDER = 127  # deprecated_builtin_code where the real code does not fit eight bits


class ModelSlot(IntEnum):
    """Slots of table Model."""

    VERSION = 0
    OPERATOR_CODES = 1
    SUBGRAPHS = 2
    DESCRIPTION = 3
    BUFFERS = 4
    METADATA_BUFFER = 5
    METADATA = 6
    SIGNATURES = 7
    EXTERNAL_GROUPS = 8
    EXTERNAL_BUFFERS = 9


class SubGraphSlot(IntEnum):
    """Slots of table SubGraph."""

    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2
    OPERATORS = 3
    NAME = 4


class TensorSlot(IntEnum):
    """Slots of table Tensor."""

    SHAPE = 0
    TYPE = 1
    BUFFER = 2
    NAME = 3
    QUANTIZATION = 4
    IS_VARIABLE = 5
    SPARSITY = 6
    SHAPE_SIGNATURE = 7
    HAS_RANK = 8
    VARIANT_TENSORS = 9
    EXTERNAL_BUFFER = 10


class QuantizationSlot(IntEnum):
    """Slots of table QuantizationParameters."""

    MIN = 0
    MAX = 1
    SCALE = 2
    ZERO_POINT = 3
    DETAILS_TYPE = 4
    DETAILS = 5
    DIMENSION = 6


class OperatorSlot(IntEnum):
    """Slots of table Operator."""

    OPCODE = 0
    INPUTS = 1
    OUTPUTS = 2
    OPTIONS_TYPE = 3
    OPTIONS = 4
    CUSTOM_OPTIONS = 5
    CUSTOM_FORMAT = 6
    INTERMEDIATES = 8
    LARGE_OPTIONS_OFFSET = 9
    LARGE_OPTIONS_SIZE = 10
    OPTIONS_2_TYPE = 11
    OPTIONS_2 = 12


class OperatorCodeSlot(IntEnum):
    """Slots of table OperatorCode."""

    DEPRECATED_CODE = 0
    CUSTOM_CODE = 1
    VERSION = 2
    CODE = 3


class BufferSlot(IntEnum):
    """Slots of table Buffer."""

    DATA = 0
    OFFSET = 1
    SIZE = 2


class ExternalBufferSlot(IntEnum):
    """Slots of table ExternalBuffer."""

    ID = 0
    GROUP = 1
    OFFSET = 2
    LENGTH = 3
    PACKING = 4


class SignatureSlot(IntEnum):
    """Slots of table SignatureDef."""

    INPUTS = 0
    OUTPUTS = 1
    KEY = 2
    SUBGRAPH = 4


# TensorType -> our vocabulary; resource and variant have no elements of their own.
DTYPES: tuple[str, ...] = (
    "float32",
    "float16",
    "int32",
    "uint8",
    "int64",
    "string",
    "bool",
    "int16",
    "complex64",
    "int8",
    "float64",
    "complex128",
    "uint64",
    "resource",
    "variant",
    "uint32",
    "uint16",
    "int4",
    "bfloat16",
    "int2",
    "uint4",
    "float8_e4m3fn",
    "float8_e5m2",
)

ENUMS: dict[str, tuple[str, ...]] = {
    "dtype": DTYPES,
    "Padding": ("SAME", "VALID"),
    "Activation": ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT"),
    "LshProjection": ("UNKNOWN", "SPARSE", "DENSE"),
    "WeightsFormat": ("DEFAULT", "SHUFFLED4x16INT8"),
    "LstmKernel": ("FULL", "BASIC"),
    "Combiner": ("SUM", "MEAN", "SQRTN"),
    "MirrorPad": ("REFLECT", "SYMMETRIC"),
    "ReduceWindow": ("UNSUPPORTED", "ADD", "MUL", "MINIMUM", "MAXIMUM", "ALL", "ANY"),
    "FlexFormat": ("FLEXBUFFERS",),
    "Precision": ("DEFAULT", "HIGH", "HIGHEST"),
    "Comparison": ("EQ", "NE", "GE", "GT", "LE", "LT"),
    "ComparisonType": ("NOTYPE", "FLOAT", "FLOAT_TOTAL_ORDER", "SIGNED", "UNSIGNED"),
    "Rng": ("DEFAULT", "PHILOX", "THREEFRY"),
}

# BuiltinOperator: the position is the code.
_OPERATORS_TEXT = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6
RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL
CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST
PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN
TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW
ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK
REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR
LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS
WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG
REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL
BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD
UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR
RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM
STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM
STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS
STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG
STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER
STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER
STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE
STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT
STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE DILATE STABLEHLO_RNG_BIT_GENERATOR
REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE
"""
OPERATORS: tuple[str, ...] = tuple(_OPERATORS_TEXT.split())

# One table of union BuiltinOptions each: its number, its name, its fields in the order of their
# slots as name:type/meaning=default. A type is a letter and a size in bytes, [..] a vector, str a
# text, - a field that is no longer used. A default of ? means that an absent field says nothing.
# The meaning is a key of ENUMS, `graph` (index of a subgraph) or `flex` (a FlexBuffer). Tables
# without fields are left out.
OPTIONS_TEXT = """
1 Conv2D padding:i1/Padding stride_w:i4 stride_h:i4 fused_activation_function:i1/Activation
  dilation_w_factor:i4=1 dilation_h_factor:i4=1 quantized_bias_type:i1/dtype=?
2 DepthwiseConv2D padding:i1/Padding stride_w:i4 stride_h:i4 depth_multiplier:i4
  fused_activation_function:i1/Activation dilation_w_factor:i4=1 dilation_h_factor:i4=1
3 ConcatEmbeddings num_channels:i4 num_columns_per_channel:[i4] embedding_dim_per_channel:[i4]
4 LSHProjection type:i1/LshProjection
5 Pool2D padding:i1/Padding stride_w:i4 stride_h:i4 filter_width:i4 filter_height:i4
  fused_activation_function:i1/Activation
6 SVDF rank:i4 fused_activation_function:i1/Activation asymmetric_quantize_inputs:b1
7 RNN fused_activation_function:i1/Activation asymmetric_quantize_inputs:b1
8 FullyConnected fused_activation_function:i1/Activation weights_format:i1/WeightsFormat
  keep_num_dims:b1 asymmetric_quantize_inputs:b1 quantized_bias_type:i1/dtype=? quant_spec:[u1]
9 Softmax beta:f4
10 Concatenation axis:i4 fused_activation_function:i1/Activation
11 Add fused_activation_function:i1/Activation pot_scale_int16:b1=1
12 L2Norm fused_activation_function:i1/Activation
13 LocalResponseNormalization radius:i4 bias:f4 alpha:f4 beta:f4
14 LSTM fused_activation_function:i1/Activation cell_clip:f4 proj_clip:f4
  kernel_type:i1/LstmKernel asymmetric_quantize_inputs:b1
15 ResizeBilinear - - align_corners:b1 half_pixel_centers:b1
16 Call subgraph:u4/graph
17 Reshape new_shape:[i4]
18 SkipGram ngram_size:i4 max_skip_size:i4 include_all_ngrams:b1
19 SpaceToDepth block_size:i4
20 EmbeddingLookupSparse combiner:i1/Combiner
21 Mul fused_activation_function:i1/Activation
23 Gather axis:i4 batch_dims:i4
27 Reducer keep_dims:b1
28 Sub fused_activation_function:i1/Activation pot_scale_int16:b1=1
29 Div fused_activation_function:i1/Activation
30 Squeeze squeeze_dims:[i4]
31 SequenceRNN time_major:b1 fused_activation_function:i1/Activation asymmetric_quantize_inputs:b1
32 StridedSlice begin_mask:i4 end_mask:i4 ellipsis_mask:i4 new_axis_mask:i4 shrink_axis_mask:i4
  offset:b1
35 Split num_splits:i4
37 Cast in_data_type:i1/dtype out_data_type:i1/dtype
40 ArgMax output_type:i1/dtype
49 TransposeConv padding:i1/Padding stride_w:i4 stride_h:i4
  fused_activation_function:i1/Activation quantized_bias_type:i1/dtype=?
50 SparseToDense validate_indices:b1
55 Shape out_type:i1/dtype
57 ArgMin output_type:i1/dtype
58 FakeQuant min:f4 max:f4 num_bits:i4 narrow_range:b1
59 Pack values_count:i4 axis:i4
61 OneHot axis:i4
64 Unpack num:i4 axis:i4
69 BidirectionalSequenceLSTM fused_activation_function:i1/Activation cell_clip:f4 proj_clip:f4
  merge_outputs:b1 time_major:b1=1 asymmetric_quantize_inputs:b1
70 BidirectionalSequenceRNN time_major:b1 fused_activation_function:i1/Activation merge_outputs:b1
  asymmetric_quantize_inputs:b1
71 UnidirectionalSequenceLSTM fused_activation_function:i1/Activation cell_clip:f4 proj_clip:f4
  time_major:b1 asymmetric_quantize_inputs:b1 diagonal_recurrent_tensors:b1
74 ResizeNearestNeighbor align_corners:b1 half_pixel_centers:b1
75 LeakyRelu alpha:f4
77 MirrorPad mode:i1/MirrorPad
79 SplitV num_splits:i4
80 Unique idx_out_type:i1/dtype=2
87 ReverseSequence seq_dim:i4 batch_dim:i4
92 If then_subgraph_index:i4/graph else_subgraph_index:i4/graph
93 While cond_subgraph_index:i4/graph body_subgraph_index:i4/graph
94 DepthToSpace block_size:i4
101 BatchMatMul adj_x:b1 adj_y:b1 asymmetric_quantize_inputs:b1
102 Cumsum exclusive:b1 reverse:b1
103 CallOnce init_subgraph_index:i4/graph
106 Conv3D padding:i1/Padding stride_d:i4 stride_w:i4 stride_h:i4
  fused_activation_function:i1/Activation dilation_d_factor:i4=1 dilation_w_factor:i4=1
  dilation_h_factor:i4=1
107 Hashtable table_id:i4 key_dtype:i1/dtype value_dtype:i1/dtype
111 VarHandle container:str shared_name:str
114 Random seed:i8 seed2:i8
115 Bucketize boundaries:[f4]
116 Gelu approximate:b1
"""

# The same for union BuiltinOptions2.
OPTIONS_2_TEXT = """
1 StablehloConcatenate dimension:i8
2 StablehloBroadcastInDim broadcast_dimensions:[i8]
3 StablehloSlice start_indices:[i8] limit_indices:[i8] strides:[i8]
4 StablehloConvolution window_strides:[i8] padding:[i8] lhs_dilation:[i8] rhs_dilation:[i8]
  window_reversal:[b1] input_batch_dimension:i8 input_feature_dimension:i8
  input_spatial_dimensions:[i8] kernel_input_feature_dimension:i8
  kernel_output_feature_dimension:i8 kernel_spatial_dimensions:[i8] output_batch_dimension:i8
  output_feature_dimension:i8 output_spatial_dimensions:[i8] feature_group_count:i8
  batch_group_count:i8 precision_config:[u4]/Precision
5 StablehloCustomCall call_target_name:str has_side_effect:b1 backend_config:str api_version:i4
  called_computations:[i4]/graph custom_attributes:[u1]
6 StablehloReduce dimensions:[i8] body_subgraph_index:i4/graph
7 StablehloScatter indices_are_sorted:b1 update_window_dims:[i8] inserted_window_dims:[i8]
  scatter_dims_to_operand_dims:[i8] index_vector_dim:i8 unique_indices:b1
  update_computation_subgraph_index:i4/graph
8 StablehloCompare comparison_direction:u4/Comparison compare_type:u4/ComparisonType
9 StablehloDynamicSlice slice_sizes:[i8]
10 StablehloPad edge_padding_low:[i8] edge_padding_high:[i8] interior_padding:[i8]
11 StablehloIota iota_dimension:i8
12 StablehloDotGeneral lhs_batching_dimensions:[i8] rhs_batching_dimensions:[i8]
  lhs_contracting_dimensions:[i8] rhs_contracting_dimensions:[i8] precision_config:[u4]/Precision
13 StablehloReduceWindow window_dimensions:[i8] window_strides:[i8] base_dilations:[i8]
  window_dilations:[i8] padding:[i8] body_subgraph_index:i4/graph
14 StablehloSort dimension:i8 is_stable:b1 comparator_subgraph_index:i4/graph
15 StablehloWhile cond_subgraph_index:i4/graph body_subgraph_index:i4/graph
16 StablehloGather offset_dims:[i8] collapsed_slice_dims:[i8] start_index_map:[i8]
  index_vector_dim:i8 slice_sizes:[i8] indices_are_sorted:b1
17 StablehloTranspose permutation:[i8]
19 StablehloRngBitGenerator algorithm:i1/Rng
20 ReduceWindow reduce_function:i4/ReduceWindow
21 StableHLOComposite name:str decomposition_subgraph_index:i4/graph
  composite_attributes:[u1]/flex composite_attributes_format:i1/FlexFormat version:i4
23 StablehloCase branch_subgraph_indices:[i4]/graph
"""
