"""Run an exported PyTorch program step by step, keeping what is asked for; in the worker only.

A value lives until its last reader has run and everybody who asked for it has let it go,
so that not all activations of a large model are in memory together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


class Steps:
    """One run of a program.

    Parameters
    ----------
    module : fx.GraphModule
    values : mapping of str to Any
        Of every placeholder.
    wanted : iterable of fx.Node
        Kept after their last reader until `release` was called as often as they are named.
    """

    def __init__(self, module: Any, values: Mapping[str, Any], wanted: Iterable[Any] = ()) -> None:
        self._module, self._values = module, values
        self._wanted = Counter(wanted)
        nodes = [node for node in module.graph.nodes if node.op != "output"]
        self._left = {node: len(node.users) + self._wanted[node] for node in nodes}
        self._waiting = iter(nodes)
        self._copies = any(is_mutable(node) for node in nodes)
        self._held: dict[Any, Any] = {}
        self._kept: dict[Any, Any] = {}  # as computed, where a later call changes it in place

    def value(self, node: Any) -> Any:
        """Return what a node computed; runs the program up to it where it has not yet."""
        while node not in self._held:
            self.step()
        return self._kept.get(node, self._held[node])

    def step(self) -> tuple[Any, Any]:
        """Run the next node; return it and what it computed.

        Raises
        ------
        StopIteration
            The last one has run.
        """
        node = next(self._waiting)
        result = call(node, self._module, self._values, self._held)
        self._held[node] = result
        if self._copies and self._wanted[node]:
            self._kept[node] = _copy(result)
        for given in node.all_input_nodes:
            self.release(given)
        if not self._left[node]:
            self._drop(node)
        return node, result

    def release(self, node: Any) -> None:
        """Let a value go once."""
        self._left[node] -= 1
        if not self._left[node] and node in self._held:
            self._drop(node)

    def _drop(self, node: Any) -> None:
        del self._held[node]
        self._kept.pop(node, None)


def evaluate(node: Any, known: Mapping[Any, Any], module: Any, values: Mapping[str, Any]) -> Any:
    """Return what a node computes from `known` values of some of its forerunners.

    Parameters
    ----------
    node : fx.Node
    known : mapping of fx.Node to Any
    module : fx.GraphModule
    values : mapping of str to Any
        Of the placeholders that are reached.
    """
    needed, waiting = set(), [node]
    while waiting:
        one = waiting.pop()
        if one not in needed and one not in known:
            needed.add(one)
            waiting += one.all_input_nodes
    held = dict(known)
    for one in sorted(needed):  # in the graph's order
        held[one] = call(one, module, values, held)
    return held[node]


def call(node: Any, module: Any, values: Mapping[str, Any], held: Mapping[Any, Any]) -> Any:
    """Return what one node computes from the values that are held."""
    import torch

    if node.op == "placeholder":
        return values[node.name]
    if node.op == "get_attr":
        found = module
        for part in node.target.split("."):
            found = getattr(found, part)
        return found
    arguments = torch.fx.map_arg(node.args, held.__getitem__)
    return node.target(*arguments, **torch.fx.map_arg(node.kwargs, held.__getitem__))


def is_mutable(node: Any) -> bool:
    """Tell whether a call changes what it is given."""
    schema = getattr(node.target, "_schema", None)
    return bool(schema is not None and schema.is_mutable)


def _copy(value: Any) -> Any:
    return value.clone() if hasattr(value, "clone") else value
