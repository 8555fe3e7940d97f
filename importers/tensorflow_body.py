"""What is handed to the reader of one TensorFlow graph, and what all graphs of a MetaGraph share.

Messages are known by their fields; no framework is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphs.ir import Facts, NodeKind
from graphs.tensor_type import TensorType
from importers.notes import Notes
from importers.tensorflow_calls import VARIABLES, Origin, variable_name
from importers.tensorflow_checkpoint import Checkpoint
from importers.tensorflow_ops import Operations, dtype_name, output_dtypes
from importers.tensorflow_source import Debug
from importers.tensorflow_tensors import TypeTable

_INPUTS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "_Arg")
KINDS: dict[str, NodeKind] = {
    **dict.fromkeys(_INPUTS, NodeKind.INPUT),
    **dict.fromkeys(("_Retval", "_DeviceRetval"), NodeKind.OUTPUT),
    **dict.fromkeys(("Const", "HostConst", *VARIABLES), NodeKind.CONSTANT),
}
_SHAPES = "_output_shapes"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a function.

    Attributes
    ----------
    name : str
        As nodes refer to it.
    label : str
        What the reader sees; the name if empty.
    type : TensorType
    origin : Origin or None
        The variable or constant that it stands for.
    """

    name: str
    label: str
    type: TensorType
    origin: Origin | None = None


@dataclass(slots=True)
class Body:
    """What becomes one graph.

    Attributes
    ----------
    graph_id, title : str
    nodes : sequence of Any
        `NodeDef`, in the file's order.
    function : str
        Name in the file; empty for the outermost graph.
    arguments : list of Argument
    results : list of (str, str)
        What the reader sees, and the text that names where it comes from.
    groups : dict of int to str
        Node -> namespace, where it is not that of the name.
    said : dict of str to Facts
        Node name -> what is known beside its attributes.
    facts : Facts
        Of the graph.
    """

    graph_id: str
    title: str
    nodes: Sequence[Any]
    function: str = ""
    arguments: list[Argument] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)
    groups: dict[int, str] = field(default_factory=dict)
    said: dict[str, Facts] = field(default_factory=dict)
    facts: Facts = field(default_factory=list)


@dataclass(slots=True)
class Library:
    """What all graphs of a MetaGraph share.

    Attributes
    ----------
    name, format : str
        Of the model, for errors.
    operations : Operations
        Outputs by op type, those of functions too.
    graph_ids : mapping of str to str
        Function -> id of its graph.
    calls : mapping of str to sequence of (Any, sequence of str)
        Function, or "" for the outermost graph, -> calling nodes with what they call.
    checkpoint : Checkpoint or None
    debug : Debug
    trainable : dict of str to bool
        By a variable's full name.
    types : TypeTable
    notes : Notes
    """

    name: str
    format: str
    operations: Operations
    graph_ids: Mapping[str, str]
    calls: Mapping[str, Sequence[tuple[Any, Sequence[str]]]]
    checkpoint: Checkpoint | None
    debug: Debug
    trainable: dict[str, bool]
    types: TypeTable
    notes: Notes

    def variable_type(self, node: Any) -> TensorType:
        """Return the type of what a variable holds; the checkpoint's shape where it knows one."""
        found = None if self.checkpoint is None else self.checkpoint.find(variable_name(node))
        if found is not None:
            return found[1].type
        dtype = dtype_name(node.attr["dtype"].type) if "dtype" in node.attr else ""
        shape = node.attr["shape"].shape if "shape" in node.attr else None
        return self.types.of(dtype, shape)

    def output_types(self, node: Any) -> list[TensorType]:
        """Return the types of the outputs that are sure to be there."""
        attr, op = node.attr, node.op
        if op in VARIABLES:
            return [self.variable_type(node)]
        dtypes = output_dtypes(self.operations.get(op), attr)
        if _SHAPES in attr:
            shapes = attr[_SHAPES].list.shape
            dtypes += [""] * (len(shapes) - len(dtypes))
            held = [*shapes, *([None] * (len(dtypes) - len(shapes)))]
            return [self.types.of(*pair) for pair in zip(dtypes, held, strict=True)]
        if op == "Const" and "value" in attr:
            tensor = attr["value"].tensor
            return [self.types.of(dtype_name(tensor.dtype), tensor.tensor_shape)]
        if KINDS.get(op) == NodeKind.INPUT and "shape" in attr:
            return [self.types.of(dtype, attr["shape"].shape) for dtype in dtypes]
        return [self.types.of(dtype) for dtype in dtypes]
