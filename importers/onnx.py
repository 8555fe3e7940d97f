"""Read ONNX models, as https://github.com/onnx/onnx/blob/main/docs/IR.md describes them.

The main graph, model-local functions and the bodies of If, Loop and Scan become
graphs. Weights are not decoded on opening and external data is not read.
The parts: `onnx_wire` (is it ONNX?), `onnx_scopes` (which graphs are there?),
`onnx_nodes` (what is in them?), `onnx_graph` (columns), `onnx_hierarchy`
(namespaces), `onnx_weights` (how much?), and on demand `onnx_source`,
`onnx_tensors` and `onnx_text`; `onnx_slim` spares large files' weights. onnx is
imported where it is used, in functions.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import Any

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from graphs.ir import Facts, Graph, Model
from importers.base import Probe
from importers.fact_text import MAX_FACTS, cut
from importers.notes import Notes
from importers.onnx_graph import Rows, build_graph, connect, read_rows
from importers.onnx_scope import DEFAULT_DOMAINS, Scope
from importers.onnx_scopes import find_scopes
from importers.onnx_slim import SLIM_ABOVE_BYTES, slim_model
from importers.onnx_source import OnnxSource
from importers.onnx_tensors import TensorReader
from importers.onnx_text import props
from importers.onnx_types import TypeTable, as_text
from importers.onnx_weights import weigh
from importers.onnx_wire import looks_like_model

FORMAT = "ONNX"
MAX_MESSAGE_BYTES = (2 << 30) - 1  # protobuf's own limit


def look(probe: Probe) -> bool:
    """Return whether the content begins as an ONNX model does; the name says nothing."""
    return looks_like_model(probe.head)


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model.

    Raises
    ------
    DamagedSource
        The file is cut or corrupt, or holds no graph.
    UnsupportedFeature
        Graphs are nested deeper than protobuf allows.
    """
    proto = _parse(probe)
    types = TypeTable(notes)
    scopes = find_scopes(proto, types, notes)
    tensors = TensorReader(probe)
    rows: list[Rows] = []
    for scope in scopes:  # a parent comes before its bodies
        outer = rows[scope.parent] if scope.parent >= 0 else None
        rows.append(read_rows(scope, outer, types))
    n_parameters, parameter_bytes = weigh(scopes, probe, notes)
    _note_imports(proto, scopes, notes)
    graphs = _read_graphs(scopes, rows, types, tensors, notes)
    producer = f"{as_text(proto.producer_name)} {as_text(proto.producer_version)}".strip()
    return Model(
        name=probe.name,
        format=FORMAT,
        producer=cut(producer),
        graphs=tuple(graphs),
        metadata=_metadata(proto),
        notes=notes.all(),
        n_parameters=n_parameters,
        parameter_bytes=parameter_bytes,
    )


def _parse(probe: Probe) -> Any:
    """Return the `ModelProto`, external data unread, the weights of a large file left in it."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import ModelProto

    try:
        proto = ModelProto.FromString(_content(probe))
    except DecodeError as error:
        if "MaxDepth" in str(error):
            feature = "graphs nested deeper than protobuf's limit of 100 messages"
            raise UnsupportedFeature(probe.name, feature, format=FORMAT) from error
        reason = "it is cut or its bytes are corrupt"
        raise DamagedSource(probe.name, reason, format=FORMAT) from error
    except MemoryError as error:
        reason = "it needs more memory than there is"
        raise ReadError(probe.name, reason, format=FORMAT) from error
    graph = proto.graph
    if not (graph.node or graph.input or graph.output or graph.initializer):
        raise DamagedSource(probe.name, "it holds no graph", format=FORMAT)
    return proto


def _content(probe: Probe) -> bytes:
    """Return the bytes to parse."""
    slim = None
    if probe.path is not None and probe.size > SLIM_ABOVE_BYTES:
        try:
            slim = slim_model(probe.path)
        except OSError as error:
            reason = f"it cannot be read: {error.strerror}"
            raise ReadError(probe.name, reason, format=FORMAT) from error
    content = probe.read_bytes(MAX_MESSAGE_BYTES) if slim is None else slim
    if len(content) > MAX_MESSAGE_BYTES:
        reason = "it is over 2 GiB, more than protobuf can hold; save its weights as external data"
        raise ReadError(probe.name, reason, format=FORMAT)
    return content


def _read_graphs(
    scopes: list[Scope], rows: list[Rows], types: TypeTable, tensors: TensorReader, notes: Notes
) -> list[Graph]:
    """Build every graph, a body after the graph around it."""
    graphs: list[Graph] = []
    sources: list[OnnxSource] = []
    for scope, own in zip(scopes, rows, strict=True):
        connect(own, {i: [rows[b] for b in bodies] for i, bodies in scope.bodies.items()}, notes)
        outer = sources[scope.parent] if scope.parent >= 0 else None
        source = OnnxSource(own, outer, tensors, types, _graph_facts(scope))
        graph = build_graph(own, scopes, source, notes)
        source.bind(graph)
        sources.append(source)
        graphs.append(graph)
        scope.release()
    return graphs


def _graph_facts(scope: Scope) -> Facts:
    """Return what the file says of a graph itself."""
    proto = scope.proto
    facts: Facts = []
    if proto.doc_string:
        facts.append(("doc_string", cut(as_text(proto.doc_string))))
    if scope.is_function:
        attributes = chain(proto.attribute, (a.name for a in proto.attribute_proto))
        if names := ", ".join(map(as_text, attributes)):
            facts.append(("attributes", cut(names)))
        facts.append(("opset", cut(_opsets(proto))))
    elif proto.name:
        facts.append(("name", cut(as_text(proto.name))))
    return facts + props(proto.metadata_props)


def _metadata(proto: Any) -> Facts:
    """Return what the file says of the model."""
    facts = [
        ("ir_version", str(proto.ir_version)),
        ("opset", cut(_opsets(proto))),
        ("producer", cut(as_text(proto.producer_name))),
        ("producer version", cut(as_text(proto.producer_version))),
        ("domain", cut(as_text(proto.domain))),
        ("model_version", str(proto.model_version or "")),
        ("doc_string", cut(as_text(proto.doc_string))),
        ("functions", str(len(proto.functions) or "")),
    ]
    return [fact for fact in facts if fact[1]] + props(proto.metadata_props)


def _opsets(proto: Any) -> str:
    """Return e.g. ``ai.onnx 17, com.microsoft 1``."""
    imports = islice(proto.opset_import, MAX_FACTS)
    return ", ".join(f"{as_text(o.domain) or 'ai.onnx'} {o.version}" for o in imports)


def _note_imports(proto: Any, scopes: list[Scope], notes: Notes) -> None:
    """Note what the file leaves open: operator sets it does not import, parts not shown."""
    if not proto.opset_import:
        notes.add("damaged", "The file does not say which operator sets it uses; it may be cut")
    for scope in scopes:
        if scope.parent >= 0:
            continue
        own = scope.proto if scope.is_function else proto
        known = {as_text(o.domain) for o in own.opset_import}
        if known & set(DEFAULT_DOMAINS):
            known.update(DEFAULT_DOMAINS)
        for domain in sorted(scope.domains - known) if known else ():
            message = "Operators are used from a domain that is not imported"
            notes.add("damaged", message, domain or "ai.onnx")
    if proto.training_info:
        notes.add("lost", "Training information is not shown", n_times=len(proto.training_info))
