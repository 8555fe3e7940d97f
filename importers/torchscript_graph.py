"""What the worker told of a TorchScript module, as graphs. Imports no torch.

A block uses values of the graph around it without naming them as inputs; they become
inputs of the body and of the node that owns it, through every graph between.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from graphs.builder import GraphBuilder
from graphs.ir import Graph, Model, NodeKind
from graphs.tensor_type import Dim, TensorType
from importers.fact_text import cut
from importers.naming import Namer
from importers.notes import Notes
from importers.pytorch_modules import Modules, shared
from importers.torchscript_source import ScriptSource

FORMAT = "TorchScript"
MAX_BODY_DEPTH = 64
# The same module's own method, and a module that torch cannot name.
_NO_INSTANCE = frozenset({"SELF", "TOP", "UNKNOWN_INSTANCE", "INSTANCE_NAME_UNKNOWN"})
_MODULE = re.compile(r"([^().]+)\(([^()]*)\)")
Value = tuple[str, str, str, list[int | None] | None]
Tensors = Callable[[str], NDArray[np.generic] | None]


class DumpedNode(Struct, gc=False):
    """A node; the fields are those of `torchscript_dump`."""

    kind: str
    scope: str
    source: str
    inputs: list[str]
    outputs: list[Value]
    attributes: dict[str, Any]
    path: str = ""


class DumpedGraph(Struct, gc=False):
    """A method or a block."""

    title: str
    parent: int
    owner: int
    inputs: list[Value]
    outputs: list[str]
    nodes: list[DumpedNode]


class DumpedTensor(Struct, gc=False):
    """A parameter or a buffer."""

    dtype: str
    shape: list[int]
    is_parameter: bool
    bytes: int
    storage: int


class Dumped(Struct, rename={"module_class": "class"}, gc=False):
    """A module."""

    torch: str
    module_class: str
    graphs: list[DumpedGraph]
    tensors: dict[str, DumpedTensor]
    n_methods: int
    n_nodes: int


@dataclass(slots=True)
class _Plan:
    """One graph before it is built.

    Attributes
    ----------
    dumped : DumpedGraph
    id : str
    bodies : dict of int to list of int
        Graphs that a node owns.
    own : set of str
        Names of the values that the graph itself gives.
    captured : dict of str to Value
        Values of the graphs around it that it or its bodies use.
    """

    dumped: DumpedGraph
    id: str
    bodies: dict[int, list[int]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    captured: dict[str, Value] = field(default_factory=dict)


def build_model(name: str, dumped: Dumped, tensors: Tensors, notes: Notes) -> Model:
    """Return the model of a module.

    Parameters
    ----------
    name : str
    dumped : Dumped
    tensors : callable
        Gives a parameter's or buffer's data by its path.
    notes : Notes
    """
    plans = _plans(dumped, notes)
    modules = Modules()
    graphs = tuple(_build(i, plans, dumped, modules, tensors, notes) for i in range(len(plans)))
    own = {(t.storage or path): t for path, t in dumped.tensors.items() if t.is_parameter}
    metadata = [
        ("torch version", f"{dumped.torch} (read with)"),
        ("class", dumped.module_class),
        ("methods", f"{dumped.n_methods:,}"),
        ("nodes in methods", f"{dumped.n_nodes:,}"),
    ]
    return Model(
        name=name,
        format=FORMAT,
        producer="torch.jit",
        graphs=graphs,
        metadata=[(key, cut(text)) for key, text in metadata if text],
        notes=notes.all(),
        n_parameters=sum(int(np.prod(t.shape, dtype=np.int64)) for t in own.values()),
        parameter_bytes=sum(t.bytes for t in own.values()),
    )


def _plans(dumped: Dumped, notes: Notes) -> list[_Plan]:
    """Return every graph with its id, its bodies and what it captures."""
    namer = Namer(notes)
    plans: list[_Plan] = []
    known: list[dict[str, Value]] = []
    for graph in dumped.graphs:
        before = "" if graph.parent < 0 else f"{plans[graph.parent].id}/"
        wanted = f"{before}{graph.title}" + ("" if graph.parent < 0 else f"_{graph.owner}")
        plan = _Plan(graph, namer.unique(wanted, "graph", is_noted=False))
        values = {v[0]: v for v in graph.inputs}
        values.update((v[0], v) for node in graph.nodes for v in node.outputs)
        plan.own = set(values)
        known.append(values)
        if graph.parent >= 0:
            plans[graph.parent].bodies.setdefault(graph.owner, []).append(len(plans))
        plans.append(plan)
    for index in reversed(range(len(plans))):  # a body comes after the graph around it
        plan = plans[index]
        used = [n for node in plan.dumped.nodes for n in node.inputs] + plan.dumped.outputs
        used += [n for bodies in plan.bodies.values() for b in bodies for n in plans[b].captured]
        for name in used:
            if name not in plan.own and plan.dumped.parent >= 0:
                plan.captured.setdefault(name, _outer(name, plan, plans, known))
    return plans


def _outer(name: str, plan: _Plan, plans: list[_Plan], known: list[dict[str, Value]]) -> Value:
    """Return a value of the graphs around a body."""
    at = plan.dumped.parent
    while at >= 0:
        if name in known[at]:
            return known[at][name]
        at = plans[at].dumped.parent
    return (name, "", "", None)


def _build(
    index: int,
    plans: list[_Plan],
    dumped: Dumped,
    modules: Modules,
    tensors: Tensors,
    notes: Notes,
) -> Graph:
    plan = plans[index]
    builder = GraphBuilder(plan.id)
    namer = Namer(notes)
    source = ScriptSource(dumped, modules, tensors)
    handles = _add_inputs(builder, plan, namer)
    rows = _add_nodes(builder, plan, dumped, modules, namer, source, handles)
    for at, row in rows.items():
        bodies = [plans[body] for body in plan.bodies.get(at, [])]
        _connect(builder, row, plan.dumped.nodes[at], bodies, handles)
        for body in bodies:
            builder.add_subgraph(row, body.id)
    _add_outputs(builder, plan, namer, handles)
    graph = builder.build(source, n_operators=len(plan.dumped.nodes))
    source.bind(graph.namespaces.paths)
    return graph


def _add_inputs(builder: GraphBuilder, plan: _Plan, namer: Namer) -> dict[str, int]:
    """Append inputs and captured values; return the handle of each value by its name."""
    handles: dict[str, int] = {}
    entering = [("Input", value) for value in plan.dumped.inputs]
    entering += [("Captured", value) for value in plan.captured.values()]
    for op, value in entering:
        name = namer.unique(value[0], op.lower(), is_noted=False)
        node = builder.add_node(name, op, "", NodeKind.INPUT)
        handles[value[0]] = builder.add_value(node, 0, value[0], _type(value))
    return handles


def _connect(
    builder: GraphBuilder,
    row: int,
    node: DumpedNode,
    bodies: list[_Plan],
    handles: dict[str, int],
) -> None:
    """Append the edges into a node, those of what its bodies capture included, each once."""
    wanted = node.inputs
    if bodies:
        wanted = list(dict.fromkeys([*wanted, *(n for body in bodies for n in body.captured)]))
    slot = 0
    for name in wanted:
        if name in handles:
            builder.add_edge(handles[name], row, slot)
            slot += 1


def _add_outputs(builder: GraphBuilder, plan: _Plan, namer: Namer, handles: dict[str, int]) -> None:
    for place, name in enumerate(plan.dumped.outputs):
        title = "output" if len(plan.dumped.outputs) == 1 else f"output_{place}"
        own = namer.unique(title, "output", is_noted=False)
        node = builder.add_node(own, "Output", "", NodeKind.OUTPUT)
        if name in handles:
            builder.add_edge(handles[name], node, 0)


def _add_nodes(
    builder: GraphBuilder,
    plan: _Plan,
    dumped: Dumped,
    modules: Modules,
    namer: Namer,
    source: ScriptSource,
    handles: dict[str, int],
) -> dict[int, int]:
    """Append the nodes and their values; return our node of each of the file's."""
    spaces = [modules.enter(_entries(node.scope)) for node in plan.dumped.nodes]
    around = _readers(plan, spaces)
    known: dict[str, int] = {}
    rows: dict[int, int] = {}
    for at, each in enumerate(plan.dumped.nodes):
        tensor = dumped.tensors.get(each.path) if each.kind == "tensor" else None
        if tensor is not None and each.path in known:
            handles[each.outputs[0][0]] = known[each.path]
            continue
        stem = each.kind.rpartition("::")[2].lower()
        wanted = each.path if tensor is not None else ""
        op, kind = each.kind, NodeKind.OPERATOR
        if tensor is not None:
            op, kind = ("Parameter" if tensor.is_parameter else "Buffer"), NodeKind.CONSTANT
        elif each.kind == "prim::Constant":
            kind = NodeKind.CONSTANT
        is_fixed = kind == NodeKind.CONSTANT
        own = around.get(each.outputs[0][0], spaces[at]) if is_fixed else spaces[at]
        if not wanted and each.outputs:
            wanted = each.outputs[0][0] if not each.outputs[0][0].isdigit() else ""
        row = builder.add_node(namer.unique(wanted, stem, is_noted=False), op, own, kind)
        source.nodes[row] = each
        rows[at] = row
        for slot, value in enumerate(each.outputs):
            found = (
                _type(value) if tensor is None else TensorType(tensor.dtype, tuple(tensor.shape))
            )
            handles[value[0]] = builder.add_value(row, slot, value[0], found)
        if tensor is not None:
            known[each.path] = handles[each.outputs[0][0]]
    return rows


def _readers(plan: _Plan, spaces: list[str]) -> dict[str, str]:
    """Return the namespace around all who read a value, by its name."""
    found: dict[str, list[str]] = {}
    for node, space in zip(plan.dumped.nodes, spaces, strict=True):
        for name in node.inputs:
            found.setdefault(name, []).append(space)
    return {name: shared(read) for name, read in found.items()}


def _entries(scope: str) -> list[tuple[str, str, str]]:
    """Read ``_model(Net).SELF(Net).stft(STFT)``."""
    found: list[tuple[str, str, str]] = []
    path = ""
    for name, module_class in _MODULE.findall(scope[:16_384])[:MAX_BODY_DEPTH]:
        if name not in _NO_INSTANCE:
            path = f"{path}.{name}" if path else name
            found.append(("", path, module_class))
    return found


def _type(value: Value) -> TensorType:
    """Return the type of a value; what is no tensor has its TorchScript name as dtype."""
    _name, written, dtype, shape = value
    if written == "Tensor" or dtype or written.startswith(("Float(", "Long(", "Tensor(")):
        sizes: tuple[Dim, ...] | None = None if shape is None else tuple(shape)
        return TensorType(dtype, sizes)
    return TensorType(written[:64], () if written in ("int", "float", "bool") else None)
