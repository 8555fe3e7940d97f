"""Model Explorer's node data JSON, read and written.

The format is described at
https://github.com/google-ai-edge/model-explorer/wiki/4.-API-Guide#create-custom-node-data.
A file holds one object for one graph (it has ``results``), or an object for each graph id.
A list of such objects is read too: it is how several measures fit in one file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from graphs.errors import NodeDataError, ReadError
from graphs.ir import Model
from graphs.node_data import ColorRule, NodeData
from importers.base import Probe
from importers.css_colors import hex_of, rgba_of
from importers.json_bytes import GZIP, parse_json
from importers.node_data_rows import MAX_COLUMNS, Cell, RawSet
from importers.notes import Notes

BAD_COLOR = "A colour was not understood and left out"


MAX_JSON_BYTES = 256 << 20  # in memory it takes several times as much


def load_json(content: bytes, name: str) -> object:
    """Return the value of a JSON text, gzipped or not.

    Raises
    ------
    NodeDataError
        It is not JSON, nested too deeply, or larger than `MAX_JSON_BYTES`.
    """
    if content[:2] == GZIP:
        try:
            return parse_json(Probe(name, content=content), "JSON")
        except ReadError as error:
            raise NodeDataError(name, error.reason) from error
    if len(content) > MAX_JSON_BYTES:
        reason = f"it has {len(content):,} bytes; the limit for JSON is {MAX_JSON_BYTES:,}"
        raise NodeDataError(name, reason)
    try:
        found: object = json.loads(content)
        return found
    except RecursionError:
        raise NodeDataError(name, "its JSON is nested too deeply") from None
    except ValueError as error:
        raise NodeDataError(name, f"it is not valid JSON: {error}") from error


def json_sets(top: object, name: str) -> list[RawSet]:
    """Return the sets of a node data file.

    Raises
    ------
    NodeDataError
        It holds no ``results``.
    """
    objects = top if isinstance(top, list) else [top]
    sets = [found for one in objects[:MAX_COLUMNS] for found in _sets(one)]
    if not sets:
        is_graph = any(isinstance(o, dict) and ("graphs" in o or "nodes" in o) for o in objects)
        hint = "it holds graphs: open it as a model" if is_graph else 'there is no "results" in it'
        raise NodeDataError(name, hint)
    return sets


def _sets(top: object) -> list[RawSet]:
    if not isinstance(top, dict):
        return []
    results = top.get("results")
    if isinstance(results, dict) and "results" not in results:
        return [_set(top, None)]
    return [
        _set(one, graph)
        for graph, one in list(top.items())[:MAX_COLUMNS]
        if isinstance(one, dict) and isinstance(one.get("results"), dict)
    ]


def _set(one: dict[str, Any], graph: str | None) -> RawSet:
    label = one.get("name")
    raw = RawSet(label if isinstance(label, str) else "", {}, graph)
    for key, result in one["results"].items():
        value = result.get("value") if isinstance(result, dict) else result
        raw.cells[key] = _cell(value)
        if isinstance(result, dict) and result.get("bgColor") not in (None, ""):
            color = rgba_of(result["bgColor"])
            if color is None:
                raw.notes.add("lost", BAD_COLOR, str(result["bgColor"]))
            else:
                raw.colors[key] = color
    raw.thresholds = _rules(one.get("thresholds"), "value", raw.notes, -math.inf, math.inf)
    stops = _rules(one.get("gradient"), "stop", raw.notes, 0.0, 1.0)
    raw.gradient = tuple(sorted(stops, key=lambda stop: stop.at))
    return raw


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    return json.dumps(value)[:200]  # a list or an object: shown as a label


def _rules(
    entries: object, key: str, notes: Notes, least: float, greatest: float
) -> tuple[ColorRule, ...]:
    """Return thresholds or gradient stops; one that cannot be used is noted.

    A threshold without a colour stays: it leaves what is below it uncoloured.
    """
    rules: list[ColorRule] = []
    for entry in entries[:MAX_COLUMNS] if isinstance(entries, list) else []:
        at = _cell(entry.get(key)) if isinstance(entry, dict) else None
        if not isinstance(at, float) or not math.isfinite(at) or not least <= at <= greatest:
            notes.add("lost", f"A color rule without a usable {key} was left out", str(entry)[:80])
            continue
        text = entry.get("bgColor")
        color = (0, 0, 0, 0) if text in (None, "") and key == "value" else rgba_of(text)
        if color is None:
            notes.add("lost", BAD_COLOR, str(text)[:80])
        else:
            rules.append(ColorRule(at, color))
    return tuple(rules)


def write_node_data_json(model: Model, sets: Sequence[NodeData]) -> bytes:
    """Write node data as Model Explorer reads it: an object for each graph id.

    Parameters
    ----------
    model : Model
    sets : sequence of NodeData
        At most one for each graph: the format has no place for more.

    Raises
    ------
    NodeDataError
        Two sets belong to one graph.
    """
    file: dict[str, Any] = {}
    for data in sets:
        if data.graph_id in file:
            reason = f"graph {data.graph_id} has several sets; write one file for each"
            raise NodeDataError("Model Explorer JSON", reason)
        file[data.graph_id] = _object(model, data)
    return json.dumps(file, ensure_ascii=False, allow_nan=False, indent=1).encode()


def _object(model: Model, data: NodeData) -> dict[str, Any]:
    graph = model.graph(data.graph_id)
    results: dict[str, dict[str, Any]] = {}
    for node, value in enumerate(data.values.tolist()):
        if not math.isfinite(value):
            continue
        shown = data.categories[int(value)] if data.is_categorical else value
        results[graph.node_ids[node]] = {"value": shown}
        if node in data.node_rgba:
            results[graph.node_ids[node]]["bgColor"] = hex_of(data.node_rgba[node])
    rules = {"thresholds": ("value", data.thresholds), "gradient": ("stop", data.gradient)}
    colors = {
        name: [{key: rule.at, "bgColor": hex_of(rule.rgba)} for rule in given]
        for name, (key, given) in rules.items()
        if given
    }
    return {"name": data.label, "results": results, **colors}
