"""The autograd graph of a tensor: backward functions, leaves, and the tensors they saved.

Gradients flow from the tensor (an input here: its gradient) through the backward
functions to the leaves (outputs). What a function saved in the forward pass comes in as
a constant, with its bytes. https://pytorch.org/docs/stable/notes/autograd.html describes
what autograd records. The walk is iterative: a graph may be as deep as the model is long.
torch is imported in functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.builder import GraphBuilder
from graphs.errors import ReadError
from graphs.ir import Facts, Model, NodeKind
from graphs.tensor_type import TensorType
from importers.fact_text import MAX_FACTS, cut
from importers.naming import Namer
from importers.notes import Notes
from importers.pytorch_tensors import numpy_of

FORMAT = "PyTorch autograd graph"
_SAVED = "_saved_"


@dataclass(slots=True)
class _Saved:
    """A tensor that backward functions keep.

    Attributes
    ----------
    tensor : Tensor
    node : int
        Our node for it.
    value : int
        Handle of its value.
    """

    tensor: Any
    node: int
    value: int


@dataclass(slots=True)
class _Walk:
    """What was found so far, by the functions' identity."""

    order: list[Any] = field(default_factory=list)
    index: dict[Any, int] = field(default_factory=dict)


def look_object(obj: object) -> bool:
    """Return whether the object is a tensor that a recorded computation gave."""
    return getattr(obj, "grad_fn", None) is not None


def read_object(obj: object, notes: Notes, *, module: Any = None) -> Model:
    """Return the autograd graph of a tensor.

    Parameters
    ----------
    obj : torch.Tensor
    notes : Notes
    module : torch.nn.Module, optional
        Its parameters and buffers name leaves and saved tensors.

    Raises
    ------
    ReadError
        Nothing was recorded for the tensor.
    """
    import torch

    tensor: Any = obj
    if tensor.grad_fn is None:
        reason = "it has no backward function; compute it from tensors that require gradients"
        raise ReadError(type(obj).__name__, reason, format=FORMAT)
    reader = _Reader(_names(module), notes)
    graph, source = reader.read(tensor)
    n_bytes = source.saved_bytes()
    leaves = source.leaves()
    metadata = [
        ("torch version", str(torch.__version__)),
        ("backward functions", f"{graph.n_operators:,}"),
        ("leaves", f"{len(leaves):,}"),
        ("saved tensors", f"{source.n_saved:,}"),
        ("saved bytes", f"{n_bytes:,}"),
    ]
    return Model(
        name=type(obj).__name__,
        format=FORMAT,
        producer=f"torch {torch.__version__}",
        graphs=(replace(graph, source=source),),
        metadata=metadata,
        notes=notes.all(),
        n_parameters=sum(leaf.numel() for leaf in leaves),
        parameter_bytes=sum(leaf.numel() * leaf.element_size() for leaf in leaves),
    )


def _names(module: Any) -> dict[int, str]:
    """Return the name of each parameter and buffer by where its data is."""
    if module is None:
        return {}
    held = [*module.named_parameters(), *module.named_buffers()]
    return {tensor.data_ptr(): name for name, tensor in held if tensor.data_ptr()}


def _functions(top: Any) -> _Walk:
    """Return every backward function that a gradient reaches, nearest first."""
    walk = _Walk([top], {top: 0})
    for function in walk.order:
        for following, _slot in function.next_functions:
            if following is not None and following not in walk.index:
                walk.index[following] = len(walk.order)
                walk.order.append(following)
    return walk


class _Reader:
    """Turns the functions into columns."""

    def __init__(self, names: dict[int, str], notes: Notes) -> None:
        self._names = names
        self._notes = notes
        self._builder = GraphBuilder("autograd", "autograd")
        self._namer = Namer(notes)
        self._saved: dict[tuple[Any, ...], _Saved] = {}
        self._nodes: dict[int, Any] = {}
        self._leaves: dict[int, Any] = {}

    def read(self, tensor: Any) -> tuple[Any, AutogradSource]:
        """Return the graph and its source."""
        walk = _functions(tensor.grad_fn)
        builder = self._builder
        top = builder.add_node("gradient", "Gradient", "", NodeKind.INPUT)
        seed = builder.add_value(top, 0, "gradient", _type(tensor))
        first = [self._add_function(function) for function in walk.order]
        into: dict[tuple[int, int], list[int]] = {(0, int(tensor.output_nr)): [seed]}
        for at, function in enumerate(walk.order):
            for slot, (following, place) in enumerate(function.next_functions):
                if following is not None:
                    handle = builder.add_value(first[at], slot, f"{_name(function)}:{slot}")
                    into.setdefault((walk.index[following], int(place)), []).append(handle)
        slots = [0] * len(walk.order)
        for (at, _place), handles in sorted(into.items()):
            for handle in handles:  # gradients of one value are summed
                builder.add_edge(handle, first[at], slots[at])
                slots[at] += 1
        for at, function in enumerate(walk.order):
            self._add_leaf(function, first[at])
            self._add_saved(function, first[at], slots[at])
        graph = builder.build()
        return graph, AutogradSource(self._nodes, self._leaves, list(self._saved.values()))

    def _add_function(self, function: Any) -> int:
        name = self._namer.unique("", _name(function))
        node = self._builder.add_node(name, _name(function))
        self._nodes[node] = function
        return node

    def _add_leaf(self, function: Any, node: int) -> None:
        """Append the leaf that a function accumulates into."""
        leaf = getattr(function, "variable", None)
        if leaf is None:
            return
        wanted = self._names.get(leaf.data_ptr(), "")
        name = self._namer.unique(wanted, "leaf", is_noted=False)
        output = self._builder.add_node(name, "Leaf", "", NodeKind.OUTPUT)
        handle = self._builder.add_value(node, 0, name, _type(leaf))
        self._builder.add_edge(handle, output, 0)
        self._leaves[output] = leaf

    def _add_saved(self, function: Any, node: int, slot: int) -> None:
        """Append the tensors that a function saved; the same one is one node."""
        for label, tensor in saved_tensors(function, self._notes):
            key = (tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)
            found = self._saved.get(key)
            if found is None:
                own = self._names.get(tensor.data_ptr(), "")
                name = self._namer.unique(f"saved {own or label}", "saved", is_noted=False)
                index = self._builder.add_node(name, "Saved", "", NodeKind.CONSTANT)
                value = self._builder.add_value(index, 0, name, _type(tensor))
                found = self._saved[key] = _Saved(tensor, index, value)
            self._builder.add_edge(found.value, node, slot)
            slot += 1


def saved_tensors(function: Any, notes: Notes) -> Iterator[tuple[str, Any]]:
    """Yield (name, tensor) of what a backward function saved and still holds."""
    import torch

    found: list[tuple[str, Any]] = []
    try:
        for label in [name for name in dir(function) if name.startswith(_SAVED)]:
            held = getattr(function, label)
            items = held if isinstance(held, (tuple, list)) else [held]
            found += [(label.removeprefix(_SAVED), t) for t in items]
        if not found:
            found = [("tensor", t) for t in getattr(function, "saved_tensors", ())]
    except RuntimeError:  # a backward pass has freed them
        notes.add("lost", "Saved tensors were freed by a backward pass", _name(function))
    yield from ((label, t) for label, t in found if isinstance(t, torch.Tensor))


def _type(tensor: Any) -> TensorType:
    return TensorType(str(tensor.dtype).removeprefix("torch."), tuple(map(int, tensor.shape)))


def _name(function: Any) -> str:
    return str(function.name())[:256]


class AutogradSource:
    """The on-demand side of an autograd graph; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    functions : dict of int to function
        Backward function of a node.
    leaves : dict of int to Tensor
    saved : list of _Saved
    """

    def __init__(
        self, functions: dict[int, Any], leaves: dict[int, Any], saved: list[_Saved]
    ) -> None:
        self._functions = functions
        self._leaves = leaves
        self._saved = {each.node: each.tensor for each in saved}

    @property
    def n_saved(self) -> int:
        """Number of different tensors that are saved."""
        return len(self._saved)

    def saved_bytes(self) -> int:
        """Return the bytes of the storages that saved tensors keep alive, each once."""
        storages = {t.untyped_storage().data_ptr(): t for t in self._saved.values()}
        return sum(t.untyped_storage().nbytes() for t in storages.values())

    def leaves(self) -> list[Any]:
        """Return the leaves, each once."""
        return list({leaf.data_ptr() or id(leaf): leaf for leaf in self._leaves.values()}.values())

    def attributes(self, node: int) -> Facts:
        """Return what a function saved beside tensors, or the bytes of a tensor."""
        tensor = self._saved.get(node, self._leaves.get(node))
        if tensor is not None:
            n_bytes = tensor.numel() * tensor.element_size()
            facts = [("bytes", f"{n_bytes:,}"), ("device", str(tensor.device))]
            return [*facts, ("requires_grad", str(tensor.requires_grad).lower())]
        function = self._functions.get(node)
        return [] if function is None else _function_facts(function)

    def value_facts(self, value: int) -> Facts:
        """Return no facts."""
        return []

    def group_attributes(self, namespace: int) -> Facts:
        """Return no facts."""
        return []

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a saved tensor."""
        return numpy_of(self._saved.get(node))


def _function_facts(function: Any) -> Facts:
    """Return the numbers that a function saved, and the bytes of its tensors."""
    facts: Facts = []
    n_bytes = sum(t.numel() * t.element_size() for _label, t in saved_tensors(function, Notes()))
    if n_bytes:
        facts.append(("saved bytes", f"{n_bytes:,}"))
    for label in [name for name in dir(function) if name.startswith(_SAVED)][:MAX_FACTS]:
        try:
            held = getattr(function, label)
        except RuntimeError:
            continue
        items = held if isinstance(held, tuple) else (held,)
        if all(item is None or isinstance(item, (int, float, str)) for item in items):
            facts.append((label.removeprefix(_SAVED), cut(str(held))))
    return facts
