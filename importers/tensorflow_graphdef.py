"""TensorFlow GraphDefs: frozen and other graphs, `.pb` and `.pbtxt`, control flow v1 and v2.

Specification:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto

The parts are those of `importers.tensorflow`. TensorFlow itself is not needed.
"""

from __future__ import annotations

from graphs.errors import DamagedSource
from graphs.ir import Facts, Model
from importers.base import Probe
from importers.naming import Namer
from importers.notes import Notes
from importers.tensorflow_messages import messages, parse
from importers.tensorflow_metagraph import MetaGraph, Opened
from importers.tensorflow_source import Debug
from importers.tensorflow_wire import is_graph, is_graph_text

FORMAT = "TensorFlow GraphDef"


def look(probe: Probe) -> bool:
    """Return whether the content begins as a GraphDef does, in binary or as text."""
    return is_graph(probe.head) or is_graph_text(probe.head)


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model.

    `Model.n_parameters` counts what the constants and variables of all graphs hold.

    Raises
    ------
    DamagedSource
        The file is cut or corrupt, or holds no graph.
    """
    known = messages()
    graph_def = parse(probe, known.graph_def, FORMAT, is_text=is_graph_text(probe.head))
    if not graph_def.node and not graph_def.library.function:
        raise DamagedSource(probe.name, "it holds no graph", format=FORMAT)
    opened = Opened(probe.name, FORMAT, notes, Namer(notes), debug=Debug(graph_def.debug_info))
    meta = MetaGraph(graph_def, None, opened)
    graphs = meta.graphs()
    n_parameters, parameter_bytes = meta.weigh()
    versions = graph_def.versions
    facts: Facts = [("producer version", str(versions.producer))] if versions.producer else []
    if versions.min_consumer:
        facts.append(("least consumer version", str(versions.min_consumer)))
    return Model(
        name=probe.name,
        format=FORMAT,
        producer="",
        graphs=tuple(graphs),
        metadata=facts + meta.facts(),
        notes=notes.all(),
        n_parameters=n_parameters,
        parameter_bytes=parameter_bytes,
    )
