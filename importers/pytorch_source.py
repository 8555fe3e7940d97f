"""What stays in an exported program until somebody looks: arguments, source lines, weights.

Holds the JSON of one graph and decodes a node of it at a time. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from graphs.ir import Facts, NodeKind
from importers.fact_text import MAX_FACTS, cut
from importers.pytorch_graph import NO_SPEC, Rows
from importers.pytorch_schema import (
    DECODING_ERRORS,
    LazyGraph,
    Range,
    Spec,
    decode_lazy_graph,
)
from importers.pytorch_symbols import symbols_of
from importers.pytorch_text import LAYOUTS, argument_text, device_text, is_reference, metadata_facts
from importers.pytorch_weights import Weights

STRIDED = 7


class PytorchSource:
    """The on-demand side of one graph; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    rows : Rows
        Columns of the graph.
    weights : Weights or None
        None for a body, which gets its constants from its caller.
    ranges : mapping of str to Range
        Bounds of the symbolic sizes.
    facts : Facts
        What the file says of the graph itself.
    """

    def __init__(
        self, rows: Rows, weights: Weights | None, ranges: Mapping[str, Range], facts: Facts
    ) -> None:
        self._raw = rows.scope.raw
        self._inputs = rows.scope.inputs
        self._outputs = rows.scope.outputs
        self._first_operator = rows.first_operator
        self._first_output = rows.first_output
        self._kinds = rows.kinds
        self._names: tuple[str, ...] = ()
        self._modules = rows.modules
        self._spaces: tuple[str, ...] = ()
        self._weights = weights
        self._ranges = ranges
        self._facts = facts

    def bind(self, names: tuple[str, ...], spaces: tuple[str, ...]) -> None:
        """Tell the source its graph's values and namespaces, once that is built."""
        self._names = names
        self._spaces = spaces

    def attributes(self, node: int) -> Facts:
        """Return (name, value) of the node's attributes, as text, cut to 4,096 characters."""
        if node < self._first_operator:
            return self._input_facts(node)
        if node >= self._first_output:
            return self._output_facts(node - self._first_output)
        said = _decoded(self._lazy.nodes[node - self._first_operator])
        if not isinstance(said, dict):
            return []
        facts = _argument_facts(said.get("inputs"))
        metadata = said.get("metadata")
        return facts + (metadata_facts(metadata) if isinstance(metadata, dict) else [])

    def value_facts(self, value: int) -> Facts:
        """Return device, layout and the bounds of the symbolic sizes of a value."""
        name = self._names[value]
        custom = self._lazy.custom_obj_values.get(name)
        if custom is not None:
            found = _decoded(custom)
            return [("class", cut(str(found.get("class_fqn", "")) if _is_dict(found) else ""))]
        raw = self._lazy.tensor_values.get(name)
        meta = None if raw is None else _decoded(raw)
        return _tensor_facts(meta, self._ranges) if isinstance(meta, dict) else []

    def group_attributes(self, namespace: int) -> Facts:
        """Return path and class of the namespace's module; at the top what is said of the graph."""
        space = self._spaces[namespace]
        found = [
            ("module", self._modules.paths.get(space, "")),
            ("class", self._modules.classes.get(space, "")),
        ]
        facts = [(key, cut(text)) for key, text in found if text]
        return facts + self._facts if namespace == 0 else facts

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of a parameter, a buffer or a constant.

        Raises
        ------
        graphs.errors.ReadError
            The data is missing, cut, pickled, or less than its shape needs.
        """
        if self._weights is None or self._kinds[node] != NodeKind.CONSTANT:
            return None
        kind, spec = self._spec(node)
        if kind == "custom_obj" or not spec.target:
            return None
        is_constant = kind == "tensor_constant" or spec.persistent is False
        return self._weights.array(spec.target, is_constant=is_constant)

    @cached_property
    def _lazy(self) -> LazyGraph:
        return decode_lazy_graph(self._raw)

    def _spec(self, node: int) -> tuple[str, Spec]:
        return self._inputs[node] if node < len(self._inputs) else ("", NO_SPEC)

    def _input_facts(self, node: int) -> Facts:
        kind, spec = self._spec(node)
        facts = [("kind", kind.replace("_", " ")), ("name", spec.target)]
        placeholder = argument_text(_decoded(self._lazy.inputs[node])).removeprefix("%")
        facts.append(("placeholder", placeholder))
        if spec.persistent is not None:
            facts.append(("persistent", str(spec.persistent).lower()))
        if bytes(spec.value):
            facts.append(("value", argument_text(_decoded(spec.value))))
        for other, changed in self._outputs:
            is_this = changed.target in {spec.target, placeholder} - {""}
            if is_this and other.endswith("_mutation"):
                facts.append(("updated", "the graph writes it"))
        return [(key, cut(text)) for key, text in facts if text]

    def _output_facts(self, index: int) -> Facts:
        kind, spec = self._outputs[index] if index < len(self._outputs) else ("", NO_SPEC)
        facts = [("kind", kind.replace("_", " ")), ("of", spec.target)]
        argument = _decoded(self._lazy.outputs[index])
        facts.append(("value", argument_text(argument)))
        return [(key, cut(text)) for key, text in facts if text]


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _decoded(raw: Raw) -> Any:
    """Return what a piece of JSON holds; None where it cannot be decoded."""
    try:
        return msgspec.json.decode(raw)
    except DECODING_ERRORS:
        return None


def _argument_facts(inputs: Any) -> Facts:
    """Return the literals among a call's arguments, then which value is which argument."""
    literals: Facts = []
    values: list[str] = []
    for at, given in enumerate(inputs[:MAX_FACTS] if isinstance(inputs, list) else ()):
        if not isinstance(given, dict):
            continue
        name = str(given.get("name") or f"argument {at}")
        argument = given.get("arg")
        if is_reference(argument):
            values.append(f"{name}=%{_reference(argument)}")
        else:
            literals.append((cut(name), argument_text(argument)))
    return literals + ([("values", cut(", ".join(values)))] if values else [])


def _reference(argument: Any) -> str:
    inner = next(iter(argument.values()))
    return str(inner.get("name", "")) if isinstance(inner, dict) else ""


def _tensor_facts(meta: dict[str, Any], ranges: Mapping[str, Range]) -> Facts:
    facts = [("device", device_text(meta.get("device")))]
    layout = meta.get("layout")
    if isinstance(layout, int) and layout != STRIDED:
        facts.append(("layout", LAYOUTS[layout] if 0 < layout < len(LAYOUTS) else str(layout)))
    if meta.get("requires_grad") is True:
        facts.append(("requires_grad", "true"))
    strides = meta.get("strides")
    if isinstance(strides, list):
        facts.append(("strides", argument_text({"as_ints": strides})))
    sizes = meta.get("sizes")
    for size in sizes[:64] if isinstance(sizes, list) else ():
        facts += _bounds(size, ranges)
    return [(key, cut(text)) for key, text in dict.fromkeys(facts) if text]


def _bounds(size: Any, ranges: Mapping[str, Range]) -> Facts:
    """Return the range of each symbol in a size, and the number it had at the export."""
    expression = size.get("as_expr") if isinstance(size, dict) else None
    text = expression.get("expr_str") if isinstance(expression, dict) else None
    if not isinstance(expression, dict) or not isinstance(text, str):
        return []
    facts: Facts = []
    symbols = symbols_of(text)
    for symbol in symbols:
        if symbol in ranges:
            facts.append((cut(symbol), range_text(ranges[symbol])))
    hint = expression.get("hint")
    if len(symbols) == 1 and isinstance(hint, dict) and hint:
        facts.append((cut(f"{symbols[0]} at export"), _hint(text, hint)))
    return facts


def _hint(text: str, hint: dict[str, Any]) -> str:
    value = cut(str(next(iter(hint.values()))))
    is_symbol = text.isidentifier() or text.startswith("Symbol(")
    return value if is_symbol else ""


def range_text(bounds: Range) -> str:
    """Return e.g. ``2 … 64``."""
    low = "-∞" if bounds.min_val in (None, "-Infinity") else str(bounds.min_val)
    high = "∞" if bounds.max_val in (None, "Infinity") else str(bounds.max_val)
    return f"{low} … {high}"
