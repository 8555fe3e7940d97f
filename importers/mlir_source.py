"""What stays in MLIR text until somebody looks: attributes, source lines, constants."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graphs.ir import Facts, NodeKind
from importers.fact_text import MAX_CHARS, MAX_FACTS, cut
from importers.mlir_constants import constant_data
from importers.mlir_locations import Location, LocationTable
from importers.mlir_operations import (
    Argument,
    dictionaries,
    dictionary,
    pieces,
    signature_of,
    split_location,
    text_of,
)
from importers.mlir_scope import NodeFacts, Scope
from importers.mlir_text import MlirText, Operation

MAX_SHOWN_TEXT = 65_536
MAX_STACK = 32

_ALIAS = re.compile(r"#[\w$.\-]+\Z")
_OPERAND = re.compile(r"%[\w$.\-]+(?:#\d+)?")
_PAIR = re.compile(r"([A-Za-z_][\w$]*)\s*=\s*(.+)\Z", re.DOTALL)


class MlirSource:
    """The on-demand side of one graph; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    scope : Scope
        Columns of the graph.
    split : MlirText
    aliases : mapping of str to str
        ``#map`` -> what it stands for.
    locations : LocationTable
    name : str
        Name of the file.
    """

    def __init__(
        self,
        scope: Scope,
        split: MlirText,
        aliases: Mapping[str, str],
        locations: LocationTable,
        name: str,
    ) -> None:
        self._facts = scope.facts
        self._value_types = {
            scope.value_node[row]: type
            for row, type in enumerate(scope.value_types)
            if scope.kinds[scope.value_node[row]] == NodeKind.CONSTANT
        }
        self._own = scope.own_facts
        self._classes = scope.classes
        self._paths: tuple[str, ...] = ()
        self._split = split
        self._aliases = aliases
        self._locations = locations
        self._name = name

    def attributes(self, node: int) -> Facts:
        """Return what an operation's text says beside operands and types, and its location."""
        held: NodeFacts = self._facts[node]
        facts: Facts = []
        if held.operation is not None:
            facts += self._operation(held.operation)
        if held.argument is not None:
            facts += self._argument(held.argument)
        return facts[:MAX_FACTS] + location_facts(self._locations.location(held.location))

    def value_facts(self, value: int) -> Facts:
        """Return nothing: MLIR says of a value what its type says."""
        return []

    def group_attributes(self, namespace: int) -> Facts:
        """Return the class of the namespace's module; for the root what is said of the graph."""
        if namespace == 0:
            return list(self._own)
        return [("class", cut(c)) for p, c in self._classes.items() if p == self._path(namespace)]

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a constant; None where the text holds none.

        Raises
        ------
        graphs.errors.ReadError
            There are more or fewer elements than the type has, or they are of a
            type without a fixed size.
        """
        operation = self._facts[node].operation
        type = self._value_types.get(node)
        if operation is None or type is None:
            return None
        body, _location = split_location(text_of(self._split.text, operation))
        return constant_data(body, type, self._blob, self._name)

    def bind(self, paths: tuple[str, ...]) -> None:
        """Tell the source the namespaces of its graph, once it is built."""
        self._paths = paths

    def _path(self, namespace: int) -> str:
        return self._paths[namespace] if namespace < len(self._paths) else ""

    def _blob(self, key: str) -> str | None:
        span = self._split.resources.get(key)
        return None if span is None else self._split.text[span[0] : span[1]]

    def _argument(self, argument: Argument) -> Facts:
        facts: Facts = [("name", cut(f"%{argument.name}"))]
        return facts + [(cut(k), self._meaning(v)) for k, v in dictionary(argument.attributes)]

    def _operation(self, operation: Operation) -> Facts:
        body, _location = split_location(text_of(self._split.text, operation)[:MAX_SHOWN_TEXT])
        pairs, plain = dictionaries(body)
        facts: Facts = [(cut(key), self._meaning(value)) for key, value in pairs[:MAX_FACTS]]
        return facts + self._own_form(plain)

    def _own_form(self, plain: str) -> Facts:
        """Return what is left of an operation in its dialect's own form."""
        plain = plain.strip()
        left = plain.removesuffix(signature_of(plain)).rstrip().removesuffix(":")
        facts: Facts = []
        words: list[str] = []
        for piece in pieces(left.strip()):
            text = " ".join(piece.split())
            pair = _PAIR.match(text)
            if pair and "%" not in text:
                facts.append((pair[1], self._meaning(pair[2])))
            elif any(map(str.isalnum, without := _OPERAND.sub("", text).strip("() "))):
                words.append(text if "init:" in text else without)
        if words:
            is_constant = words[0].startswith("dense")
            facts.append(("value" if is_constant else "text", cut(", ".join(words))))
        return facts

    def _meaning(self, value: str) -> str:
        """Return a value with an alias resolved, and a string without its quotes."""
        if _ALIAS.match(value):
            value = self._aliases.get(value, value)
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        return cut(" ".join(value[: 2 * MAX_CHARS].split()))


def location_facts(location: Location) -> Facts:
    """Return the name and the source lines of a location."""
    facts: Facts = [("location", cut(location.name))] if location.name else []
    if location.frames:
        facts.append(("source", cut(location.frames[0])))
    if len(location.frames) > 1:
        facts.append(("stack", cut(" ← ".join(location.frames[:MAX_STACK]))))
    return facts
