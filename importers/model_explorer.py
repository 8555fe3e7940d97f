"""Model Explorer's graph JSON: read here, written by `model_explorer_write`.

Format: https://github.com/google-ai-edge/model-explorer (graphs and node data
are JSON objects; `src/ui/src/components/visualizer/common/input_graph.ts`).
Also gzipped. Imports no framework.
"""

from __future__ import annotations

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from graphs.ir import Graph, Model, NodeKind
from graphs.notes import Note
from importers.base import Probe
from importers.json_bytes import json_head, parse_json
from importers.model_explorer_graph import GraphReader, Json, dicts, text_of
from importers.model_explorer_words import RESERVED
from importers.naming import Namer
from importers.notes import MAX_NOTES, Notes
from importers.opscope_json import look as is_opscope_json

FORMAT = "Model Explorer JSON"
MAX_ELEMENTS = 1 << 48  # of a constant; a larger claim is no tensor
_SORTINGS = ("node_count_asc", "node_count_desc", "name_asc", "name_desc")


def look(probe: Probe) -> bool:
    """Return whether the content begins like a JSON object or list, gzipped or not."""
    # Opscope's own is JSON as well; under any name, its mark comes before the ending.
    return json_head(probe)[:1] in (b"{", b"[") and not is_opscope_json(probe)


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model: all graphs of all collections, in the file's order.

    Raises
    ------
    DamagedSource
        It is no JSON, is nested too deeply, or unpacks to more than it should.
    UnsupportedFeature
        It is another program's JSON, such as a TensorFlow.js model.
    ReadError
        It holds node data, which is loaded onto an open model.
    """
    data = parse_json(probe, FORMAT)
    collections = _collections(probe, data)
    namer = Namer(notes)
    graphs: list[Graph] = []
    for _label, found in collections:
        stated = [text_of(one.get("id")) or "graph" for one in found]
        unique = [namer.unique(one, "graph") for one in stated]
        known: dict[str, str] = {}
        for old, new in zip(stated, unique, strict=True):
            known.setdefault(old, new)
        graphs += [
            GraphReader(one, graph_id, known, notes).graph()
            for one, graph_id in zip(found, unique, strict=True)
        ]
    if not graphs:
        raise DamagedSource(probe.name, "it holds no graph", format=FORMAT)
    return _model(probe, data, collections, _sorted(data, graphs), notes)


def _collections(probe: Probe, data: object) -> list[tuple[str, list[Json]]]:
    """Return (label, graph objects) of each collection, for every shape of file that exists."""
    if isinstance(data, dict):
        _refuse_others(probe, data)
        if isinstance(data.get("graphs"), list):
            return [(text_of(data.get("label")), dicts(data["graphs"]))]
        if isinstance(data.get("graphCollections"), list):
            return _labelled(dicts(data["graphCollections"]))
        if isinstance(data.get("nodes"), list):
            return [("", [data])]
    listed = dicts(data)
    if any("subgraphs" in one or "graphs" in one for one in listed):
        return _labelled(listed)
    if listed and all(isinstance(one.get("nodes"), list) for one in listed):
        return [("", listed)]
    raise UnsupportedFeature(
        probe.name, "JSON that is no Model Explorer graph: it has no list of graphs", format=FORMAT
    )


def _labelled(collections: list[Json]) -> list[tuple[str, list[Json]]]:
    return [
        (text_of(one.get("label")), dicts(one.get("subgraphs", one.get("graphs"))))
        for one in collections
    ]


def _refuse_others(probe: Probe, data: Json) -> None:
    if "modelTopology" in data:
        raise UnsupportedFeature(probe.name, "TensorFlow.js models (model.json)", format=FORMAT)
    if data.get("type") in ("sync_navigation", "edge_overlays"):
        raise UnsupportedFeature(
            probe.name, f"this is {data['type']} data, which holds no graph", format=FORMAT
        )
    if is_node_data(data):
        raise ReadError(
            probe.name,
            "it holds node data, not a graph. Open its model first, then load this file as node "
            "data (opscope serve MODEL --node-data FILE)",
            format=FORMAT,
        )


def is_node_data(data: object) -> bool:
    """Return whether parsed JSON is node data: of one graph, or of several by their ids."""
    if not isinstance(data, dict) or not data or "nodes" in data or "graphs" in data:
        return False
    if isinstance(data.get("results"), dict):
        return True
    return all(isinstance(one, dict) and "results" in one for one in data.values())


def _sorted(data: object, graphs: list[Graph]) -> tuple[Graph, ...]:
    """Return the graphs as the file asks; unasked, in its own order."""
    how = data.get("graphSorting") if isinstance(data, dict) else None
    if how not in _SORTINGS:
        return tuple(graphs)
    if how.startswith("name"):
        return tuple(sorted(graphs, key=lambda graph: graph.id, reverse=how.endswith("desc")))
    return tuple(sorted(graphs, key=lambda graph: graph.n_nodes, reverse=how.endswith("desc")))


def _model(
    probe: Probe,
    data: object,
    collections: list[tuple[str, list[Json]]],
    graphs: tuple[Graph, ...],
    notes: Notes,
) -> Model:
    """Return the model; what our own writer said of it survives."""
    own = data.get(RESERVED) if isinstance(data, dict) else None
    if not isinstance(own, dict):
        labels = [("collection", label) for label, _ in collections if label]
        sizes = [_weight_of(graph) for graph in graphs]
        return Model(
            probe.name,
            FORMAT,
            "",
            graphs,
            metadata=labels,
            notes=notes.all(),
            n_parameters=sum(n for n, _n_bytes in sizes),
            parameter_bytes=sum(n_bytes for _n, n_bytes in sizes),
        )
    return Model(
        name=probe.name,
        format=text_of(own.get("format")) or FORMAT,
        producer=text_of(own.get("producer")),
        graphs=graphs,
        metadata=[
            (text_of(one.get("key")), text_of(one.get("value")))
            for one in dicts(own.get("metadata"))
        ],
        notes=(*_stored_notes(own), *notes.all()),
        n_parameters=_count(own, "n_parameters"),
        parameter_bytes=_count(own, "parameter_bytes"),
    )


def _weight_of(graph: Graph) -> tuple[int, int]:
    """Return elements and bytes of a graph's constants, as far as their types say."""
    is_constant = graph.node_kind[graph.value_node] == NodeKind.CONSTANT
    types = [graph.types[i] for i in graph.value_type[is_constant].tolist()]
    sizes = [(t.n_elements or 0, t.n_bytes or 0) for t in types]
    kept = [(n, n_bytes) for n, n_bytes in sizes if n <= MAX_ELEMENTS]
    return sum(n for n, _n_bytes in kept), sum(n_bytes for _n, n_bytes in kept)


def _count(own: Json, key: str) -> int:
    found = own.get(key)
    return found if isinstance(found, int) and found >= 0 else 0


def _stored_notes(own: Json) -> list[Note]:
    found = []
    for one in dicts(own.get("notes"))[:MAX_NOTES]:
        examples = one.get("examples")
        texts = tuple(text_of(e) for e in examples[:5]) if isinstance(examples, list) else ()
        message, n_times = text_of(one.get("message")), max(1, _count(one, "n_times"))
        match one.get("kind"):
            case ("lost" | "guessed" | "damaged" | "info") as kind:
                found.append(Note(kind, message, n_times, texts))
    return found
