"""TensorFlow SavedModels: a folder with `saved_model.pb` or `.pbtxt`, or that file alone.

Specification:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
and https://www.tensorflow.org/guide/saved_model

Each MetaGraph gives its outermost graph and a graph for every function. Shapes
of variables come from the checkpoint's index, their values on demand from its
data. The parts: `tensorflow_messages` and `tensorflow_pbtxt` (protobuf),
`tensorflow_metagraph` (which graphs are there?), `tensorflow_graph` (columns),
`tensorflow_scopes` (namespaces), `tensorflow_calls` and `tensorflow_signatures`
(what calls what with what), `tensorflow_checkpoint`, and on demand
`tensorflow_source`. TensorFlow itself is not needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphs.errors import DamagedSource
from graphs.ir import Facts, Graph, Model
from importers.base import Probe
from importers.fact_text import cut
from importers.naming import Namer
from importers.notes import Notes
from importers.tensorflow_calls import VARIABLES
from importers.tensorflow_checkpoint import read_checkpoint
from importers.tensorflow_messages import messages, parse
from importers.tensorflow_metagraph import MetaGraph, Opened
from importers.tensorflow_source import Debug
from importers.tensorflow_wire import is_saved_model, is_saved_model_text

FORMAT = "TensorFlow SavedModel"


def look(probe: Probe) -> bool:
    """Return whether the content begins as a SavedModel does, in binary or as text."""
    return is_saved_model(probe.head) or is_saved_model_text(probe.head)


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model.

    `Model.n_parameters` counts the variables and constants that signatures
    need, each once; not an optimizer's.

    Raises
    ------
    DamagedSource
        The file is cut or corrupt, or holds no graph.
    """
    known = messages()
    is_text = is_saved_model_text(probe.head)
    saved = parse(probe, known.saved_model, FORMAT, is_text=is_text)
    held = [meta.graph_def for meta in saved.meta_graphs]
    if not any(one.node or one.library.function for one in held):
        raise DamagedSource(probe.name, "it holds no graph", format=FORMAT)
    folder = None if probe.path is None else probe.path.parent
    opened = Opened(
        name=probe.name,
        format=FORMAT,
        notes=notes,
        namer=Namer(notes),
        checkpoint=read_checkpoint(folder, probe.name, FORMAT, known, notes),
        debug=Debug(folder=folder, message=known.debug_info),
    )
    labels = _labels(saved.meta_graphs)
    metas = [
        MetaGraph(meta.graph_def, meta, opened, label)
        for meta, label in zip(saved.meta_graphs, labels, strict=True)
    ]
    if opened.checkpoint is None:
        _note_missing_weights(metas, folder, notes)
    graphs: list[Graph] = [graph for meta in metas for graph in meta.graphs()]
    sizes = [meta.weigh() for meta in metas]  # MetaGraphs are views of the same variables
    n_parameters, parameter_bytes = max(sizes)
    return Model(
        name=probe.name,
        format=FORMAT,
        producer=_producer(saved.meta_graphs[0].meta_info_def),
        graphs=tuple(graphs),
        metadata=_metadata(saved, metas),
        notes=notes.all(),
        n_parameters=n_parameters,
        parameter_bytes=parameter_bytes,
    )


def _labels(meta_graphs: Any) -> list[str]:
    """Return what tells MetaGraphs apart: their tags; nothing where there is only one."""
    if len(meta_graphs) == 1:
        return [""]
    return [
        cut(", ".join(meta.meta_info_def.tags))[:200] or f"MetaGraph {i}"
        for i, meta in enumerate(meta_graphs)
    ]


def _producer(info: Any) -> str:
    version = info.tensorflow_version
    return cut(f"TensorFlow {version}") if version else ""


def _metadata(saved: Any, metas: list[MetaGraph]) -> Facts:
    facts: Facts = [("schema_version", str(saved.saved_model_schema_version))]
    for meta in metas:
        prefix = f"{meta.graph_id}: " if len(metas) > 1 else ""
        facts += [(prefix + name, value) for name, value in meta.facts()]
    return facts


def _note_missing_weights(metas: list[MetaGraph], folder: Path | None, notes: Notes) -> None:
    n = sum(node.op in VARIABLES for meta in metas for node in meta.nodes)
    if n:
        beside = "was opened without its folder" if folder is None else "has no variables folder"
        notes.add("lost", f"The model {beside}, so values of variables are not shown", n_times=n)
