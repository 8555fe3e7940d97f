"""What every importer promises, as one check over a case: content, name, and what it must give.

A format's tests build tiny files and hand them to `check_contract`; files of a corpus
go through `check_promises` with the counts that its manifest states.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from graphs.check import problems
from graphs.errors import ReadError
from graphs.ir import Model
from graphs.text import canonical_text
from importers import read

MAX_SECONDS = 5.0
MAX_RESIDENT_MB = 500.0
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Case:
    """One file and what opening it must give; None leaves a count unchecked.

    Attributes
    ----------
    name : str
        File name with its usual extension.
    content : bytes
    format : str
    n_graphs, n_operators : int or None
        Of the whole model.
    n_nodes, n_edges : int or None
        Of the first graph.
    n_parameters : int or None
    text : str
        Canonical text, as `graphs.text` writes it; empty where it is not pinned.
    cut_may_open : bool
        A format of independent fields can be cut between two of them and still be whole.
    """

    name: str
    content: bytes
    format: str
    n_graphs: int | None = None
    n_operators: int | None = None
    n_nodes: int | None = None
    n_edges: int | None = None
    n_parameters: int | None = None
    text: str = ""
    cut_may_open: bool = False


def check_contract(case: Case) -> Model:
    """Assert all promises for a small file; return its model."""
    model = read(case.content, name=case.name)
    check_promises(case, model)
    assert canonical_text(read(case.content, name="unknown")) == canonical_text(model)
    check_truncations(case)
    return model


def check_promises(case: Case, model: Model) -> None:
    """Assert counts, invariants, snapshot and that our JSON gives the same model back."""
    assert model.format == case.format
    for graph in model.graphs:
        assert problems(graph, model) == []
    first = model.graphs[0]
    stated = (
        (case.n_graphs, len(model.graphs)),
        (case.n_operators, sum(graph.n_operators for graph in model.graphs)),
        (case.n_nodes, first.n_nodes),
        (case.n_edges, first.n_edges),
        (case.n_parameters, model.n_parameters),
    )
    for wanted, got in stated:
        assert wanted is None or wanted == got
    text = canonical_text(model)
    assert not case.text or text == case.text
    check_round_trip(model, text)
    check_sources(model)


def check_round_trip(model: Model, text: str) -> None:
    """Assert that what the columns hold survives both formats that we write."""
    from importers.model_explorer_write import write_model_explorer
    from importers.opscope_json_write import opscope_json

    again = read(write_model_explorer(model), name="model.json")
    assert _graph_lines(canonical_text(again)) == _graph_lines(text)
    assert [g.n_operators for g in again.graphs] == [g.n_operators for g in model.graphs]
    assert canonical_text(read(opscope_json(model))) == text


def check_sources(model: Model) -> None:
    """Assert that everything that is decoded on demand is text of bounded length, or our error."""
    for graph in model.graphs:
        for node in range(graph.n_nodes):
            check_facts(graph.source.attributes(node))
            with suppress(ReadError):
                graph.source.tensor(node)
        for value in range(len(graph.value_node)):
            check_facts(graph.source.value_facts(value))
        for namespace in range(len(graph.namespaces)):
            check_facts(graph.source.group_attributes(namespace))


def check_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Assert that facts are pairs of text, values cut at 4,096 characters."""
    for name, value in facts:
        assert isinstance(name, str)
        assert isinstance(value, str)
        assert len(value) <= 4096


def check_truncations(case: Case, lengths: Iterable[int] | None = None) -> None:
    """Assert that every cut of the file raises a `ReadError`, or opens where the format allows."""
    for length in range(len(case.content)) if lengths is None else lengths:
        try:
            model = read(case.content[:length], name=case.name)
        except ReadError:
            continue
        assert case.cut_may_open, f"cut to {length} bytes it opened"
        assert [p for graph in model.graphs for p in problems(graph, model)] == []


def check_mutations(case: Case, contents: Iterable[bytes]) -> None:
    """Assert that broken files raise our errors only, or open as graphs without problems."""
    for content in contents:
        try:
            model = read(content, name=case.name)
        except ReadError:
            continue
        assert [p for graph in model.graphs for p in problems(graph, model)] == []
        check_sources(model)


@dataclass(frozen=True)
class Outcome:
    """What opening one file in a process of its own led to.

    Attributes
    ----------
    file : str
    error : str
        Name of the error's class; empty where the file opened.
    message : str
    notes : list of str
    seconds : float
        For opening alone.
    resident_mb : float
        The process's highest so far, interpreter and packages included.
    """

    file: str
    error: str
    message: str
    notes: list[str]
    seconds: float
    resident_mb: float


def outcomes(paths: Sequence[Path]) -> dict[str, Outcome]:
    """Open files in a process of their own, and return by file name what came of it."""
    command = [sys.executable, "-W", "error", "-m", "tests.helpers.read_in_process"]
    done = subprocess.run(
        [*command, *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60 + MAX_SECONDS * len(paths),
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]
    return {row.file: row for row in rows}


def check_limits(outcome: Outcome) -> None:
    """Assert that a file was dealt with in time, in memory, and with no error but ours."""
    assert outcome.seconds < MAX_SECONDS
    assert outcome.resident_mb < MAX_RESIDENT_MB
    assert outcome.error in ("", "ReadError", *(e.__name__ for e in ReadError.__subclasses__()))


def _graph_lines(text: str) -> str:
    """Return the part of a canonical text that tells of graphs."""
    return text[text.index("\ngraph ") :]
