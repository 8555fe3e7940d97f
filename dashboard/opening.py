"""Open models and node data for a session: server path, sample, upload, `?model=`.

The one place of the page that turns our errors into notices.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import importers
from dashboard.arguments import Arguments
from dashboard.notices import Notices
from dashboard.open_model import OpenModel
from dashboard.roots import list_files, reference_of, resolve
from dashboard.run_files import FileSource
from dashboard.run_kept import find, named_sets
from dashboard.run_request import is_runnable
from dashboard.runs import RunStore
from dashboard.session import Session
from dashboard.work import Progress, Work
from graphs.errors import NodeDataError, OpscopeError, ReadError
from graphs.inferred import Origin
from graphs.ir import Graph, Model
from graphs.node_data import NodeData
from importers.base import model_file
from importers.node_data import read_node_data, with_unique_names
from measures.cost import Sizes, cost_measures
from measures.memory import peak_memory
from measures.size import size_measures
from sample_models import Sample, samples

SAMPLE_PREFIX = "sample:"
MAX_NODE_DATA_BYTES = 256 << 20
MAX_CACHED_MODELS = 8

Then = Callable[[list[OpenModel]], None]

_models: OrderedDict[tuple[str, int, int], Model] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to open: exactly one of `path` and `content`."""

    name: str
    path: Path | None = None
    content: bytes | None = None
    reference: str = ""
    node_data: tuple[Path, ...] = field(default=())
    graph_id: str = ""
    origin: Origin | None = None  # of that graph's groups, where a link asks for one


class Opening:
    """Opens things for one session."""

    def __init__(
        self,
        session: Session,
        work: Work,
        notices: Notices,
        arguments: Arguments,
        store: RunStore | None = None,
    ) -> None:
        self.session = session
        self.work = work
        self.notices = notices
        self.arguments = arguments
        self.store = store or RunStore()

    def open_reference(
        self,
        text: str,
        *,
        graph_id: str = "",
        origin: Origin | None = None,
        failed: Callable[[], None] = lambda: None,
        then: Then | None = None,
    ) -> bool:
        """Open what `?model=` or the path field names; return whether it may be opened.

        `failed` is called where the file turns out to hold no model; `then` shows the model
        somewhere else than in the session's own pane.
        """
        try:
            request = replace(self._request(text.strip()), graph_id=graph_id, origin=origin)
        except OpscopeError as error:
            self.notices.add(error)
            return False
        self._open([request], failed, then)
        return True

    def open_upload(self, name: str, content: bytes, then: Then | None = None) -> None:
        """Open bytes that the reader sent; they stay in this session's memory."""
        kept = sum(one.n_uploaded_bytes for one in self.session.models)
        if len(content) + kept > self.arguments.max_upload_bytes:
            limit = self.arguments.max_upload_bytes >> 20
            reason = f"a session may hold {limit} MB of uploads. Close a model first"
            self.notices.add(ReadError(name, reason))
            return
        self._open([Request(name, content=content)], then=then)

    def open_at_start(self, then: Then | None = None) -> None:
        """Open what the command line names, else the default samples."""
        given = self.arguments.models
        if given:
            requests = [self._file(path) for path in given]
        else:
            first = samples()[0]
            names = [first.name, *([first.reference] if first.reference else [])]
            requests = [self._request(SAMPLE_PREFIX + name) for name in names]
        self._open(requests, then=then)

    def load_node_data(self, name: str, content: bytes, session: Session | None = None) -> None:
        """Add the node data of a file to the model that a session shows, the own by default."""
        session = session or self.session
        opened = session.opened
        if opened is None:
            self.notices.add("Open a model first, then its node data.", "warning")
            return
        if len(content) > MAX_NODE_DATA_BYTES:
            self.notices.add(NodeDataError(name, "it is too large"))
            return
        self.work.start(
            "node data",
            f"Reading {name} …",
            lambda _progress: read_node_data(content, name, opened.model),
            lambda sets: self._add_node_data(session, opened, sets),
        )

    def server_files(self) -> list[str]:
        """Return what the path field offers."""
        known = [ending for row in importers.formats() for ending in row.extensions]
        given = [reference_of(p, self.arguments.roots) for p in self.arguments.models]
        return list(dict.fromkeys([*given, *list_files(self.arguments.roots, known)]))

    def samples(self) -> list[Sample]:
        """Return the samples that ship with Opscope."""
        return samples()

    def _request(self, text: str) -> Request:
        if text.startswith(SAMPLE_PREFIX):
            wanted = text.removeprefix(SAMPLE_PREFIX)
            for sample in samples():
                if sample.name == wanted:
                    return Request(sample.title, sample.path, None, text, sample.node_data)
            raise ReadError(text, "there is no such sample")
        return self._file(resolve(text, self.arguments.roots, self.arguments.models))

    def _file(self, path: Path) -> Request:
        """Return the request of a file; the first of the command line has node data."""
        first = self.arguments.models[:1]
        is_first = bool(first) and path.resolve() == first[0].resolve()
        data = self.arguments.node_data if is_first else ()
        reference = reference_of(path, self.arguments.roots)
        return Request(path.name, path=path, reference=reference, node_data=data)

    def _open(
        self,
        requests: Sequence[Request],
        failed: Callable[[], None] = lambda: None,
        then: Then | None = None,
    ) -> None:
        def show(models: list[OpenModel]) -> None:
            self.session.show_model(models[0], requests[0].graph_id)

        names = ", ".join(request.name for request in requests)
        self.work.start(
            "open",
            f"Opening {names} …",
            lambda progress: [_opened(request, progress, self.store) for request in requests],
            lambda results: self._show(results, then or show, failed),
            failed,
        )

    def _show(self, results: Sequence[Opened], then: Then, failed: Callable[[], None]) -> None:
        for result in results:
            for error in result.errors:
                self.notices.add(error)
            for problem in result.problems:
                self.notices.add(problem, "warning")
            self._report(result.sets)
        models = [result.model for result in results if result.model is not None]
        if not models:
            failed()
            return
        self.session.models = [*self.session.models, *models]
        then(models)

    def _add_node_data(self, session: Session, opened: OpenModel, sets: list[NodeData]) -> None:
        known = [one for sets_of_graph in opened.node_data.values() for one in sets_of_graph]
        sources = {one.source for one in sets}  # a file that is loaded again replaces itself
        sets = with_unique_names(sets, [one for one in known if one.source not in sources])
        session.add_node_data(sets, opened)
        n = sum(int(np.count_nonzero(~np.isnan(one.values))) for one in sets)
        named = ", ".join(dict.fromkeys(one.label for one in sets))
        self.notices.add(f"Read {named}: {n:,} values matched.", "success")
        self._report(sets)

    def _report(self, sets: Sequence[NodeData]) -> None:
        """Say which rows of node data no node bears, and what else was lost or guessed."""
        for one in sets:
            if one.unmatched:
                shown = ", ".join(one.unmatched[:5]) + (" …" if len(one.unmatched) > 5 else "")
                n_rows = f"{len(one.unmatched):,} rows of {one.source}"
                self.notices.add(f"{one.label}: {n_rows} match no node: {shown}", "warning")
            for note in one.notes:
                if note.kind != "info":
                    self.notices.add(f"{one.label} of {one.source}: {note}", "warning")


def read_cached(path: Path) -> Model:
    """Read a model from disk; an unchanged file is read once for all sessions."""
    try:
        stat = (model_file(path) or path).stat()  # a folder changes with the file it is read from
    except OSError:
        return importers.read(path)
    key = (str(path), stat.st_mtime_ns, stat.st_size)
    with _lock:
        if key in _models:
            _models.move_to_end(key)
            return _models[key]
    model = importers.read(path)
    with _lock:
        _models[key] = model
        while len(_models) > MAX_CACHED_MODELS:
            _models.popitem(last=False)
    return model


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What became of a request; `model` is None where the file holds none."""

    model: OpenModel | None
    sets: list[NodeData]
    errors: list[OpscopeError]
    problems: list[str] = field(default_factory=list)


def _computed(graph: Graph) -> list[NodeData]:
    """Return what is read off the graph without running it, one sample at a time."""
    one = Sizes(batch=1)
    return [*size_measures(graph), *cost_measures(graph, one), *peak_memory(graph, one)]


def _file(request: Request, model: Model) -> FileSource | None:
    """Return where the bytes of a model are, should it be measured; else an upload is let go."""
    if request.content is None:
        return FileSource(request.name, request.path)
    sent = ((request.name, request.content),)
    return FileSource(request.name, None, sent) if is_runnable(model.format) else None


def _opened(request: Request, progress: Progress, store: RunStore) -> Opened:
    """Read a model with its node data; a bad node data file does not keep the model shut."""
    if progress.cancelled():
        return Opened(None, [], [])
    try:
        if request.path is not None:
            model = read_cached(request.path)
        else:
            model = importers.read(request.content or b"", name=request.name)
    except OpscopeError as error:
        return Opened(None, [], [error])
    sets: list[NodeData] = []
    errors: list[OpscopeError] = []
    for file in request.node_data:
        try:
            sets.extend(read_node_data(file, file.name, model))
        except OpscopeError as error:
            errors.append(error)
    sets.extend(one for graph in model.graphs for one in _computed(graph))
    file = _file(request, model)
    n_bytes = len(request.content or b"")
    opened = OpenModel(model, request.reference, n_uploaded_bytes=n_bytes, file=file)
    for graph in model.graphs:  # here, off the event loop
        if request.origin is not None and graph.id == (request.graph_id or model.graphs[0].id):
            opened.choose(graph.id, request.origin)
        opened.grouped(graph.id)
    for one in with_unique_names(sets):
        opened.node_data.setdefault(one.graph_id, []).append(one)
    return Opened(opened, sets, errors, _with_runs(opened, store))


def _with_runs(opened: OpenModel, store: RunStore) -> list[str]:
    """Add the kept runs of a model, the newest to its main graph; return what cannot be read."""
    if opened.file is None or not is_runnable(opened.model.format):
        return []
    opened.kept, problems = find(store, opened.file)
    chosen, graph = opened.kept.chosen, opened.model.graphs[0]
    if chosen:
        held = opened.node_data.get(graph.id, [])
        new = named_sets(graph, opened.kept.loaded[chosen], (), {one.name for one in held})
        opened.kept.shown[chosen] = new
        both = [*held, *new.values()]
        opened.node_data[graph.id] = sorted(both, key=lambda one: one.source == "computed")
    return problems
