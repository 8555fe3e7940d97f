"""A TorchScript module as plain JSON types. Runs where torch is: in the worker, or in memory.

Calls of methods are inlined by torch itself, so that a graph shows what runs; the call
stack that torch keeps gives each node its module. Blocks of `prim::If`, `prim::Loop` and
the like become graphs of their own. The IR:
https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/OVERVIEW.md.
torch is imported in functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

MAX_NODES = 1_000_000
MAX_TEXT_CHARS = 1024
_READERS: dict[str, Callable[[Any, str], Any]] = {
    "i": lambda node, name: node.i(name),
    "f": lambda node, name: node.f(name),
    "s": lambda node, name: node.s(name),
    "c": lambda node, name: str(node.c(name)),
    "is": lambda node, name: list(node.is_(name)),
    "fs": lambda node, name: list(node.fs(name)),
    "ss": lambda node, name: list(node.ss(name)),
    "ival": lambda node, name: str(node.ival(name)),
}
_RANGE = re.compile(r'File "(.+)", line (\d+)|(.+)\((\d+)\): ')


class TooManyNodes(Exception):
    """Inlining gave more nodes than anybody could look at."""


def dumped(module: Any) -> dict[str, Any]:
    """Return a ScriptModule or ScriptFunction as JSON types.

    Returns
    -------
    dict
        ``graphs``: list, each with ``title``, ``parent`` (index, -1 at the top), ``owner``
        (its node in the parent), ``inputs``, ``outputs`` and ``nodes``;
        ``tensors``: parameters and buffers by path; ``torch``, ``class``, ``n_methods`` and
        ``n_nodes``: of all methods, not inlined.
    """
    import torch

    is_function = isinstance(module, torch.jit.ScriptFunction)
    tensors = {} if is_function else _tensors(module)
    found = _Dump(tensors)
    if is_function:
        found.add(str(module.name), _inlined(module))
    else:
        names = list(module._c._method_names())  # noqa: SLF001 - there is no public list
        for name in sorted(names, key=lambda each: each != "forward"):
            found.add(name, _inlined(getattr(module, name)))
    n_methods, n_nodes = (1, 0) if is_function else _counts(module)
    return {
        "torch": str(torch.__version__),
        "class": str(getattr(module, "original_name", "")),
        "graphs": found.graphs,
        "tensors": {path: _described(t, is_own) for path, (t, is_own) in tensors.items()},
        "n_methods": n_methods,
        "n_nodes": n_nodes,
    }


def _inlined(method: Any) -> Any:
    """Return the graph of a method with all calls inlined, itself where it calls nothing."""
    graph = method.graph
    calls = ("prim::CallMethod", "prim::CallFunction")
    return method.inlined_graph if any(graph.findAllNodes(each) for each in calls) else graph


def tensor_of(module: Any, path: str) -> Any:
    """Return the parameter or buffer of that path; None where there is none."""
    return _tensors(module).get(path, (None, False))[0]


def _tensors(module: Any) -> dict[str, tuple[Any, bool]]:
    """Return parameters and buffers by path, and whether each is a parameter."""
    found = {name: (tensor, True) for name, tensor in module.named_parameters()}
    found.update((name, (tensor, False)) for name, tensor in module.named_buffers())
    return found


def _described(tensor: Any, is_parameter: bool) -> dict[str, Any]:
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": [int(size) for size in tensor.shape],
        "is_parameter": is_parameter,
        "bytes": int(tensor.numel() * tensor.element_size()),
        "storage": int(tensor.untyped_storage().data_ptr()),
    }


def _counts(module: Any) -> tuple[int, int]:
    """Return the number of methods and of their nodes, each as it is written, not inlined."""
    n_methods = n_nodes = 0
    for _name, each in module.named_modules():
        held = each._c  # noqa: SLF001 - there is no public list of methods
        for method in held._method_names():  # noqa: SLF001
            n_methods += 1
            waiting = [held._get_method(method).graph]  # noqa: SLF001
            for block in waiting:
                for node in block.nodes():
                    n_nodes += 1
                    waiting += _blocks(node)
    return n_methods, n_nodes


class _Dump:
    """Collects graphs, a body after the graph around it."""

    def __init__(self, tensors: dict[str, tuple[Any, bool]]) -> None:
        self.graphs: list[dict[str, Any]] = []
        self._tensors = tensors
        self._n_nodes = 0

    def add(self, title: str, graph: Any) -> None:
        """Append a graph and the blocks in it."""
        paths: dict[str, str] = {}
        inputs = list(graph.inputs())
        if inputs and inputs[0].type().kind() == "ClassType":
            paths[inputs[0].debugName()] = ""
            inputs = inputs[1:]
        written = _written(graph)
        waiting: list[tuple[Any, str, int, int]] = [(graph, title, -1, -1)]
        for block, name, parent, owner in waiting:
            ends = inputs if parent < 0 else list(block.inputs())
            entry: dict[str, Any] = {
                "title": name,
                "parent": parent,
                "owner": owner,
                "inputs": [_value(v) for v in ends],
                "outputs": [v.debugName() for v in block.outputs()],
                "nodes": [],
            }
            at = len(self.graphs)
            self.graphs.append(entry)
            for node in block.nodes():
                self._n_nodes += 1
                if self._n_nodes > MAX_NODES:
                    raise TooManyNodes(f"more than {MAX_NODES:,} nodes")
                blocks = _blocks(node)
                described = self._node(node, paths, written, has_blocks=bool(blocks))
                if described is None:
                    continue
                for place, inner in enumerate(blocks):
                    if _holds_something(inner):
                        label = _label(node.kind(), place)
                        waiting.append((inner, label, at, len(entry["nodes"])))
                entry["nodes"].append(described)

    def _node(
        self, node: Any, paths: dict[str, str], written: set[str], *, has_blocks: bool
    ) -> dict[str, Any] | None:
        """Return a node; None for one that only names a module."""
        kind = node.kind()
        described = {
            "kind": kind,
            "scope": str(node.getModuleHierarchy() or node.scopeName()),
            "source": _source(node, has_blocks),
            "inputs": [name for name in _inputs(node) if name not in paths],
            "outputs": [_value(node.outputsAt(i)) for i in range(node.outputsSize())],
            "attributes": _attributes(node),
        }
        if kind in ("prim::GetAttr", "prim::SetAttr"):
            owner = paths.get(node.inputsAt(0).debugName())
            if owner is None:
                return described
            path = f"{owner}.{node.s('name')}" if owner else node.s("name")
            described["path"] = path
            if kind == "prim::GetAttr":
                output = node.output()
                if output.type().kind() == "ClassType":
                    paths[output.debugName()] = path
                    return None
                if path in self._tensors and path not in written:
                    described["kind"] = "tensor"
        return described


def _written(graph: Any) -> set[str]:
    """Return the last parts of the attributes that a graph writes, as paths that may change."""
    found: set[str] = set()
    if not graph.findAllNodes("prim::SetAttr"):
        return found
    paths: dict[str, str] = {}
    for value in graph.inputs():
        paths[value.debugName()] = ""
        break
    waiting = [graph]
    for block in waiting:
        for node in block.nodes():
            waiting += _blocks(node)
            if node.kind() not in ("prim::GetAttr", "prim::SetAttr"):
                continue
            owner = paths.get(node.inputsAt(0).debugName())
            if owner is None:
                continue
            path = f"{owner}.{node.s('name')}" if owner else node.s("name")
            if node.kind() == "prim::SetAttr":
                found.add(path)
            else:
                paths[node.output().debugName()] = path
    return found


def _blocks(node: Any) -> list[Any]:
    """Return the blocks of a node; torch takes long to say that there are none."""
    return [] if node.kind().startswith("aten::") else list(node.blocks())


def _inputs(node: Any) -> list[str]:
    # One by one: torch sets up an iterator in several times the time of this.
    return [node.inputsAt(i).debugName() for i in range(node.inputsSize())]


def _holds_something(block: Any) -> bool:
    """Return whether a block has a node or gives a value; the other side of an `if` may not."""
    return any(True for _ in block.nodes()) or any(True for _ in block.outputs())


def _label(kind: str, place: int) -> str:
    """Return what a block is called."""
    if kind == "prim::If":
        return "then" if place == 0 else "else"
    return "body" if kind == "prim::Loop" else f"block {place}"


def _value(value: Any) -> list[Any]:
    """Return (name, type, dtype, shape) of a value."""
    kind = value.type()
    dtype, shape = "", None
    if kind.kind() == "TensorType":
        found = kind.dtype()
        dtype = "" if found is None else str(found).removeprefix("torch.")
        sizes = kind.sizes()
        shape = None if sizes is None else [s if isinstance(s, int) else None for s in sizes]
    return [value.debugName(), str(kind)[:MAX_TEXT_CHARS], dtype, shape]


def _source(node: Any, has_blocks: bool) -> str:
    """Return the file and the line where a node was written; empty where that is not known.

    To ask for the range itself takes as long as the whole text is; the line that torch
    prints of a node ends with it too. One that has blocks would be printed with all of them.
    """
    if has_blocks:
        found = _RANGE.match(str(node.sourceRange()).strip())
        parts = [] if found is None else [one for one in found.groups() if one]
    else:
        *parts, column = str(node).rstrip().rpartition(" # ")[2].rsplit(":", 2)
        parts = parts if column.isdigit() else []
    is_whole = len(parts) == 2 and parts[0] != "" and parts[1].isdigit()
    return ":".join(parts)[:MAX_TEXT_CHARS] if is_whole else ""


def _attributes(node: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in node.attributeNames():
        kind = node.kindOf(name)
        read = _READERS.get(kind)
        if kind == "t":
            tensor = node.t(name)
            found[name] = f"{str(tensor.dtype)[6:]}{list(tensor.shape)}"
            if tensor.numel() <= 16:
                found[name] += f" {tensor.tolist()}"
        elif read is not None:
            value = read(node, name)
            found[name] = value if not isinstance(value, str) else value[:MAX_TEXT_CHARS]
        else:
            found[name] = f"({kind})"
    return found
