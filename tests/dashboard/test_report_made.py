"""How a report is asked for: by `opscope compare --report`, and by a button of the page."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from hashlib import sha256
from html import escape
from pathlib import Path

import pytest

import importers
from dashboard.cli import main
from dashboard.open_model import OpenModel
from dashboard.panes.compare_report import ReportButton, file_name
from dashboard.panes.measure_result import condition_facts, latency_facts
from dashboard.report import session_report
from dashboard.report_session import session_side
from dashboard.session import Session
from dashboard.work import Work
from graphs.match_view import KIND_DATA
from graphs.visible import visible
from sample_models import sample
from tests.dashboard.test_comparing import Parts
from tests.dashboard.test_runs import FACTS, run_of
from tests.helpers.report_pages import Page, pictures_of

FILES = ("digits_float", "digits_int8")


def arguments() -> list[str]:
    """Return the paths of the samples."""
    return [str(sample(one).path) for one in FILES]


def test_the_command_writes_a_report_and_keeps_its_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 where something differs; hash and size of the files and what was measured are told."""
    target = tmp_path / "report.html"
    files = ["--node-data-a", *map(str, sample("digits_float").node_data)]
    files += ["--node-data-b", *map(str, sample("digits_int8").node_data)]
    status = main(["compare", *arguments(), "--weights", "--report", str(target), *files])
    assert status == 1 and "fused" in capsys.readouterr().out
    page = Page(target.read_text(encoding="utf-8"))
    for path in arguments():
        assert sha256(Path(path).read_bytes()).hexdigest() in page.said("code")
    headings = page.said("h2")
    assert {"Graphs", "Differences", "Numbers", "Quantization error", "Weights"} <= set(headings)
    same = [arguments()[0]] * 2
    assert main(["compare", *same, "--report", str(target)]) == 0


@pytest.mark.parametrize("bad", ["folder", "node data", "no report"])
def test_what_cannot_be_read_or_written_is_one_line_and_status_2(
    bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No place to write, node data that is none, or without a report to go into: the reason."""
    target = tmp_path / "no" / "report.html" if bad == "folder" else tmp_path / "report.html"
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    more = ["--node-data-a", str(empty)] if bad != "folder" else []
    report = ["--report", str(target)] if bad != "no report" else []
    assert main(["compare", *arguments(), *report, *more]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and printed.err.startswith("opscope: ")
    assert not target.exists()


@pytest.fixture
def parts() -> Parts:
    """Two samples beside each other in a session."""
    return Parts(*(importers.read(sample(name).path) for name in FILES))


def test_a_report_of_a_page_shows_what_its_panes_show(parts: Parts) -> None:
    """The open groups of both panes are open in the pictures."""
    view = parts.comparing.view
    assert view is not None
    parts.base.collapse_all()
    parts.other.expand_all()
    text = session_report(parts.base, parts.other, view)
    for session, picture in zip((parts.base, parts.other), pictures_of(text),
                                strict=True):  # fmt: skip
        assert session.graph is not None
        assert picture.count("data-k=") == visible(session.graph, session.expanded).n_items


def test_what_a_comparison_adds_to_a_session_is_no_measure(parts: Parts) -> None:
    """Differences that colour both panes stand in no list of measures or sources."""
    view = parts.comparing.view
    assert view is not None and KIND_DATA in {one.name for one in parts.base.node_data}
    side = session_side(parts.base, view, "a")
    assert KIND_DATA not in {one.name for one in side.sets}


def test_a_report_says_how_a_run_was_taken(parts: Parts) -> None:
    """The conditions and facts of a run on the graph of either pane."""
    run = run_of(title="On my <phone>")
    parts.b.kept.put("key", run)
    parts.b.kept.shown[run.record.id] = {}
    view = parts.comparing.view
    assert view is not None
    text = session_report(parts.base, parts.other, view)
    section = text.split("How numbers were taken", 1)[1].split("</section>")[0]
    assert "B: On my &lt;phone&gt;" in section
    for name, said in condition_facts(run.record) + latency_facts(FACTS):
        assert escape(name) in section and escape(" ".join(said.split())) in section


def test_a_graph_outside_the_matching_gives_way_to_the_first(parts: Parts) -> None:
    """A pane that shows something else is drawn by the graph that was compared."""
    view = parts.comparing.view
    assert view is not None
    elsewhere = Session()
    elsewhere.add_model(OpenModel(importers.read(sample("decoder").path)))
    assert elsewhere.graph is not None
    matched = view.matching.a[0]
    renamed = replace(elsewhere.graph, id="another graph")
    elsewhere.graph = renamed
    text = session_report(elsewhere, parts.other, view)
    n_boxes = pictures_of(text)[0].count("data-k=")
    assert 0 < n_boxes <= matched.n_nodes + len(matched.namespaces)


def test_the_button_makes_a_page_to_save(parts: Parts) -> None:
    """Pressed, it hands the browser a file named for both models; it waits for a matching."""
    notices = parts.notices
    button = ReportButton(parts.comparing, Work(notices.add), notices)
    assert not button.button.disabled
    button.button.clicks += 1
    kind, _, data = (button.file.data or "").partition(";base64,")
    assert kind == "data:text/html" and button.file.filename.endswith(".html")
    Page(b64decode(data).decode("utf-8"))
    assert not button.button.loading and notices.shown[-1].severity == "success"
    parts.comparing.stop(0)
    assert button.button.disabled


def test_a_reports_name_is_safe() -> None:
    """Letters, digits, dots and dashes of both names, cut; never a path."""
    assert file_name("a/b.onnx", "../../x y.tflite") == "opscope-a_b-x_y.html"
    assert len(file_name("x" * 900, "")) < 80
    assert file_name("", "..") == "opscope.html"
