"""The JSON of an exported program, as far as opening a model needs it, as typed structs.

Specification: https://github.com/pytorch/pytorch/blob/main/torch/_export/serde/schema.py
(schema versions 5 to 8; a field that a version lacks is optional here). Fields that are
not named are skipped by the decoder and decoded on demand. A graph inside an argument
stays raw, so that nesting costs no recursion. Imports no torch.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct


class Name(Struct, gc=False):
    """Names a value: a tensor, a token or an object."""

    name: str


class Symbolic(Struct, gc=False):
    """Names a number that is known at run time only; without a name it is a literal."""

    as_name: str | None = None


class Optional(Struct, gc=False):
    """A tensor or nothing."""

    as_tensor: Name | None = None


class Body(Struct, gc=False):
    """A graph as an argument of a higher-order operator."""

    name: str
    graph: Raw


class Argument(Struct, gc=False):
    """A union: at most one field is set. Literals are left out."""

    as_tensor: Name | None = None
    as_tensors: list[Name] | None = None
    as_optional_tensor: Optional | None = None
    as_optional_tensors: list[Optional] | None = None
    as_nested_tensors: list[list[Name]] | None = None
    as_sym_int: Symbolic | None = None
    as_sym_ints: list[Symbolic] | None = None
    as_sym_float: Symbolic | None = None
    as_sym_floats: list[Symbolic] | None = None
    as_sym_bool: Symbolic | None = None
    as_sym_bools: list[Symbolic] | None = None
    as_custom_obj: Name | None = None
    as_token: Name | None = None
    as_graph: Body | None = None
    as_string_to_argument: dict[str, Argument] | None = None


class Input(Struct, gc=False):
    """An argument of an operator call, with its name in the operator's schema."""

    arg: Argument
    name: str = ""


class Metadata(Struct, gc=False):
    """What the exporter says of a node; all of it is text."""

    nn_module_stack: str = ""


class Node(Struct, gc=False):
    """An operator call."""

    target: str
    inputs: list[Input]
    outputs: list[Argument]
    metadata: Metadata
    name: str | None = None


class Graph(Struct, gc=False):
    """A graph; the types of its values stay raw because most are equal, byte for byte."""

    inputs: list[Argument]
    outputs: list[Argument]
    nodes: list[Node]
    tensor_values: dict[str, Raw]
    sym_int_values: dict[str, Raw] = {}
    sym_bool_values: dict[str, Raw] = {}
    sym_float_values: dict[str, Raw] = {}
    custom_obj_values: dict[str, Raw] = {}


class LazyGraph(Struct, gc=False):
    """A graph whose nodes are decoded one by one."""

    inputs: list[Raw]
    outputs: list[Raw]
    nodes: list[Raw]
    tensor_values: dict[str, Raw]
    custom_obj_values: dict[str, Raw] = {}


class Expression(Struct, gc=False):
    """A symbolic size."""

    expr_str: str


class Dimension(Struct, gc=False):
    """A union: a number or an expression."""

    as_int: int | None = None
    as_expr: Expression | None = None


class TensorMeta(Struct, gc=False):
    """Type and layout of a tensor."""

    dtype: int
    sizes: list[Dimension]
    strides: list[Dimension] = []
    storage_offset: Dimension | None = None


class Spec(Struct, gc=False):
    """What a graph input or output stands for; which fields are set depends on its kind."""

    arg: Raw = Raw()
    name: str = ""
    parameter_name: str = ""
    buffer_name: str = ""
    persistent: bool | None = None
    tensor_constant_name: str = ""
    custom_obj_name: str = ""
    user_input_name: str = ""
    value: Raw = Raw()

    @property
    def target(self) -> str:
        """What the module calls it; empty for what the caller passes or gets."""
        return (
            self.parameter_name
            or self.buffer_name
            or self.tensor_constant_name
            or self.custom_obj_name
            or self.user_input_name
        )


class Signature(Struct, gc=False):
    """The specs of a graph's inputs and outputs, each ``{kind: spec}``, in their order."""

    input_specs: list[dict[str, Spec]]
    output_specs: list[dict[str, Spec]]


class GraphModule(Struct, gc=False):
    """The graph and what is said of it."""

    graph: Raw
    signature: Signature


class Range(Struct, gc=False):
    """Between which numbers a symbolic size lies; None or, until 2.6, an infinity for no bound."""

    min_val: int | float | str | None = None
    max_val: int | float | str | None = None


class Version(Struct, gc=False):
    """Version of the schema."""

    major: int
    minor: int = 0


class Program(Struct, gc=False):
    """The whole."""

    graph_module: GraphModule
    schema_version: Version
    opset_version: dict[str, int] = {}
    range_constraints: dict[str, Range] = {}
    torch_version: str = ""
    guards_code: list[str] = []


class Payload(Struct, gc=False):
    """Where the bytes of a weight or a constant lie."""

    path_name: str
    use_pickle: bool = False
    tensor_meta: TensorMeta | None = None


class PayloadConfig(Struct, gc=False):
    """The weights or the constants of a model by name."""

    config: dict[str, Payload]


decode_program = msgspec.json.Decoder(Program).decode
decode_graph = msgspec.json.Decoder(Graph).decode
decode_lazy_graph = msgspec.json.Decoder(LazyGraph).decode
decode_meta = msgspec.json.Decoder(TensorMeta).decode
decode_dimension = msgspec.json.Decoder(Dimension).decode
decode_payloads = msgspec.json.Decoder(PayloadConfig).decode
DECODING_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError)
