"""What stays in an ONNX file until somebody looks: attributes, quantization, tensors.

Holds the parsed messages, whose fields protobuf decodes when they are read.
Imports no onnx itself; `importers.onnx_tensors` does where it decodes a tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import ReadError
from graphs.ir import Facts, Graph, NodeKind
from importers.fact_text import MAX_FACTS, cut
from importers.onnx_graph import CAPTURED, Rows
from importers.onnx_scope import FLOAT, FLOATS, INT, INTS, SPARSE, STRING, STRINGS, TENSOR
from importers.onnx_slim import OWN_FILE
from importers.onnx_tensors import EXTERNAL, TensorReader, external_of
from importers.onnx_text import attribute_text, props
from importers.onnx_types import TypeTable, as_text, stored_bytes

MAX_PREVIEW = 16  # elements of a small constant that are shown among the attributes
MAX_CONSUMERS = 64  # looked through for a quantization
QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


class OnnxSource:
    """The on-demand side of one graph; a `graphs.ir.GraphSource`.

    Parameters
    ----------
    rows : Rows
        Columns of the graph.
    outer : OnnxSource or None
        Of the graph around a body, whose constants the body can use.
    tensors : TensorReader
    types : TypeTable
    facts : Facts
        What the file says of the graph itself.
    """

    def __init__(
        self,
        rows: Rows,
        outer: OnnxSource | None,
        tensors: TensorReader,
        types: TypeTable,
        facts: Facts,
    ) -> None:
        self.outer = outer
        self._tensors = tensors
        self._types = types
        self._facts = facts
        self._proto = rows.scope.proto
        self._is_function = rows.scope.is_function
        self._classes = rows.hierarchy.classes
        self._first_initializer = rows.first_initializer
        self._first_operator = rows.first_operator
        self._first_output = rows.first_output
        self._graph: Graph | None = None

    def bind(self, graph: Graph) -> None:
        """Tell the source its graph, once it is built."""
        self._graph = graph

    @property
    def graph(self) -> Graph:
        """The graph that the rows became."""
        assert self._graph is not None, "bind() comes first"
        return self._graph

    def attributes(self, node: int) -> Facts:
        """Return (name, value) of the node's attributes, as text, cut to 4,096 characters."""
        if self._first_operator <= node < self._first_output:
            proto = self._proto.node[node - self._first_operator]
            facts = [self._attribute(a) for a in islice(proto.attribute, MAX_FACTS)]
            if proto.overload:
                facts.append(("overload", cut(as_text(proto.overload))))
            return facts + _said(proto)
        if self._first_initializer <= node < self._first_operator:
            return self._initializer_facts(self._initializer(node))
        name = self._boundary_name(node)
        if self.graph.node(node).op_type == CAPTURED:
            return [("captured", "a value of the graph around this one")]
        info = self._value_info.get(name)
        return [] if info is None else _said(info)

    def value_facts(self, value: int) -> Facts:
        """Return (name, value) of a value's quantization, as far as the file states it."""
        name = self.graph.value_names[value]
        facts = list(self._annotations.get(name, ()))
        info = self._value_info.get(name)
        if info is not None and info.type.denotation:
            facts.append(("denotation", cut(as_text(info.type.denotation))))
        for node in self._quantizers(value):
            facts += self._quantization(node)
            break
        return facts

    def group_attributes(self, namespace: int) -> Facts:
        """Return the class of the namespace's module; for the root what is said of the graph."""
        if namespace == 0:
            return list(self._facts)
        found = self._classes.get(self.graph.namespaces.paths[namespace])
        return [("class", cut(found))] if found else []

    def tensor(self, node: int) -> NDArray[np.generic] | None:
        """Return the data of an initializer or a Constant.

        Raises
        ------
        graphs.errors.ReadError
            The data is outside the model's folder, missing, cut, or larger than
            the file can hold.
        """
        if self._first_initializer <= node < self._first_operator:
            proto = self._initializer(node)
            if hasattr(proto, "values"):
                return self._tensors.sparse(proto)
            return self._tensors.array(proto)
        if self.graph.node_kind[node] != NodeKind.CONSTANT:
            return None
        for attribute in self._proto.node[node - self._first_operator].attribute:
            return self._constant(attribute)
        return None

    def _constant(self, attribute: Any) -> NDArray[np.generic] | None:
        """Return what one attribute of a Constant holds."""
        kind = attribute.type
        if kind == TENSOR:
            return self._tensors.array(attribute.t)
        if kind == SPARSE:
            return self._tensors.sparse(attribute.sparse_tensor)
        if kind in (STRING, STRINGS):
            texts = [as_text(s) for s in (attribute.strings if kind == STRINGS else [attribute.s])]
            array = np.array(texts, dtype=object)
            return array if kind == STRINGS else array.reshape(())
        fields = {FLOAT: "f", FLOATS: "floats", INT: "i", INTS: "ints"}
        if kind not in fields:
            return None
        is_float = kind in (FLOAT, FLOATS)
        return np.array(getattr(attribute, fields[kind]), np.float32 if is_float else np.int64)

    def _attribute(self, attribute: Any) -> tuple[str, str]:
        text = attribute_text(attribute, self._types)
        if attribute.type == TENSOR:
            text = self._preview(attribute.t) or text
        return cut(as_text(attribute.name)), text

    def _preview(self, tensor: Any) -> str:
        """Return dtype, shape and values of a tensor of a few elements, else nothing."""
        n_elements, _n_bytes = stored_bytes(tensor.data_type, tuple(tensor.dims))
        if not 0 < n_elements <= MAX_PREVIEW or tensor.data_location == EXTERNAL:
            return ""
        try:
            values = self._tensors.array(tensor)
        except ReadError as error:
            return cut(f"unreadable: {error.reason}")
        type_text = self._types.of_dims(tensor.data_type, tuple(tensor.dims))
        return cut(f"{type_text} {_short(values)}")

    def _initializer(self, node: int) -> Any:
        """Return the message of an initializer, dense or sparse."""
        index = node - self._first_initializer
        n_dense = len(self._proto.initializer)
        if index < n_dense:
            return self._proto.initializer[index]
        return self._proto.sparse_initializer[index - n_dense]

    def _initializer_facts(self, proto: Any) -> Facts:
        if hasattr(proto, "values"):
            return [("storage", "sparse"), ("stored values", str(list(proto.values.dims)[:8]))]
        facts: Facts = []
        if proto.data_location == EXTERNAL:
            try:
                where = external_of(proto)
                label = "data" if where.location == OWN_FILE else "external data"
                facts.append((label, cut(where.location)))
                facts.append(("offset", f"{where.offset:,}"))
            except ValueError as error:
                facts.append(("external data", cut(f"unreadable: {error}")))
        elif preview := self._preview(proto):
            facts.append(("value", preview))
        return facts + _said(proto)

    def _boundary_name(self, node: int) -> str:
        """Return the tensor name of an input or an output."""
        graph = self.graph
        view = graph.node(node)
        if len(view.outputs):
            return graph.value_names[view.outputs[0]]
        return graph.value_names[graph.edge_value[view.in_edges[0]]] if len(view.in_edges) else ""

    @cached_property
    def _value_info(self) -> dict[str, Any]:
        """Messages that describe tensors by name."""
        proto = self._proto
        boundary = [] if self._is_function else [proto.input, proto.output]
        return {as_text(v.name): v for v in chain(proto.value_info, *boundary)}

    @cached_property
    def _annotations(self) -> dict[str, Facts]:
        """Quantization annotations by tensor name, with small parameters decoded."""
        found: dict[str, Facts] = {}
        if self._is_function:
            return found
        for annotation in self._proto.quantization_annotation:
            facts = found.setdefault(as_text(annotation.tensor_name), [])
            for entry in islice(annotation.quant_parameter_tensor_names, MAX_FACTS):
                name = as_text(entry.value)
                facts.append((cut(as_text(entry.key)).lower(), self._parameter(name)))
        return found

    def _quantizers(self, value: int) -> Iterator[int]:
        """Yield quantizing nodes that tell of a value: its producer, then a dequantizing reader."""
        graph = self.graph
        producer = graph.node(int(graph.value_node[value]))
        if producer.op_type in (QUANTIZE, DEQUANTIZE):
            yield producer.index
        for edge in producer.out_edges[:MAX_CONSUMERS].tolist():
            target = graph.node(int(graph.edge_target[edge]))
            is_read = graph.edge_value[edge] == value and graph.edge_target_slot[edge] == 0
            if is_read and target.op_type == DEQUANTIZE:
                yield target.index

    def _quantization(self, node: int) -> Facts:
        """Return scale, zero point and axis of a quantizing node."""
        proto = self._proto.node[node - self._first_operator]
        names = [as_text(name) for name in proto.input[:3]]
        facts = [
            (label, self._parameter(name))
            for label, name in zip(("scale", "zero_point"), names[1:], strict=False)
            if name
        ]
        return facts + [
            (attribute.name, attribute_text(attribute, self._types))
            for attribute in islice(proto.attribute, MAX_FACTS)
            if attribute.name in ("axis", "block_size")
        ]

    def _parameter(self, name: str) -> str:
        """Return a quantization parameter's value, or its range if it has many, or its name."""
        source, node = self._constant_of(name)
        if node < 0:
            return f"computed: {cut(name)}"
        try:
            array = source.tensor(node)
        except ReadError as error:
            return cut(f"unreadable: {error.reason}")
        return "" if array is None else _short(array)

    def _constant_of(self, name: str) -> tuple[OnnxSource, int]:
        """Return where a constant of that name is: its graph's source and its node, or -1."""
        source = self
        while name not in source.constant_nodes and source.outer is not None:
            source = source.outer
        return source, source.constant_nodes.get(name, -1)

    @cached_property
    def constant_nodes(self) -> dict[str, int]:
        """Node of each constant by the name of what it produces."""
        graph = self.graph
        is_constant = graph.node_kind[graph.value_node] == NodeKind.CONSTANT
        rows = np.flatnonzero(is_constant).tolist()
        return {graph.value_names[row]: int(graph.value_node[row]) for row in reversed(rows)}


def _said(proto: Any) -> Facts:
    """Return the documentation and the metadata entries of a message."""
    doc = [("doc_string", cut(as_text(proto.doc_string)))] if proto.doc_string else []
    return doc + props(proto.metadata_props)


def _short(values: NDArray[np.generic]) -> str:
    """Return few values as they are, many as their range."""
    if values.size <= MAX_PREVIEW:
        return cut(", ".join(_number(v) for v in values.reshape(-1).tolist()) or "(empty)")
    if values.dtype.kind in "OUS":
        return f"{values.size:,} texts"
    numbers = values.astype(np.float64) if values.dtype.kind not in "iu" else values
    low, high = _number(numbers.min().item()), _number(numbers.max().item())
    return f"{low} … {high} ({values.size:,} values)"


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
