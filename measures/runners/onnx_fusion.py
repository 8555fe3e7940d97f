"""Which nodes of the file the runtime's kernels stand for, with optimization on; in the worker.

The optimizer replaces nodes by fused ones, moves them, or computes them beforehand. A
kernel that bears the name of a node is that node's. For what it replaces, the saved graph
tells: the file's nodes between the inputs and the outputs of a fused node, as far as they
are gone, are in it. Needs `onnx`, loads nothing but the saved graph.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

NAME_PREFIX = "opscope."
OURS = re.compile(r"opscope\.(\d+)\.")
_BLOCKED = re.compile(r"(.+)_nchwc(?:_token_\d+)?", re.DOTALL)
_INSERTED = {"ReorderInput", "ReorderOutput", "Cast", "MemcpyFromHost", "MemcpyToHost"}
_ROUNDING = {"QuantizeLinear", "DequantizeLinear"}


@dataclass(slots=True)
class Fusion:
    """What became of the file's nodes, by index.

    Attributes
    ----------
    node_of : dict of str to int
        Kernel's name -> the node that its time is given to.
    fused_into : dict of int to int
        Node without a kernel of its own -> the node whose kernel computes it.
    removed : tuple of int
        Nodes that no kernel computes: folded into constants, or found to be needless.
    """

    node_of: dict[str, int] = field(default_factory=dict)
    fused_into: dict[int, int] = field(default_factory=dict)
    removed: tuple[int, ...] = ()


def node_of_name(name: str) -> int | None:
    """Return the node that a kernel's name says, the first where it says several."""
    found = OURS.search(name)
    return int(found.group(1)) if found else None


def fusion(model: Any, optimized: Any) -> Fusion:
    """Compare the file's graph, whose nodes bear names of ours, with the runtime's.

    Parameters
    ----------
    model : ModelProto
        Node i is called ``opscope.<i>.``.
    optimized : ModelProto
        As the runtime saved it.
    """
    producer = {name: i for i, n in enumerate(model.graph.node) for name in n.output if name}
    places = {node_of_name(n.name): i for i, n in enumerate(model.graph.node)}
    named = {n.name: places.get(node_of_name(n.name)) for n in optimized.graph.node}
    same = _renamed_tensors(optimized)
    alive = {i for i in named.values() if i is not None}
    result = Fusion()
    for node in optimized.graph.node:
        own = named[node.name]
        if node.op_type in _INSERTED and own is None:
            continue
        inside = _inside(model, node, producer, alive - {own}, same)
        if own is None and inside:
            own = _bearer(model, node, inside)
        if own is None:
            continue
        result.node_of[node.name] = own
        for index in sorted(inside - {own}):
            result.fused_into.setdefault(index, own)
    bearers = set(result.node_of.values())
    for index in bearers & set(result.fused_into):
        del result.fused_into[index]
    _absorb_rounding(model, producer, bearers, result)
    kept = bearers | set(result.fused_into)
    result.removed = tuple(i for i in range(len(model.graph.node)) if i not in kept)
    return result


def _bearer(model: Any, node: Any, inside: set[int]) -> int:
    """Return the node that bears a fused kernel's time: of its kind, else the last one."""
    alike = [i for i in inside if model.graph.node[i].op_type in node.op_type]
    return max(alike or inside)


def _renamed_tensors(optimized: Any) -> dict[str, str]:
    """Return tensor of the runtime's graph -> tensor of the file, where its order was changed.

    With channels in blocks of eight or sixteen, a kernel is named after the tensor that it
    gives in the file, and gives another that is put back into order where that is needed.
    """
    same: dict[str, str] = {}
    for node in optimized.graph.node:
        blocked = _BLOCKED.fullmatch(node.name)
        if blocked and node.output:
            same[node.output[0]] = blocked.group(1)
        elif node.op_type == "ReorderInput" and node.input and node.output:
            same[node.output[0]] = same.get(node.input[0], node.input[0])
    return same


def _inside(
    model: Any, node: Any, producer: dict[str, int], others: set[int], same: dict[str, str]
) -> set[int]:
    """Return the file's nodes between a node's inputs and outputs that no other kernel is."""
    stop = {same.get(name, name) for name in node.input}
    found: set[int] = set()
    waiting = [same.get(name, name) for name in node.output if name]
    while waiting:
        name = waiting.pop()
        index = producer.get(name)
        if index is None or index in found or index in others or name in stop:
            continue
        if model.graph.node[index].op_type in _ROUNDING:
            continue
        found.add(index)
        waiting += list(model.graph.node[index].input)
    return found


def _absorb_rounding(
    model: Any, producer: dict[str, int], bearers: set[int], result: Fusion
) -> None:
    """Give rounding nodes that are gone to the kernel that now takes or gives codes itself."""
    readers: dict[str, int] = {}
    for i, node in enumerate(model.graph.node):
        for name in node.input:
            if i in bearers or i in result.fused_into:
                readers.setdefault(name, result.fused_into.get(i, i))
    for i, node in enumerate(model.graph.node):
        if i in bearers or node.op_type not in _ROUNDING or not node.input or not node.output:
            continue
        before = producer.get(node.input[0], -1)
        if node.op_type == "QuantizeLinear":
            into = result.fused_into.get(before, before)
        else:
            into = readers.get(node.output[0], -1)
        if into in bearers:
            result.fused_into[i] = into
