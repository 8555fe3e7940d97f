"""Read PyTorch objects that are in memory, as `importers.read(obj)`.

* `torch.export.ExportedProgram`: as the file that it would be saved to
* `torch.nn.Module` with example inputs: exported first
* `torch.fx.GraphModule`: as it stands
* `torch.jit.ScriptModule` and `ScriptFunction`: as the file that it would be saved to
* a tensor with a backward function: its autograd graph (`importers.pytorch_autograd`)

Columns are copies; attributes and weights are looked up in the object when somebody
looks. torch is imported in functions; whoever has such an object imported it already.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from graphs.errors import ReadError, quoted
from graphs.ir import Facts, Graph, Model, NodeKind
from importers import pytorch_autograd
from importers.fact_text import MAX_FACTS, cut
from importers.naming import Namer
from importers.notes import Notes
from importers.pytorch_archive import FORMAT
from importers.pytorch_fx import FxGraph, FxReader, Said, attribute_of
from importers.pytorch_tensors import numpy_of
from importers.pytorch_text import metadata_facts
from importers.torchscript_dump import TooManyNodes, dumped, tensor_of
from importers.torchscript_graph import Dumped, build_model

MAX_BODY_DEPTH = 64
_INPUT_KINDS = {"constant_tensor": "tensor_constant"}


def look_object(obj: object) -> bool:
    """Return whether the object is a program, a module, or a tensor with an autograd graph."""
    import torch

    if isinstance(obj, torch.Tensor):
        return pytorch_autograd.look_object(obj)
    kinds = (torch.export.ExportedProgram, torch.nn.Module, torch.jit.ScriptFunction)
    return isinstance(obj, kinds)


def read_object(
    obj: object,
    notes: Notes,
    example_inputs: Any = None,
    *,
    dynamic_shapes: Any = None,
    module: Any = None,
) -> Model:
    """Return the model of a PyTorch object.

    Parameters
    ----------
    obj : ExportedProgram, GraphModule, Module, ScriptModule, ScriptFunction or Tensor
    notes : Notes
    example_inputs : tuple, dict or Tensor, optional
        What to export a module with: positional arguments, keyword arguments, or the one
        argument.
    dynamic_shapes : optional
        As `torch.export.export` takes it.
    module : Module, optional
        For a tensor: whose parameters name the leaves.

    Raises
    ------
    ReadError
        A module has no example inputs, or torch cannot export it.
    """
    import torch

    if isinstance(obj, torch.Tensor):
        return pytorch_autograd.read_object(obj, notes, module=module)
    if isinstance(obj, (torch.jit.ScriptModule, torch.jit.ScriptFunction)):
        return _scripted(obj, notes)
    if isinstance(obj, torch.export.ExportedProgram):
        return _program(obj, notes, type(obj).__name__)
    if isinstance(obj, torch.fx.GraphModule) and example_inputs is None:
        return _graph_module(obj, notes)
    return _program(_exported(obj, example_inputs, dynamic_shapes), notes, type(obj).__name__)


def _exported(module: Any, example_inputs: Any, dynamic_shapes: Any) -> Any:
    import torch

    name = type(module).__name__
    if example_inputs is None:
        reason = "a module needs example inputs: importers.read(module, example_inputs=(x,))"
        raise ReadError(name, reason, format=FORMAT)
    args: tuple[Any, ...] = (example_inputs,)
    kwargs: dict[str, Any] = {}
    if isinstance(example_inputs, dict):
        args, kwargs = (), example_inputs
    elif isinstance(example_inputs, (tuple, list)):
        args = tuple(example_inputs)
    try:
        return torch.export.export(module, args, kwargs, dynamic_shapes=dynamic_shapes)
    except Exception as error:  # torch raises its own kinds by the dozen
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        reason = f"torch cannot export it: {type(error).__name__}: {quoted(first)}"
        raise ReadError(name, reason, format=FORMAT) from error


def _program(program: Any, notes: Notes, name: str) -> Model:
    """Return the model of an exported program."""
    import torch

    signature = program.graph_signature
    inputs = [
        Said(
            _INPUT_KINDS.get(s.kind.name.lower(), s.kind.name.lower()), s.target or "", s.persistent
        )
        for s in signature.input_specs
    ]
    outputs = [Said(s.kind.name.lower(), s.target or "") for s in signature.output_specs]
    tensors = {**program.constants, **program.state_dict}
    facts = [
        ("torch version", str(torch.__version__)),
        *(
            (f"symbol {symbol}", _range(bounds))
            for symbol, bounds in list(program.range_constraints.items())[:MAX_FACTS]
        ),
    ]
    parameters = [
        tensors[s.target] for s in inputs if s.kind == "parameter" and s.target in tensors
    ]
    top = FxGraph(program.graph_module, "model", "model", inputs, outputs)
    return _model(name, _graphs(top, tensors, notes), facts, parameters, notes)


def _scripted(module: Any, notes: Notes) -> Model:
    """Return the model of a scripted or traced module; its weights are the live ones."""

    def tensor(path: str) -> NDArray[np.generic] | None:
        return numpy_of(tensor_of(module, path))

    name = str(getattr(module, "original_name", "") or getattr(module, "name", "TorchScript"))
    try:
        told = msgspec.convert(dumped(module), Dumped)
    except TooManyNodes as error:
        raise ReadError(name, f"inlining its calls gives {error}", format="TorchScript") from error
    return build_model(name, told, tensor, notes)


def _range(bounds: Any) -> str:
    """Return e.g. ``2 … ∞``; torch writes its own infinity as ``int_oo``."""
    text = f"{bounds.lower} … {bounds.upper}"
    return text.replace("int_oo", "∞").replace("oo", "∞")


def _graph_module(module: Any, notes: Notes) -> Model:
    import torch

    top = FxGraph(module, "model", type(module).__name__)
    facts = [("torch version", str(torch.__version__))]
    return _model(
        type(module).__name__, _graphs(top, {}, notes), facts, list(module.parameters()), notes
    )


def _model(
    name: str, graphs: list[Graph], facts: Facts, parameters: list[Any], notes: Notes
) -> Model:
    unique = {(p.data_ptr() or id(p), tuple(p.shape)): p for p in parameters}
    return Model(
        name=name,
        format=FORMAT,
        producer=f"torch {facts[0][1]}",
        graphs=tuple(graphs),
        metadata=[(cut(key), cut(text)) for key, text in facts],
        notes=notes.all(),
        n_parameters=sum(p.numel() for p in unique.values()),
        parameter_bytes=sum(p.numel() * p.element_size() for p in unique.values()),
    )


def _graphs(top: FxGraph, tensors: dict[str, Any], notes: Notes) -> list[Graph]:
    """Return a graph and all that it calls, each after its caller."""
    from dataclasses import replace

    namer = Namer(notes)
    namer.unique(top.id, "model")
    waiting = [(top, 0)]
    graphs: list[Graph] = []
    for each, depth in waiting:
        prefix = f"{each.id}/" if depth else ""
        called: list[str] = []

        def body_id(title: str, prefix: str = prefix, called: list[str] = called) -> str:
            called.append(title)
            return namer.unique(f"{prefix}{title}", "body", is_noted=False)

        graph, bodies = FxReader(each, notes).read(body_id)
        if depth >= MAX_BODY_DEPTH and bodies:
            raise ReadError(top.title, f"graphs are nested deeper than {MAX_BODY_DEPTH}")
        waiting += [
            (FxGraph(module, own, title), depth + 1)
            for (own, module), title in zip(bodies, called, strict=True)
        ]
        source = FxSource(each, graph, tensors if depth == 0 else {})
        graphs.append(replace(graph, source=source))
    return graphs


class FxSource:
    """The on-demand side of one graph in memory; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    read : FxGraph
    graph : Graph
        Its columns.
    tensors : dict of str to Tensor
        Parameters, buffers and constants by name.
    """

    def __init__(self, read: FxGraph, graph: Graph, tensors: dict[str, Any]) -> None:
        self._read = read
        self._paths = graph.namespaces.paths
        self._kinds = graph.node_kind
        self._tensors = tensors

    def attributes(self, node: int) -> Facts:
        """Return an operator's literals and source, or what the signature says of a node."""
        said, own = self._read.said[node], self._read.nodes[node]
        if own is None or self._kinds[node] != NodeKind.OPERATOR:
            key = "of" if own is None else "name"
            facts = [("kind", said.kind.replace("_", " ")), (key, said.target)]
            if own is not None:
                facts.append(("placeholder", str(own.name)))
            if said.persistent is not None:
                facts.append(("persistent", str(said.persistent).lower()))
            return [(k, cut(text)) for k, text in facts if text]
        return _arguments(own) + self._module_facts(own) + metadata_facts(_metadata(own))

    def value_facts(self, value: int) -> Facts:
        """Return no facts: the type is all that there is."""
        return []

    def group_attributes(self, namespace: int) -> Facts:
        """Return path and class of the namespace's module."""
        space = self._paths[namespace]
        found = [
            ("module", self._read.modules.paths.get(space, "")),
            ("class", self._read.modules.classes.get(space, "")),
        ]
        return [(key, cut(text)) for key, text in found if text]

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a parameter, a buffer or a constant; None where it has none."""
        if self._kinds[node] != NodeKind.CONSTANT:
            return None
        target = self._read.said[node].target
        held = self._tensors.get(target)
        return numpy_of(attribute_of(self._read.module, target) if held is None else held)

    def _module_facts(self, node: Any) -> Facts:
        """Return settings and parameters of a module that is called as one node."""
        if node.op != "call_module":
            return []
        held = attribute_of(self._read.module, str(node.target))
        facts = [("module", str(node.target)), ("settings", str(held.extra_repr()))]
        for name, parameter in list(held.named_parameters())[:MAX_FACTS]:
            facts.append((name, f"{str(parameter.dtype)[6:]}{list(parameter.shape)}"))
        return [(cut(key), cut(text)) for key, text in facts if text]


def _arguments(node: Any) -> Facts:
    """Return the literals among a call's arguments, then which value is which argument."""
    import torch

    schema = getattr(node.target, "_schema", None)
    names = [a.name for a in schema.arguments] if schema is not None else []
    given = [(names[i] if i < len(names) else f"argument {i}", a) for i, a in enumerate(node.args)]
    literals: Facts = []
    values: list[str] = []
    for name, argument in [*given, *node.kwargs.items()]:
        if isinstance(argument, torch.fx.Node):
            values.append(f"{name}=%{argument.name}")
        else:
            literals.append((cut(str(name)), cut(str(argument))))
    return literals + ([("values", cut(", ".join(values)))] if values else [])


def _metadata(node: Any) -> dict[str, Any]:
    """Return what the tracer says of a node, as a saved program does."""
    said: dict[str, Any] = {}
    if node.meta.get("stack_trace"):
        said["stack_trace"] = str(node.meta["stack_trace"])
    if node.meta.get("torch_fn"):
        said["torch_fn"] = ";".join(map(str, node.meta["torch_fn"]))
    return said
