"""A pane of the page as one side of a report. Knows sessions, no widgets."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.compared_pairs import graphs_of, has_graph
from dashboard.open_model import OpenModel
from dashboard.panes.measure_result import condition_facts, error_facts, latency_facts
from dashboard.report_side import ReportSide
from dashboard.run_record import Run
from dashboard.session import Session, first_view
from graphs.ir import Facts
from graphs.match_view import End, MatchView


def session_side(session: Session, view: MatchView, end: End) -> ReportSide:
    """Return what a pane shows now; the file is not read yet (`ReportSide.with_file`).

    A graph that is not in the matching gives way to the matching's first.
    """
    opened, graph, expanded = session.opened, session.graph, session.expanded
    assert opened is not None and graph is not None
    if not has_graph(view, end, graph.id):
        graph = graphs_of(view, end)[0]
        expanded = first_view(graph)
    # Of the model's own: what a comparison adds to a session is told by the report itself.
    return ReportSide(
        opened.model,
        graph,
        expanded,
        tuple(opened.node_data.get(graph.id, ())),
        taken=tuple(_taken(opened)),
        warnings=tuple(dict.fromkeys(_warnings(opened))),
        is_flat=session.flat,
        shows_constants=session.show_constants,
        file=opened.file,
    )


def _taken(opened: OpenModel) -> Iterator[tuple[str, Facts]]:
    """Yield how the runs on the graph were taken."""
    for run_id in opened.kept.shown:
        run = opened.kept.loaded.get(run_id)
        if run is not None:
            yield run.record.title, _run_facts(run)


def _warnings(opened: OpenModel) -> Iterator[str]:
    """Yield what the runs on the graph warn of."""
    for run_id in opened.kept.shown:
        run = opened.kept.loaded.get(run_id)
        if run is not None and run.record.error is not None and run.record.error.warning:
            yield run.record.error.warning


def _run_facts(run: Run) -> Facts:
    record = run.record
    facts = condition_facts(record)
    facts += latency_facts(record.latency) if record.latency is not None else []
    facts += error_facts(run, record.error) if record.error is not None else []
    return facts + [("failed", text) for text in record.failures]
