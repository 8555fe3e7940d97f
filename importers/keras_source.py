"""What stays in a Keras file until somebody looks: options, call arguments, weights.

Functions and bytecode are text here and nothing else. Imports no framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from graphs.ir import Facts, Graph
from importers.fact_text import MAX_CHARS, MAX_FACTS, cut
from importers.keras_config import Call, Json, Operation, is_reference
from importers.keras_weights import Weight, WeightPlace

MAX_WRAPPERS = 32
MAX_JSON_CHARS = 4 * MAX_CHARS
OPAQUE = "Python bytecode ({:,} characters), kept closed: never decoded, never run"


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node is a call of.

    Attributes
    ----------
    operation : Operation
    call : int
        Which of its calls, from 0.
    """

    operation: Operation
    call: int


class KerasSource:
    """The on-demand side of one graph; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    place : WeightPlace or None
        Where the weights lie; None where the source has none.
    facts : Facts
        What the file says of the model itself.
    """

    def __init__(self, place: WeightPlace | None, facts: Facts) -> None:
        self.place = place
        self.facts = facts
        self.nodes: dict[int, NodeFacts] = {}
        self.weights: dict[int, Weight] = {}
        self.groups: dict[str, tuple[Operation, int]] = {}
        self.calls: dict[Operation, list[int]] = {}
        self.owners: set[Operation] = set()
        self._graph: Graph | None = None

    def bind(self, graph: Graph) -> None:
        """Tell the source its graph, once it is built."""
        self._graph = graph

    def attributes(self, node: int) -> Facts:
        """Return an operation's options and call arguments, or where a weight lies."""
        if node in self.weights:
            return _weight_facts(self.weights[node])
        found = self.nodes.get(node)
        if found is None:
            return []
        operation = found.operation
        facts = self._shared(operation, node)
        facts += operation_facts(operation)
        if found.call < len(operation.calls):
            facts += call_facts(operation.calls[found.call])
        return facts[:MAX_FACTS]

    def value_facts(self, value: int) -> Facts:
        """Return nothing: Keras says nothing of a tensor but its type."""
        return []

    def group_attributes(self, namespace: int) -> Facts:
        """Return the options of an inner model; for the root those of the model itself."""
        if namespace == 0 or self._graph is None:
            return list(self.facts)
        found = self.groups.get(self._graph.namespaces.paths[namespace])
        if found is None:
            return []
        operation, call = found
        facts = operation_facts(operation)
        if len(operation.calls) > 1:
            shown = f"call {call + 1} of {len(operation.calls)} of one model, with the same weights"
            facts.insert(0, ("shared", shown))
        return facts[:MAX_FACTS]

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a weight.

        Raises
        ------
        graphs.errors.ReadError
            The data lies in other files, is cut, or is larger than the file can hold;
            or the file was replaced.
        """
        weight = self.weights.get(node)
        if weight is None or self.place is None:
            return None
        with self.place.open() as file:
            return file.array(weight.path)

    def _shared(self, operation: Operation, node: int) -> Facts:
        nodes = self.calls.get(operation, ())
        if not nodes or self._graph is None:
            return []
        ids = ", ".join(self._graph.node_ids[one] for one in nodes[:16])
        of_what = "one layer, with the same weights" if operation in self.owners else "one layer"
        told = f"call {nodes.index(node) + 1} of {len(nodes)} of {of_what}: {ids}"
        return [("shared", cut(told))]


def operation_facts(operation: Operation) -> Facts:
    """Return the options of an operation; those of what it wraps under ``layer.``."""
    facts: Facts = [("class", cut(operation.class_name))]
    if operation.module:
        facts.append(("module", cut(operation.module)))
    if ">" in operation.registered:
        facts.append(("registered_name", cut(operation.registered)))
    waiting: list[tuple[str, Json]] = [("", operation.config)]
    for _ in range(MAX_WRAPPERS):
        if not waiting:
            break
        prefix, config = waiting.pop()
        for key, value in list(config.items())[:MAX_FACTS]:
            if _is_wrapped(key, value):
                facts.append((cut(f"{prefix}{key}"), cut(str(value.get("class_name")))))
                waiting.append((f"{prefix}{key}.", value["config"]))
            elif value is not None and key != "layers":
                facts.append((cut(f"{prefix}{key}"), shown(key, value)))
    return facts[:MAX_FACTS]


def _is_wrapped(key: str, value: object) -> bool:
    return (
        key in ("layer", "backward_layer", "forward_layer", "cell")
        and isinstance(value, dict)
        and isinstance(value.get("config"), dict)
    )


def call_facts(call: Call) -> Facts:
    """Return the arguments of a call that are no tensors."""
    raw: Any = call.raw
    if isinstance(raw, dict) and ("args" in raw or "kwargs" in raw):  # Keras 3
        args = raw.get("args")
        found = [
            (f"args[{i}]", one) for i, one in enumerate(args if isinstance(args, list) else ())
        ]
        kwargs = raw.get("kwargs")
    else:  # Keras 2 keeps them in the first reference
        first = raw
        while isinstance(first, list) and first and isinstance(first[0], list):
            first = first[0]
        is_full = isinstance(first, list) and is_reference(first) and len(first) == 4
        found, kwargs = [], first[3] if is_full else {}
    found += kwargs.items() if isinstance(kwargs, dict) else ()
    return [
        (cut(f"call.{key}"), shown(key, value))
        for key, value in found[:MAX_FACTS]
        if value is not None and not _has_tensor(value)
    ]


def _has_tensor(value: object) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("class_name") == "__keras_tensor__":
                return True
            waiting.extend(one.values())
        elif isinstance(one, list):
            if is_reference(one) and one[0] != "_CONSTANT_VALUE":
                return True
            waiting.extend(one)
    return False


def shown(key: str, value: object) -> str:
    """Return an option as text; a serialised object as its class and what it was made with."""
    code = _bytecode(key, value)
    if code is not None:
        return OPAQUE.format(len(code))
    if isinstance(value, dict) and isinstance(value.get("class_name"), str):
        config = value.get("config")
        name = config.get("name") if isinstance(config, dict) else config
        if value["class_name"] in ("DTypePolicy", "Policy", "function") and isinstance(name, str):
            return cut(name)
        options = config if isinstance(config, dict) else {}
        given = ", ".join(
            f"{k}={_plain(v)}" for k, v in list(options.items())[:32] if v is not None
        )
        return cut(f"{value['class_name']}({given})")
    return _plain(value)


def _plain(value: object) -> str:
    """Return a value as text: a text as it is, the rest as JSON, where bytecode stays closed."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, bool) or value is None or isinstance(value, int | float):
        return str(value)
    try:
        text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode("utf-8", "replace")
    except TypeError:  # a number beyond 64 bits, or values too deep in each other
        return "(a value that cannot be shown)"
    if '"__lambda__"' in text:
        return OPAQUE.format(len(text))
    return cut(text)


def _bytecode(key: str, value: object) -> str | None:
    """Return the bytecode in a value, as the file spells it; None where there is none."""
    if isinstance(value, dict) and value.get("class_name") == "__lambda__":
        config = value.get("config")
        code = config.get("code") if isinstance(config, dict) else None
        return code if isinstance(code, str) else ""
    if key in ("function", "output_shape", "mask") and isinstance(value, list) and len(value) == 3:
        return value[0] if isinstance(value[0], str) else None  # Keras 2: code, defaults, closure
    return None


def _weight_facts(weight: Weight) -> Facts:
    place = "/".join(part.decode("utf-8", "replace") for part in weight.path)
    facts = [("stored as", cut(place)), ("stored bytes", f"{weight.n_bytes:,}")]
    return [*facts, ("unreadable", weight.problem)] if weight.problem else facts
