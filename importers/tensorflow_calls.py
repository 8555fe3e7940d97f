"""Who calls which function with what: links between graphs, and what an argument stands for.

A TF2 function takes its weights as arguments. An argument that is always handed
one and the same variable or constant of the outermost graph stands for that;
so does one that the model's graph of objects binds. Messages are known by their
fields; no framework is imported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VARIABLES = frozenset({"VarHandleOp", "Variable", "VariableV2", "AutoReloadVariable"})
_PLAIN_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall", "TPUPartitionedCall"})
_BRANCHES = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_LOOPS = frozenset({"While", "StatelessWhile"})
_PASSING = frozenset({"Identity", "EnsureShape"})  # ops whose output is their first input


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """What an argument stands for.

    Attributes
    ----------
    node : Any
        `NodeDef` of a variable or a constant in the outermost graph.
    """

    node: Any

    @property
    def is_variable(self) -> bool:
        """True for a variable, False for a constant."""
        return self.node.op in VARIABLES

    @property
    def name(self) -> str:
        """Full name."""
        return variable_name(self.node)


def variable_name(node: Any) -> str:
    """Return what a checkpoint calls a variable: its shared name, else the node's."""
    if "shared_name" in node.attr:
        shared: bytes = node.attr["shared_name"].s
        if shared:
            return shared.decode("utf-8", "backslashreplace")
    name: str = node.name
    return name


def called_functions(node: Any, functions: Mapping[str, Any]) -> list[str]:
    """Return the names of the functions that a node refers to, each once, in a stable order."""
    found = [node.op] if node.op in functions else []
    for key in sorted(node.attr):
        value = node.attr[key]
        kind = value.WhichOneof("value")
        if kind == "func":
            found.append(value.func.name)
        elif kind == "list" and value.list.func:
            found += [one.name for one in value.list.func]
    return list(dict.fromkeys(found))


def data_inputs(node: Any) -> list[str]:
    """Return the inputs of a node without those that only order execution."""
    return [one for one in node.input if one[:1] != "^"]


def source_of(text: str) -> str:
    """Return the name of the node or argument that an input names."""
    return text.partition(":")[0]


def _argument_offset(node: Any) -> int | None:
    """Return which input is the callee's first argument; None where that is not known."""
    if node.op in _PLAIN_CALLS or node.op in _LOOPS:
        return 0
    return 1 if node.op in _BRANCHES else None


class Origins:
    """Finds what the arguments of functions stand for.

    Parameters
    ----------
    nodes : iterable of Any
        `NodeDef` of the outermost graph.
    functions : mapping of str to Any
        `FunctionDef` by name.
    calls : mapping of str to sequence of (Any, sequence of str)
        Function name, or "" for the outermost graph, -> its calling nodes with what they call.
    bound : mapping of str to sequence of Origin
        Function name -> what the last of its arguments are bound to.
    """

    def __init__(
        self,
        nodes: Iterable[Any],
        functions: Mapping[str, Any],
        calls: Mapping[str, Sequence[tuple[Any, Sequence[str]]]],
        bound: Mapping[str, Sequence[Origin | None]],
    ) -> None:
        self._functions = functions
        self._calls = calls
        self._main = {
            node.name: Origin(node) for node in nodes if node.op in VARIABLES or node.op == "Const"
        }
        self._seen: dict[str, list[Origin | None]] = {}  # by function, what its callers hand over
        self._bound = bound
        self.of: dict[str, dict[str, Origin]] = {}
        self._run()

    def _run(self) -> None:
        """Walk callers before callees; functions that call themselves stay unresolved."""
        waiting = dict.fromkeys(self._functions, 0)
        for calls in self._calls.values():
            for _, names in calls:
                for name in names:
                    if name in waiting:
                        waiting[name] += 1
        ready = deque(["", *(name for name, n in waiting.items() if n == 0)])
        while ready:
            caller = ready.popleft()
            known = self._main if not caller else self._resolved(caller)
            for node, names in self._calls.get(caller, ()):
                self._hand_over(node, names, known)
                for name in names:
                    if name in waiting:
                        waiting[name] -= 1
                        if waiting[name] == 0:
                            ready.append(name)

    def _resolved(self, name: str) -> dict[str, Origin]:
        arguments = [arg.name for arg in self._functions[name].signature.input_arg]
        found = self._seen.get(name)
        if found is None:
            bound = list(self._bound.get(name, ()))[-len(arguments) :] if arguments else []
            unbound: list[Origin | None] = [None] * (len(arguments) - len(bound))
            found = unbound + bound
        known = {arg: one for arg, one in zip(arguments, found, strict=False) if one is not None}
        self.of[name] = known
        return known

    def _hand_over(self, node: Any, names: Sequence[str], known: Mapping[str, Origin]) -> None:
        is_direct = len(names) == 1 and node.op == names[0]
        offset = 0 if is_direct else _argument_offset(node)
        inputs = [] if offset is None else data_inputs(node)[offset:]
        handed = [known.get(source_of(text)) for text in inputs]
        if node.op in _LOOPS:  # a loop gives its next round other values, but the same variables
            handed = [one if one is not None and one.is_variable else None for one in handed]
        for name in names:
            if name not in self._functions:
                continue
            n_arguments = len(self._functions[name].signature.input_arg)
            before, now = self._seen.get(name), handed[:n_arguments]
            if before is not None:
                pairs = zip(before, now, strict=False)
                now = [one if _is_same(one, other) else None for one, other in pairs]
            self._seen[name] = now


def _is_same(one: Origin | None, other: Origin | None) -> bool:
    return one is not None and other is not None and one.node.name == other.node.name


def bound_arguments(objects: Any, nodes: Mapping[str, Any]) -> dict[str, list[Origin | None]]:
    """Return what a `SavedObjectGraph` binds to the last arguments of each function.

    Parameters
    ----------
    objects : Any
    nodes : mapping of str to Any
        `NodeDef` of the outermost graph by name.
    """
    by_index: dict[int, Origin] = {}
    for index, one in enumerate(objects.nodes):
        kind = one.WhichOneof("kind")
        name = one.variable.name if kind == "variable" else ""
        name = one.constant.operation if kind == "constant" else name
        if name in nodes:
            by_index[index] = Origin(nodes[name])
    return {
        name: [by_index.get(index) for index in function.bound_inputs]
        for name, function in objects.concrete_functions.items()
    }


def passed_through(nodes: Mapping[str, Any], text: str) -> str:
    """Return the input text that a value comes from behind identities, at most 64 of them."""
    for _ in range(64):
        node = nodes.get(source_of(text))
        inputs = data_inputs(node) if node is not None and node.op in _PASSING else []
        if not inputs:
            break
        text = inputs[0]
    return text
