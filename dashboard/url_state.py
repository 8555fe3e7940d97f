"""The view as a URL, so that a link restores it: model, graph, groups, selection, filter, camera.

Rows and namespaces are written as ranges (``3-40.42``): they are positions in
the file, so the same file gives the same view. All of it is untrusted when read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from dashboard.session import Rows, Session, Threshold
from graphs.inferred import Origin

MAX_RANGES_CHARS = 3000  # browsers and proxies cut URLs of more than about 8,000
MAX_INDEX = 1_000_000
MAX_WORLD = 1e8  # a drawing of the largest model is smaller

_ORIGINS: dict[str, Origin] = {"file": "file", "names": "names", "structure": "structure"}
_RANGE = re.compile(r"(\d{1,8})(?:-(\d{1,8}))?")


@dataclass(frozen=True, slots=True)
class UrlState:
    """What a link restores; empty fields are left out of the URL.

    Attributes
    ----------
    model, graph : str
        Reference of the model, id of the graph.
    origin : str
        Where the groups come from; empty where the link does not say.
    groups, selected : tuple of int or None
        Open namespaces and selected nodes; None where the link does not say.
    measure, aggregation : str
    threshold : Threshold or None
    camera : tuple of (x, y, zoom) or None
    flat, show_constants, is_log : bool
    direction : str
    """

    model: str = ""
    graph: str = ""
    origin: Origin | None = None
    groups: tuple[int, ...] | None = None
    selected: tuple[int, ...] | None = None
    measure: str = ""
    aggregation: str = ""
    threshold: Threshold | None = None
    camera: tuple[float, float, float] | None = None
    flat: bool = False
    show_constants: bool = False
    is_log: bool = False
    direction: str = "down"


def of_session(session: Session, camera: tuple[float, float, float] | None) -> UrlState:
    """Return the state of a session."""
    opened, graph = session.opened, session.graph
    if opened is None or graph is None:
        return UrlState()
    return UrlState(
        model=opened.reference,
        graph="" if graph.id == opened.model.graphs[0].id else graph.id,
        origin=session.origin,
        groups=tuple(sorted(session.expanded)),
        selected=tuple(session.selection.tolist()),
        measure=session.measure,
        aggregation=session.aggregation,
        threshold=session.threshold,
        camera=camera,
        flat=session.flat,
        show_constants=session.show_constants,
        is_log=session.is_log,
        direction=session.direction,
    )


def to_query(state: UrlState) -> dict[str, str]:
    """Return the query parameters of a state; ranges that are too long are left out."""
    query = {
        "model": state.model,
        "graph": state.graph,
        "from": state.origin or "",
        "groups": to_ranges(state.groups or ()) or "0",
        "selected": to_ranges(state.selected or ()),
        "measure": state.measure,
        "aggregation": state.aggregation,
        "view": ",".join(f"{v:g}" for v in state.camera) if state.camera else "",
        "flat": "1" if state.flat else "",
        "constants": "1" if state.show_constants else "",
        "log": "1" if state.is_log else "",
        "direction": "" if state.direction == "down" else state.direction,
    }
    if state.threshold is not None:
        side = "above" if state.threshold.is_above else "below"
        query["filter"] = f"{side}:{state.threshold.bound!r}:{state.threshold.measure}"
    return {name: text for name, text in query.items() if text and len(text) <= MAX_RANGES_CHARS}


def from_query(query: Mapping[str, str]) -> UrlState:
    """Return the state that query parameters describe; what makes no sense is left out."""
    groups, selected = query.get("groups"), query.get("selected")
    return UrlState(
        model=query.get("model", ""),
        graph=query.get("graph", ""),
        origin=_ORIGINS.get(query.get("from", "")),
        groups=None if groups is None else from_ranges(groups),
        selected=None if selected is None else from_ranges(selected),
        measure=query.get("measure", ""),
        aggregation=query.get("aggregation", ""),
        threshold=_threshold(query.get("filter", "")),
        camera=_camera(query.get("view", "")),
        flat=query.get("flat") == "1",
        show_constants=query.get("constants") == "1",
        is_log=query.get("log") == "1",
        direction="right" if query.get("direction") == "right" else "down",
    )


def apply(state: UrlState, session: Session) -> None:
    """Bring a session whose model is open to a state; what the graph lacks is left out."""
    if state.origin is not None:
        session.set_origin(state.origin)
    graph = session.graph
    assert graph is not None
    updates: dict[str, object] = {
        "flat": state.flat,
        "show_constants": state.show_constants,
        "is_log": state.is_log,
        "direction": state.direction,
        "aggregation": state.aggregation,
        "anchor": -1,
    }
    if state.groups is not None:
        known = range(1, len(graph.namespaces))
        updates["expanded"] = frozenset(i for i in state.groups if i in known)
    if session.set_of(state.measure) is not None:
        updates["measure"] = state.measure
    session.param.update(**updates)
    data = session.set_of(state.threshold.measure) if state.threshold else None
    if state.threshold is not None and data is not None:
        # Which side is filtered follows from the measure, as on the page.
        session.set_threshold(Threshold(data.name, state.threshold.bound, data.is_higher_worse))
    if state.selected is not None:
        session.select(state.selected)


def to_ranges(indices: Iterable[int]) -> str:
    """Return ascending indices as ``3-40.42``."""
    rows: Rows = np.unique(np.fromiter(indices, dtype=np.int32))
    if not len(rows):
        return ""
    cut = np.flatnonzero(np.diff(rows) > 1) + 1
    runs = np.split(rows, cut)
    return ".".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)


def from_ranges(text: str) -> tuple[int, ...]:
    """Return the indices of ``3-40.42``; parts that are no range are left out."""
    found: list[int] = []
    for part in text[:MAX_RANGES_CHARS].split("."):
        match = _RANGE.fullmatch(part)
        if match is None:
            continue
        first = int(match[1])
        last = min(int(match[2] or first), MAX_INDEX)
        if len(found) + last - first > MAX_INDEX:
            break
        found.extend(range(first, last + 1))
    return tuple(found)


def _threshold(text: str) -> Threshold | None:
    side, _, rest = text.partition(":")
    bound, _, measure = rest.partition(":")
    if side not in ("above", "below") or not measure:
        return None
    number = _number(bound)
    return None if number is None else Threshold(measure, number, side == "above")


def _camera(text: str) -> tuple[float, float, float] | None:
    numbers = [_number(part) for part in text.split(",")]
    if len(numbers) != 3 or not all(n is not None and abs(n) < MAX_WORLD for n in numbers):
        return None
    x, y, zoom = numbers
    return (x, y, zoom) if zoom and zoom > 0 else None  # type: ignore[return-value]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
