"""The model pane: what the file is, its graphs, and what the import lost or guessed."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from components.plots.ticks import format_value
from dashboard.open_model import OpenModel
from dashboard.panes.facts import STYLE, facts_html, text_html
from dashboard.session import Session
from graphs.ir import Facts, Graph
from graphs.notes import Note

KIND_WORDS = {"lost": "Lost", "guessed": "Guessed", "damaged": "Damaged", "info": "Note"}


class ModelPane:
    """Follows the shown model."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.text = pn.pane.HTML(STYLE, sizing_mode="stretch_width", margin=(4, 12))
        self.view = pmui.Column(self.text, sizing_mode="stretch_width")
        session.param.watch(self._show, ["opened", "graph"])
        self._show()

    def _show(self, *_: object) -> None:
        opened = self.session.opened
        if opened is None:
            self.text.object = STYLE + text_html("No model is open.", "facts-empty")
            return
        model = opened.model
        body = text_html(model.name, "facts-title")
        body += facts_html("File", _file_facts(opened))
        body += facts_html("Import notes", [_note_row(note) for note in model.notes])
        body += facts_html("Shown graph", self._graph_facts())
        body += facts_html("Metadata", model.metadata)
        self.text.object = STYLE + body

    def _graph_facts(self) -> Facts:
        graph = self.session.graph
        if graph is None:
            return []
        return [
            ("title", graph.title),
            ("nodes", f"{graph.n_nodes:,}, of them {graph.n_operators:,} operators"),
            ("edges", f"{graph.n_edges:,}"),
            ("groups", _groups_text(graph)),
            *graph.source.group_attributes(0),
        ]


def _groups_text(graph: Graph) -> str:
    text = f"{graph.n_groups:,}, {int(graph.namespaces.depth.max())} deep"
    n_inferred = int(graph.namespaces.is_inferred.sum())
    return f"{text}; {n_inferred:,} of them inferred" if n_inferred else text


def _file_facts(opened: OpenModel) -> Facts:
    model = opened.model
    facts = [
        ("format", model.format),
        ("producer", model.producer or "not stated"),
        ("graphs", f"{len(model.graphs):,}"),
        ("parameters", f"{model.n_parameters:,}"),
        ("weights", format_value(float(model.parameter_bytes), "bytes")),
    ]
    return [*facts, ("path", opened.reference)] if opened.reference else facts


def _note_row(note: Note) -> tuple[str, str]:
    return KIND_WORDS[note.kind], str(note)
