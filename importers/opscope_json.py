"""Opscope's own file: a model as columns in JSON, without its weights. Also gzipped.

Format: docs/formats/opscope_json.md. Written by `importers.opscope_json_write`,
which shares `VERSION` and `MARK`. Imports no framework.
"""

from __future__ import annotations

import re

from graphs.errors import DamagedSource, GraphError, UnsupportedFeature
from graphs.ir import Model
from importers.base import Probe
from importers.json_bytes import json_head, parse_json
from importers.notes import Notes
from importers.opscope_json_fields import BadField, Fields
from importers.opscope_json_graph import read_graph

FORMAT = "Opscope JSON"
MARK = "opscope"  # the first key, whose value is the version
VERSION = 1


def look(probe: Probe) -> bool:
    """Return whether the content is an object whose first key is our mark."""
    return re.match(rb'\{\s*"opscope"\s*:', json_head(probe)) is not None


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model as it was written, under the name of the file.

    Raises
    ------
    DamagedSource
        It is no JSON, or a column is missing, too short or leads nowhere.
    UnsupportedFeature
        A newer Opscope wrote it.
    """
    data = parse_json(probe, FORMAT)
    try:
        fields = Fields(data)
        version = fields.integer(MARK)
        if version != VERSION:
            feature = f"version {version} of Opscope JSON; this Opscope reads version {VERSION}"
            raise UnsupportedFeature(probe.name, feature, format=FORMAT)
        return _model(probe, fields, notes)
    except (BadField, GraphError) as error:
        raise DamagedSource(probe.name, str(error), format=FORMAT) from error


def _model(probe: Probe, fields: Fields, notes: Notes) -> Model:
    graphs = tuple(read_graph(one) for one in fields.each("graphs"))
    ids = {graph.id for graph in graphs}
    if not graphs or len(ids) != len(graphs) or "" in ids:
        raise BadField("graphs: there is none, or two have one id")
    called = {id for graph in graphs for each in graph.subgraphs.values() for id in each}
    if not called <= ids:
        raise BadField(f"subgraphs: there is no graph “{min(called - ids)}”")
    return Model(
        name=probe.name,
        format=fields.text("format"),
        producer=fields.text("producer"),
        graphs=graphs,
        metadata=fields.facts("metadata"),
        notes=(*fields.notes("notes"), *notes.all()),
        n_parameters=fields.integer("n_parameters"),
        parameter_bytes=fields.integer("parameter_bytes"),
    )
