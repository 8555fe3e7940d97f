"""One graph of an exported program as columns.

Graph inputs become nodes of kind input (what the caller passes) or constant (parameters,
buffers, constants), then come the operator calls, then one output node for each output of
the signature, mutations included. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from msgspec import Raw

from graphs.builder import GraphBuilder
from graphs.ir import Graph as ColumnGraph
from graphs.ir import GraphSource, NodeKind
from graphs.tensor_type import TensorType
from importers.naming import Namer
from importers.notes import Notes
from importers.pytorch_modules import Modules, shared
from importers.pytorch_schema import Argument, Body, Graph, Node, Signature, Spec
from importers.pytorch_types import TypeTable

NO_SPEC = Spec()
LITERAL = Argument()
# Kind of an input spec -> op type and kind of its node.
INPUT_KINDS: dict[str, tuple[str, NodeKind]] = {
    "user_input": ("Input", NodeKind.INPUT),
    "constant_input": ("Input", NodeKind.INPUT),
    "token": ("Token", NodeKind.INPUT),
    "parameter": ("Parameter", NodeKind.CONSTANT),
    "buffer": ("Buffer", NodeKind.CONSTANT),
    "tensor_constant": ("Constant", NodeKind.CONSTANT),
    "custom_obj": ("CustomObject", NodeKind.CONSTANT),
}
OUTPUT_KINDS: dict[str, str] = {
    "user_output": "Output",
    "loss_output": "Loss",
    "token": "Token",
    "buffer_mutation": "BufferMutation",
    "parameter_mutation": "ParameterMutation",
    "user_input_mutation": "InputMutation",
    "gradient_to_parameter": "ParameterGradient",
    "gradient_to_user_input": "InputGradient",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """A graph of the file that becomes a graph of the model.

    Attributes
    ----------
    id, title : str
    raw : Raw
        Its JSON.
    signature : Signature or None
        Of a whole program; None for a body.
    depth : int
        Bodies around it.
    """

    id: str
    title: str
    raw: Raw
    signature: Signature | None = None
    depth: int = 0

    @property
    def inputs(self) -> list[tuple[str, Spec]]:
        """Kind and spec of each input, as far as the file says."""
        return [] if self.signature is None else list(map(_spec, self.signature.input_specs))

    @property
    def outputs(self) -> list[tuple[str, Spec]]:
        """Kind and spec of each output, as far as the file says."""
        return [] if self.signature is None else list(map(_spec, self.signature.output_specs))


@dataclass(slots=True)
class Rows:
    """The columns of one graph, as they are collected.

    Attributes
    ----------
    scope : Scope
    modules : Modules
    ids, ops, spaces : list of str
        One entry a node.
    kinds : list of int
    first_operator, first_output : int
        Inputs come before, then operator calls, then outputs.
    handles : dict of str to int
        Name of a value -> its handle.
    bodies : list of (int, Body)
        Node and the graph that it calls.
    n_projections : int
        Values that torch takes out of a node's results by a node of its own, ``getitem``.
    """

    scope: Scope
    modules: Modules
    ids: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    spaces: list[str] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    first_operator: int = 0
    first_output: int = 0
    handles: dict[str, int] = field(default_factory=dict)
    value_node: list[int] = field(default_factory=list)
    value_slot: list[int] = field(default_factory=list)
    value_type: list[TensorType] = field(default_factory=list)
    edge_value: list[int] = field(default_factory=list)
    edge_target: list[int] = field(default_factory=list)
    edge_slot: list[int] = field(default_factory=list)
    bodies: list[tuple[int, Body]] = field(default_factory=list)
    n_projections: int = 0


def read_rows(scope: Scope, graph: Graph, types: TypeTable, notes: Notes) -> Rows:
    """Return the columns of a graph."""
    rows = Rows(scope, Modules())
    namer = Namer(notes)
    _add_inputs(rows, graph, namer, notes)
    _add_operators(rows, graph, namer, notes)
    _add_outputs(rows, graph, namer)
    rows.value_type = [types.of(graph, name) for name in rows.handles]
    _connect(rows, graph, notes)
    _place_constants(rows)
    return rows


def build(rows: Rows, body_ids: Iterable[str], source: GraphSource) -> ColumnGraph:
    """Return the graph; `body_ids` are the ids of the graphs of `rows.bodies`."""
    builder = GraphBuilder(rows.scope.id, rows.scope.title)
    builder.add_nodes(rows.ids, rows.ops, rows.spaces, rows.kinds)
    builder.add_values(rows.value_node, rows.value_slot, list(rows.handles), rows.value_type)
    builder.add_edges(rows.edge_value, rows.edge_target, rows.edge_slot)
    for (node, _body), graph_id in zip(rows.bodies, body_ids, strict=True):
        builder.add_subgraph(node, graph_id)
    n_calls = rows.first_output - rows.first_operator
    return builder.build(source, n_operators=n_calls + rows.n_projections)


def references(argument: Argument) -> list[str]:
    """Return the names of the values that an argument refers to, in its order."""
    if argument.as_tensor is not None:
        return [argument.as_tensor.name]
    found: list[str] = []
    waiting = [argument]
    while waiting:
        each = waiting.pop()
        found += _own_references(each)
        waiting += reversed((each.as_string_to_argument or {}).values())
    return found


def _own_references(argument: Argument) -> Iterator[str]:
    """Yield the names in the one field of an argument that is set."""
    a = argument
    for one in (a.as_tensor, a.as_custom_obj, a.as_token):
        if one is not None:
            yield one.name
    if a.as_optional_tensor is not None and a.as_optional_tensor.as_tensor is not None:
        yield a.as_optional_tensor.as_tensor.name
    for number in (a.as_sym_int, a.as_sym_float, a.as_sym_bool):
        if number is not None and number.as_name:
            yield number.as_name
    for numbers in (a.as_sym_ints, a.as_sym_floats, a.as_sym_bools):
        yield from (number.as_name for number in numbers or () if number.as_name)
    yield from (tensor.name for tensor in a.as_tensors or ())
    yield from (o.as_tensor.name for o in a.as_optional_tensors or () if o.as_tensor is not None)
    yield from (tensor.name for tensors in a.as_nested_tensors or () for tensor in tensors)


def _spec(union: dict[str, Spec]) -> tuple[str, Spec]:
    return next(iter(union.items()), ("", NO_SPEC))


def _add_inputs(rows: Rows, graph: Graph, namer: Namer, notes: Notes) -> None:
    specs = rows.scope.inputs
    if specs and len(specs) != len(graph.inputs):
        notes.add("damaged", "The signature and the graph differ in their inputs", rows.scope.id)
    for argument, spec in zip_longest(graph.inputs, specs[: len(graph.inputs)]):
        kind, said = spec or ("user_input", NO_SPEC)
        if kind not in INPUT_KINDS:
            notes.add("guessed", "An input of an unknown kind is shown as an input", kind)
        op, node_kind = INPUT_KINDS.get(kind, INPUT_KINDS["user_input"])
        names = references(argument)
        wanted = said.target or said.name or (names[0] if names else "")
        _add_node(rows, namer.unique(wanted, op.lower(), is_noted=False), op, node_kind)
        _add_values(rows, names, notes)
    rows.first_operator = len(rows.ids)


def _add_operators(rows: Rows, graph: Graph, namer: Namer, notes: Notes) -> None:
    """Append the operator calls; all of a file's nodes come through here."""
    op_of = {t: op_type(t) for t in {node.target for node in graph.nodes}}
    namespace = rows.modules.namespace
    results = [_results(node) for node in graph.nodes]
    wanted = [
        node.name or (names[0] if len(names) == 1 else "")
        for node, names in zip(graph.nodes, results, strict=True)
    ]
    if all(wanted):
        rows.ids += namer.unique_all(wanted, "call", is_noted=False)
    else:
        for name, node in zip(wanted, graph.nodes, strict=True):
            rows.ids.append(namer.unique(name, _stem(op_of[node.target]), is_noted=False))
    rows.ops += [op_of[node.target] for node in graph.nodes]
    rows.spaces += [namespace(node.metadata.nn_module_stack) for node in graph.nodes]
    rows.kinds += [NodeKind.OPERATOR] * len(graph.nodes)
    for index, names in enumerate(results, rows.first_operator):
        if names:
            _add_values(rows, names, notes, index)
            is_own = len(names) == 1 and names[0] == wanted[index - rows.first_operator]
            rows.n_projections += 0 if is_own else len(names)
    rows.first_output = len(rows.ids)


def _results(node: Node) -> list[str]:
    """Return the names of a node's outputs."""
    if len(node.outputs) == 1:
        return references(node.outputs[0])
    return [name for output in node.outputs for name in references(output)]


def op_type(target: str) -> str:
    """Return e.g. ``aten.mul.Tensor`` for ``torch.ops.aten.mul.Tensor``."""
    if target.startswith("_operator."):
        return target[1:256]  # where Python keeps what everybody calls `operator`
    return target.removeprefix("torch.ops.")[:256]


def _stem(op: str) -> str:
    """Return what a nameless call is named after: ``mul`` for ``aten.mul.Tensor``."""
    parts = op.split(".")
    return parts[-2] if len(parts) > 1 else op


def _add_outputs(rows: Rows, graph: Graph, namer: Namer) -> None:
    specs = rows.scope.outputs[: len(graph.outputs)]
    is_alone = len(graph.outputs) == 1
    for index, (_argument, spec) in enumerate(zip_longest(graph.outputs, specs)):
        kind, said = spec or ("user_output", NO_SPEC)
        op = OUTPUT_KINDS.get(kind, "Output")
        wanted = f"{said.target} ({kind.replace('_', ' ')})" if said.target else ""
        wanted = wanted or ("output" if is_alone else f"output_{index}")
        _add_node(rows, namer.unique(wanted, "output", is_noted=False), op, NodeKind.OUTPUT)


def _add_node(rows: Rows, id: str, op: str, kind: NodeKind) -> None:
    rows.ids.append(id)
    rows.ops.append(op)
    rows.spaces.append("")
    rows.kinds.append(kind)


def _add_values(rows: Rows, names: list[str], notes: Notes, node: int = -1) -> None:
    """Append the values that a node produces, the last node if none is given."""
    node = len(rows.ids) - 1 if node < 0 else node
    for slot, name in enumerate(names):
        if name in rows.handles:
            notes.add("damaged", "A value is produced twice; the first is shown", name)
            continue
        rows.handles[name] = len(rows.value_node)
        rows.value_node.append(node)
        rows.value_slot.append(slot)


def _connect(rows: Rows, graph: Graph, notes: Notes) -> None:
    """Append the edges into operator calls and outputs, and find the bodies that they call."""
    for target, node in enumerate(graph.nodes, rows.first_operator):
        slot = 0
        for given in node.inputs:
            argument = given.arg
            if argument.as_tensor is not None:
                slot = _link(rows, argument.as_tensor.name, target, slot, notes)
                continue
            if argument == LITERAL:
                continue
            for name in references(argument):
                slot = _link(rows, name, target, slot, notes)
            rows.bodies += [(target, body) for body in _bodies(argument)]
    for target, argument in enumerate(graph.outputs, rows.first_output):
        for slot, name in enumerate(references(argument)):
            _link(rows, name, target, slot, notes)


def _link(rows: Rows, name: str, target: int, slot: int, notes: Notes) -> int:
    """Append the edge of a value into a slot and return the next slot."""
    value = rows.handles.get(name)
    if value is None:
        notes.add("damaged", "An argument names a value that does not exist", name)
    else:
        if rows.value_node[value] >= target:
            notes.add("damaged", "A value is read before it is produced", name)
        rows.edge_value.append(value)
        rows.edge_target.append(target)
        rows.edge_slot.append(slot)
    return slot + 1


def _bodies(argument: Argument) -> Iterator[Body]:
    """Yield the graphs in an argument, in its order."""
    waiting = [argument]
    while waiting:
        each = waiting.pop()
        if each.as_graph is not None:
            yield each.as_graph
        waiting += reversed((each.as_string_to_argument or {}).values())


def _place_constants(rows: Rows) -> None:
    """Put constants into their module's namespace, else into the one around all who read them."""
    readers: dict[int, list[str]] = {}
    for value, target in zip(rows.edge_value, rows.edge_target, strict=True):
        node = rows.value_node[value]
        if node < rows.first_operator and target < rows.first_output:
            readers.setdefault(node, []).append(rows.spaces[target])
    specs = rows.scope.inputs
    for node in range(rows.first_operator):
        if rows.kinds[node] != NodeKind.CONSTANT or node >= len(specs):
            continue
        said = specs[node][1]
        owner = None
        if not said.tensor_constant_name:
            owner = rows.modules.of_path.get(said.target.rpartition(".")[0])
        rows.spaces[node] = shared(readers.get(node, [])) if owner is None else owner
