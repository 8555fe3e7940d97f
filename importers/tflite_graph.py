"""One TFLite subgraph as a `Graph`: tensors become values, constants, inputs and outputs.

The file lists operators in the order in which they run, and each names its
tensors by index. Indices are not to be trusted: one that leads nowhere costs an
edge and gives a note. Imports no framework.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.namespaces import split_path
from graphs.tensor_type import DTYPE_BITS, TensorType
from importers.naming import Namer
from importers.notes import Notes
from importers.tflite_bytes import FlatFile, Table
from importers.tflite_names import common_scope, tensor_namespace
from importers.tflite_options import called_graphs
from importers.tflite_schema import DTYPES
from importers.tflite_schema import ExternalBufferSlot as External
from importers.tflite_schema import OperatorSlot as Op
from importers.tflite_schema import SubGraphSlot as Slot
from importers.tflite_schema import TensorSlot as Ten
from importers.tflite_source import Buffer, Tensor, TfliteSource

MAX_RANK = 64  # NumPy's; the product of a million numbers is a weapon
ABSENT = -1  # an optional input or output that is not there

Signature = tuple[str, dict[str, int], dict[str, int]]  # key, inputs, outputs: name -> tensor


@dataclass(frozen=True, slots=True)
class OperatorCode:
    """What an operator is: its name and version."""

    op_type: str
    version: int


@dataclass(slots=True)
class Contents:
    """What all subgraphs of a model share.

    Attributes
    ----------
    file : FlatFile
    codes : list of OperatorCode
    buffers : list of Buffer
    external : dict of int to (str, Table)
        External buffer id -> file name, its table.
    graph_ids : tuple of str
    subgraphs : list of Table
    text : callable
        (table, slot) -> text, noting what is not UTF-8.
    signatures : dict of int to list of Signature
        By subgraph.
    n_parameters, parameter_bytes : int
        Summed while the subgraphs are read.
    """

    file: FlatFile
    codes: list[OperatorCode]
    buffers: list[Buffer]
    external: dict[int, tuple[str, Table]]
    graph_ids: tuple[str, ...]
    subgraphs: list[Table]
    text: Callable[[Table, int], str]
    signatures: dict[int, list[Signature]] = field(default_factory=dict)
    n_parameters: int = 0
    parameter_bytes: int = 0
    counted: set[int] = field(default_factory=set)

    def count(self, tensor: Tensor) -> None:
        """Add a constant to the parameters unless its buffer was counted."""
        outside = tensor.table.u32(Ten.EXTERNAL_BUFFER)
        key = -outside or tensor.buffer
        if key == 0 or key in self.counted or tensor.buffer >= len(self.buffers):
            return
        self.counted.add(key)
        length = self.buffers[tensor.buffer].length
        if outside in self.external:
            length = int(self.external[outside][1].scalar(External.LENGTH, "u8"))
        bits = DTYPE_BITS.get(tensor.type.dtype)
        held = length * 8 // bits if bits else length
        claimed = tensor.type.n_elements
        self.n_parameters += held if claimed is None else min(claimed, held)
        self.parameter_bytes += length


class GraphReader:
    """Reads one subgraph.

    Parameters
    ----------
    contents : Contents
    index : int
        The subgraph.
    notes : Notes
    """

    def __init__(self, contents: Contents, index: int, notes: Notes) -> None:
        table = contents.subgraphs[index]
        self.contents = contents
        self.notes = notes
        self.index = index
        self.tensors = [self._tensor(i, one) for i, one in enumerate(table.tables(Slot.TENSORS))]
        self.inputs = table.i32s(Slot.INPUTS)
        self.outputs = table.i32s(Slot.OUTPUTS)
        self.operators = table.tables(Slot.OPERATORS)
        self.reads = [self._known(op.i32s(Op.INPUTS)) for op in self.operators]
        self.writes = [self._known(op.i32s(Op.OUTPUTS)) for op in self.operators]
        self.written = {i for outputs in self.writes for i in outputs}
        self.codes = [self._code(op) for op in self.operators]
        self.builder = GraphBuilder(contents.graph_ids[index], self._title())
        self.namer = Namer(notes)
        self.producer: dict[int, int] = {}  # tensor -> handle of the value that holds it now
        self.value_tensor: list[Tensor] = []
        self.node_tensor: dict[int, Tensor] = {}
        self.node_operator: dict[int, tuple[Table, int]] = {}

    def graph(self) -> Graph:
        """Return the graph."""
        wanted = [self._first_name(outputs) for outputs in self.writes]
        names = [
            self.namer.unique(name, code.op_type.lower())
            for name, code in zip(wanted, self.codes, strict=True)
        ]
        scopes = self._scopes(wanted)
        self._add_inputs()
        self._add_constants(scopes)
        first = self._add_operators(names, scopes)
        self._connect(first)
        self._add_outputs()
        return self.builder.build(self._source())

    def _title(self) -> str:
        keys = [key for key, _, _ in self.contents.signatures.get(self.index, ()) if key]
        graph_id = self.contents.graph_ids[self.index]
        return f"{graph_id} ({', '.join(keys)})" if keys and keys != [graph_id] else graph_id

    def _tensor(self, index: int, table: Table) -> Tensor:
        shape = table.i32s(Ten.SHAPE_SIGNATURE) or table.i32s(Ten.SHAPE)
        buffer = table.u32(Ten.BUFFER)
        buffers = self.contents.buffers
        is_constant = bool(
            (buffers[buffer].length if buffer < len(buffers) else True)
            or table.field(Ten.EXTERNAL_BUFFER)
            or 0 in shape
        )
        name = self.contents.text(table, Ten.NAME)
        if buffer >= len(buffers):
            self.notes.add("damaged", "A tensor names a buffer that does not exist", name)
        return Tensor(
            index=index,
            name=name,
            type=self._type(table, shape, name, is_constant=is_constant),
            buffer=buffer,
            is_constant=is_constant,
            is_variable=bool(table.scalar(Ten.IS_VARIABLE, "b1")),
            table=table,
        )

    def _type(
        self, table: Table, shape: tuple[int, ...], name: str, *, is_constant: bool
    ) -> TensorType:
        """Return a tensor's type. Without a rank, only a constant is known to be a scalar."""
        code = int(table.scalar(Ten.TYPE, "i1"))
        dtype = DTYPES[code] if 0 <= code < len(DTYPES) else f"type_{code}"
        if len(shape) > MAX_RANK:
            self.notes.add("damaged", "A tensor has too many dimensions; they were left out", name)
            return TensorType(dtype)
        if not (shape or is_constant or table.scalar(Ten.HAS_RANK, "b1")):
            return TensorType(dtype)
        return TensorType(dtype, tuple(d if d >= 0 else None for d in shape))

    def _known(self, indices: tuple[int, ...]) -> tuple[int, ...]:
        """Return tensor indices with those that lead nowhere made absent, and noted."""
        n = len(self.tensors)
        if all(ABSENT <= i < n for i in indices):
            return indices
        for i in indices:
            if not ABSENT <= i < n:
                self.notes.add(
                    "damaged", "An operator refers to a tensor that does not exist", str(i)
                )
        return tuple(i if ABSENT <= i < n else ABSENT for i in indices)

    def _code(self, operator: Table) -> OperatorCode:
        index = operator.u32(Op.OPCODE)
        if index < len(self.contents.codes):
            return self.contents.codes[index]
        self.notes.add("damaged", "An operator's type is missing", str(index))
        return OperatorCode("UNKNOWN", 1)

    def _first_name(self, outputs: tuple[int, ...]) -> str:
        return next((self.tensors[i].name for i in outputs if i != ABSENT), "")

    def _scopes(self, names: list[str]) -> list[str]:
        """Return the namespace of each operator.

        The operator that makes a graph's output bears the output's name, which
        has no hierarchy; it belongs where a constant lies that only it reads.
        """
        n_readers: dict[int, int] = {}
        for inputs in self.reads:
            for i in inputs:
                n_readers[i] = n_readers.get(i, 0) + 1
        scopes = []
        for name, code, inputs in zip(names, self.codes, self.reads, strict=True):
            scope = tensor_namespace(name, code.op_type)
            if not scope:
                own = (t for i in inputs if i >= 0 and n_readers[i] == 1 for t in [self.tensors[i]])
                held = (tensor_namespace(t.name, code.op_type) for t in own if t.is_constant)
                scope = next((one for one in held if one), "")
            scopes.append(scope)
        return scopes

    def _add_tensor_node(
        self, tensor: Tensor, name: str, op_type: str, kind: NodeKind, namespace: str = ""
    ) -> int:
        node = self.builder.add_node(name, op_type, namespace, kind)
        self.node_tensor[node] = tensor
        return node

    def _add_value(self, node: int, slot: int, tensor: Tensor) -> None:
        handle = self.builder.add_value(node, slot, tensor.name, tensor.type)
        self.value_tensor.append(tensor)
        self.producer[tensor.index] = handle

    def _add_inputs(self) -> None:
        states = (
            t.index
            for t in self.tensors
            if t.is_variable and not t.is_constant and t.index not in self.written
        )
        listed = dict.fromkeys(i for i in self._known(self.inputs) if i != ABSENT)
        for i in dict.fromkeys([*listed, *states]):
            tensor = self.tensors[i]
            op_type = "Input" if i in listed else "Variable"
            name = self.namer.unique(tensor.name, "input")
            node = self._add_tensor_node(tensor, name, op_type, NodeKind.INPUT)
            self._add_value(node, 0, tensor)

    def _add_constants(self, scopes: list[str]) -> None:
        """Add constants, each in the namespace that encloses all who read it."""
        readers: dict[int, list[str]] = {}
        for inputs, scope in zip(self.reads, scopes, strict=True):
            for i in inputs:
                readers.setdefault(i, []).append(scope)
        for tensor in self.tensors:
            i = tensor.index
            if not tensor.is_constant or i in self.written or i in self.producer:
                continue
            paths = [split_path(scope) for scope in dict.fromkeys(readers.get(i, ()))]
            namespace = "/".join(common_scope(paths))
            name = self.namer.unique(tensor.name, "constant")
            node = self._add_tensor_node(tensor, name, "Constant", NodeKind.CONSTANT, namespace)
            self._add_value(node, 0, tensor)
            self.contents.count(tensor)

    def _add_operators(self, names: list[str], scopes: list[str]) -> int:
        """Add operators with their values, and return the first handle."""
        first = len(self.value_tensor)
        for at, operator in enumerate(self.operators):
            node = self.builder.add_node(names[at], self.codes[at].op_type, scopes[at])
            self.node_operator[node] = (operator, self.codes[at].version)
            for slot, i in enumerate(self.writes[at]):
                if i != ABSENT:
                    self.builder.add_value(node, slot, self.tensors[i].name, self.tensors[i].type)
                    self.value_tensor.append(self.tensors[i])
            self._add_calls(node, operator)
        return first

    def _add_calls(self, node: int, operator: Table) -> None:
        for called in called_graphs(operator):
            if 0 <= called < len(self.contents.graph_ids) and called != self.index:
                self.builder.add_subgraph(node, self.contents.graph_ids[called])
            else:
                self.notes.add("damaged", "An operator calls a graph that cannot be", str(called))

    def _connect(self, first: int) -> None:
        """Add the edges: a tensor comes from whoever wrote it last before it is read.

        Parameters
        ----------
        first : int
            Handle of the first value that an operator writes; the others follow in order.
        """
        produced = dict(self.producer)  # tensor -> its first value, for what is read too early
        for handle, tensor in enumerate(self.value_tensor[first:], first):
            produced.setdefault(tensor.index, handle)
        handle = first
        for (node, _), inputs, outputs in zip(
            self.node_operator.items(), self.reads, self.writes, strict=True
        ):
            for slot, i in enumerate(inputs):
                if i != ABSENT:
                    self._add_edge(produced, i, node, slot)
            for i in outputs:
                if i != ABSENT:
                    if self.producer.get(i, handle) != handle:
                        self.notes.add(
                            "damaged", "A tensor is written more than once", self.tensors[i].name
                        )
                    self.producer[i] = handle
                    handle += 1

    def _add_edge(self, produced: dict[int, int], tensor: int, node: int, slot: int) -> None:
        value = self.producer.get(tensor)
        name = self.tensors[tensor].name
        if value is None:
            value = produced.get(tensor)
            if value is None:
                self.notes.add("damaged", "A tensor is read but nothing produces it", name)
                return
            self.notes.add("damaged", "A tensor is read before it is produced", name)
        self.builder.add_edge(value, node, slot)

    def _add_outputs(self) -> None:
        called = {}
        for _, _, outputs in self.contents.signatures.get(self.index, ()):
            called.update({tensor: name for name, tensor in outputs.items()})
        for i in self._known(self.outputs):
            if i == ABSENT:
                continue
            tensor = self.tensors[i]
            name = called.get(i, "")
            if not name or name in self.builder.index_of:  # the operator bears the tensor's name
                name = f"{tensor.name or 'output'} (output)"
            name = self.namer.unique(name, "output")
            node = self._add_tensor_node(tensor, name, "Output", NodeKind.OUTPUT)
            if i in self.producer:
                self.builder.add_edge(self.producer[i], node, 0)
            else:
                self.notes.add("damaged", "A graph's output is never produced", tensor.name)

    def _source(self) -> TfliteSource:
        aliases: dict[int, list[str]] = {}
        for key, *sides in self.contents.signatures.get(self.index, ()):
            for name, tensor in (pair for side in sides for pair in side.items()):
                aliases.setdefault(tensor, []).append(f"{name} ({key})" if key else name)
        return TfliteSource(
            file=self.contents.file,
            buffers=self.contents.buffers,
            external=self.contents.external,
            graph_ids=self.contents.graph_ids,
            node_operator=self.node_operator,
            node_tensor=self.node_tensor,
            value_tensor=self.value_tensor,
            aliases=aliases,
        )
