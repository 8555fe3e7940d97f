"""Graphs of torch.fx that are in memory, as columns: what torch.export and tracing make.

The rules are those of `importers.pytorch_graph`, so that an exported program and the file
that it is saved to give the same graph. torch is imported already by whoever made the
object; here it is imported in functions.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphs.builder import GraphBuilder
from graphs.ir import Graph, NodeKind
from graphs.tensor_type import UNKNOWN_TYPE, Dim, TensorType
from importers.naming import Namer
from importers.notes import Notes
from importers.pytorch_graph import INPUT_KINDS, OUTPUT_KINDS, op_type
from importers.pytorch_modules import Modules, shared
from importers.pytorch_symbols import expression_text
from importers.pytorch_types import OBJECT, SYM_BOOL, SYM_FLOAT, SYM_INT

MAX_ARGUMENTS = 100_000  # of one node, nested ones counted


@dataclass(frozen=True, slots=True)
class Said:
    """What a signature says of one input or output.

    Attributes
    ----------
    kind : str
        As in a saved program: ``parameter``, ``buffer_mutation``, ...
    target : str
        What the module calls it.
    persistent : bool or None
    """

    kind: str
    target: str = ""
    persistent: bool | None = None


@dataclass(slots=True)
class FxGraph:
    """One graph while it is read.

    Attributes
    ----------
    module : torch.fx.GraphModule
    id, title : str
    inputs, outputs : list of Said
        Empty where there is no signature.
    nodes : list
        The fx node of each of our nodes; None for an output.
    said : list of Said
        Of each of our nodes; empty for operators.
    modules : Modules
    bodies : list of (str, GraphModule)
        Title and module of each graph that this one calls.
    """

    module: Any
    id: str
    title: str
    inputs: list[Said] = field(default_factory=list)
    outputs: list[Said] = field(default_factory=list)
    nodes: list[Any] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    modules: Modules = field(default_factory=Modules)
    bodies: list[tuple[str, Any]] = field(default_factory=list)


class FxReader:
    """Reads one fx graph into a `GraphBuilder`.

    Parameters
    ----------
    graph : FxGraph
    notes : Notes
    """

    def __init__(self, graph: FxGraph, notes: Notes) -> None:
        self.graph = graph
        self._builder = GraphBuilder(graph.id, graph.title)
        self._namer = Namer(notes)
        self._values: dict[Any, int] = {}
        self._results: dict[Any, dict[int, int]] = {}
        self._edges: list[tuple[int, int, int]] = []
        self._spaces: list[str] = []
        self._rows: list[tuple[str, str, NodeKind]] = []
        self._value_owner: list[int] = []
        self._pending: list[tuple[int, int, str, TensorType]] = []
        self._calls: list[tuple[int, str, Any]] = []
        self._n_projections = 0

    def read(self, body_id: Callable[[str], str]) -> tuple[Graph, list[tuple[str, Any]]]:
        """Return the graph without its source, and id and module of each graph that it calls."""
        projected = self._projections()
        n_inputs = 0
        for node in self.graph.module.graph.nodes:
            if node.op == "placeholder":
                self._add_input(node, n_inputs)
                n_inputs += 1
            elif node.op == "get_attr":
                self._add_attribute(node)
            elif node.op == "output":
                self._add_outputs(node)
            elif node not in projected:
                self._add_call(node, projected)
        self._place_constants()
        bodies = self._fill(body_id)
        n_calls = sum(kind == NodeKind.OPERATOR for _, _, kind in self._rows)
        return self._builder.build(n_operators=n_calls + self._n_projections), bodies

    def _projections(self) -> dict[Any, int]:
        """Return the nodes that take one result out of a tuple, with its place."""
        found: dict[Any, int] = {}
        for node in self.graph.module.graph.nodes:
            if node.op == "call_function" and node.target is operator.getitem:
                source, place = node.args[:2]
                if isinstance(place, int) and isinstance(_val(source), (tuple, list)):
                    found[node] = place
        return found

    def _add_input(self, node: Any, index: int) -> None:
        inputs = self.graph.inputs
        said = inputs[index] if index < len(inputs) else Said("user_input")
        op, kind = INPUT_KINDS.get(said.kind, INPUT_KINDS["user_input"])
        self._add_node(said.target or str(node.name), op, kind, node, said)
        if not _gives_nothing(node):
            self._add_value(node, 0, str(node.name), type_of(_val(node)))

    def _add_attribute(self, node: Any) -> None:
        import torch

        held = attribute_of(self.graph.module, str(node.target))
        if isinstance(held, torch.fx.GraphModule):
            return
        kinds = ((torch.nn.Parameter, "parameter"), (torch.Tensor, "tensor_constant"))
        kind = next((name for cls, name in kinds if isinstance(held, cls)), "custom_obj")
        self._add_node(str(node.target), *INPUT_KINDS[kind], node, Said(kind, str(node.target)))
        self._add_value(node, 0, str(node.name), type_of(held))

    def _add_call(self, node: Any, projected: dict[Any, int]) -> None:
        index = self._add_node(
            str(node.name), call_op(self.graph.module, node), NodeKind.OPERATOR, node, Said("")
        )
        self._spaces[index] = self._namespace(node)
        for slot, given in enumerate(self._arguments(node)):
            self._edges.append((given, index, slot))
        if node.op == "call_module":
            inner = attribute_of(self.graph.module, str(node.target))
            if hasattr(inner, "graph") and hasattr(inner, "code"):
                self._calls.append((index, str(node.target), inner))
        val = _val(node)
        if _gives_nothing(node):
            return
        if not isinstance(val, (tuple, list)):
            self._add_value(node, 0, str(node.name), type_of(val), index)
            return
        takers = {projected[user]: user for user in node.users if user in projected}
        self._n_projections += len(takers)
        self._results[node] = {}
        present = [(place, each) for place, each in enumerate(val) if each is not None]
        for slot, (place, each) in enumerate(present):
            taker = takers.get(place)
            name = f"{node.name}_unused_{place}" if taker is None else str(taker.name)
            handle = self._add_value(taker, slot, name, type_of(each), index)
            self._results[node][place] = handle

    def _add_outputs(self, node: Any) -> None:
        items = list(_leaves(node.args[0]))
        outputs = self.graph.outputs
        for index, item in enumerate(items):
            said = outputs[index] if index < len(outputs) else Said("user_output")
            wanted = f"{said.target} ({said.kind.replace('_', ' ')})" if said.target else ""
            wanted = wanted or ("output" if len(items) == 1 else f"output_{index}")
            op = OUTPUT_KINDS.get(said.kind, "Output")
            at = self._add_node(wanted, op, NodeKind.OUTPUT, None, said)
            if _is_node(item) and item in self._values:
                self._edges.append((self._values[item], at, 0))

    def _arguments(self, node: Any) -> Iterator[int]:
        """Yield the values among the arguments of a call; bodies are kept aside."""
        index = len(self._rows) - 1
        for item in filter(_is_node, _leaves([node.args, node.kwargs])):
            if item in self._values:
                yield self._values[item]
            elif item in self._results:
                yield from self._results[item].values()
            elif item.op == "get_attr":
                held = attribute_of(self.graph.module, str(item.target))
                self._calls.append((index, str(item.target), held))

    def _namespace(self, node: Any) -> str:
        stack = node.meta.get("nn_module_stack")
        entries = [
            (str(key), str(path), _class_name(kind))
            for key, (path, kind) in (stack or {}).items()
            if not str(key).startswith("_empty_nn_module_stack")
        ]
        if node.op == "call_module" and entries and entries[-1][1] == str(node.target):
            entries = entries[:-1]
        return self.graph.modules.enter(entries)

    def _add_node(self, wanted: str, op: str, kind: NodeKind, node: Any, said: Said) -> int:
        name = self._namer.unique(wanted, op.lower(), is_noted=False)
        self._rows.append((name, op, kind))
        self._spaces.append("")
        self.graph.nodes.append(node)
        self.graph.said.append(said)
        return len(self._rows) - 1

    def _add_value(self, node: Any, slot: int, name: str, kind: TensorType, index: int = -1) -> int:
        owner = len(self._rows) - 1 if index < 0 else index
        handle = len(self._pending)
        self._pending.append((owner, slot, name, kind))
        if node is not None:
            self._values[node] = handle
        return handle

    def _place_constants(self) -> None:
        """Put constants into their module's namespace, else where all who read them are."""
        readers: dict[int, list[str]] = {}
        for value, target, _slot in self._edges:
            if self._rows[target][2] == NodeKind.OPERATOR:
                readers.setdefault(self._pending[value][0], []).append(self._spaces[target])
        for index, said in enumerate(self.graph.said):
            if self._rows[index][2] != NodeKind.CONSTANT:
                continue
            owner = None
            if said.kind != "tensor_constant":
                owner = self.graph.modules.of_path.get(said.target.rpartition(".")[0])
            self._spaces[index] = shared(readers.get(index, [])) if owner is None else owner

    def _fill(self, body_id: Callable[[str], str]) -> list[tuple[str, Any]]:
        for (name, op, kind), space in zip(self._rows, self._spaces, strict=True):
            self._builder.add_node(name, op, space, kind)
        for value in self._pending:
            self._builder.add_value(*value)
        for handle, target, slot in self._edges:
            self._builder.add_edge(handle, target, slot)
        bodies: list[tuple[str, Any]] = []
        for node, title, module in self._calls:
            bodies.append((body_id(title), module))
            self._builder.add_subgraph(node, bodies[-1][0])
        return bodies


def _gives_nothing(node: Any) -> bool:
    """Return whether torch noted that a node's result is None."""
    return "val" in node.meta and node.meta["val"] is None


def _is_node(item: Any) -> bool:
    return hasattr(item, "all_input_nodes")


def attribute_of(module: Any, path: str) -> Any:
    """Return what a dotted path names in a module; None where nothing is there."""
    held = module
    for part in path.split("."):
        held = getattr(held, part, None)
    return held


def call_op(module: Any, node: Any) -> str:
    """Return the op type of a call: ``aten.mul.Tensor``, ``nn.Linear``, ``Tensor.view``."""
    target = node.target
    if node.op == "call_method":
        return f"Tensor.{target}"
    if node.op == "call_module":
        kind = type(attribute_of(module, str(target)))
        is_torchs = kind.__module__.startswith("torch.nn.")
        return f"nn.{kind.__name__}" if is_torchs else kind.__name__
    if hasattr(target, "_schema") or hasattr(target, "_ops"):
        return op_type(f"{target}")
    if type(target).__module__.startswith("torch._higher_order_ops") or hasattr(
        target, "py_kernels"
    ):
        return f"higher_order.{target}"
    origin = str(getattr(target, "__module__", "") or "").removeprefix("_")
    name = str(getattr(target, "__name__", target))
    return f"{origin}.{name}"[:256] if origin else name[:256]


def type_of(value: Any) -> TensorType:
    """Return the type of what a node gives, as far as torch knows it."""
    import torch

    if isinstance(value, torch.SymInt):
        return SYM_INT
    if isinstance(value, torch.SymFloat):
        return SYM_FLOAT
    if isinstance(value, torch.SymBool):
        return SYM_BOOL
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    if dtype is None or shape is None:
        return UNKNOWN_TYPE if value is None or isinstance(value, int | float | str) else OBJECT
    return TensorType(str(dtype).removeprefix("torch."), tuple(map(_dim, shape)))


def _dim(size: Any) -> Dim:
    """Return a size; asking a symbolic one for its number would fix it."""
    return size if isinstance(size, int) else expression_text(str(size))


def _val(node: Any) -> Any:
    """Return what torch noted of a node's result."""
    meta = getattr(node, "meta", {})
    for key in ("val", "tensor_meta", "example_value"):
        if meta.get(key) is not None:
            found = meta[key]
            is_record = type(found).__name__ == "TensorMetadata"  # a tuple of its own fields
            return found if not is_record else _Shaped(found.dtype, found.shape)
    return None


@dataclass(frozen=True, slots=True)
class _Shaped:
    dtype: Any
    shape: Any


def _class_name(kind: Any) -> str:
    if isinstance(kind, str):
        return kind
    return f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else str(kind)


def _leaves(items: Any) -> Iterator[Any]:
    """Yield the hashable things in nested arguments, in their order."""
    waiting: list[Iterable[Any]] = [iter([items])]
    for _ in range(MAX_ARGUMENTS):
        if not waiting:
            return
        each = next(waiting[-1], waiting)  # type: ignore[call-overload]
        if each is waiting:
            waiting.pop()
        elif isinstance(each, (tuple, list)):
            waiting.append(iter(each))
        elif isinstance(each, dict):
            waiting.append(iter(each.values()))
        elif isinstance(each, slice):
            waiting.append(iter((each.start, each.stop, each.step)))
        else:
            yield each
