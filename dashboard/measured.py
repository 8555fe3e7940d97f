"""What `opscope measure` has measured, as a table, JSON, CSV, and against bounds."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboard.run_channels import ChannelErrors
from dashboard.run_channels import to_csv as channels_csv
from dashboard.run_channels import to_json as channels_json
from graphs.errors import NodeDataError, quoted
from measures.node_data_json import node_data_object

N_WORST = 10


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """One measure's values by node.

    Attributes
    ----------
    id : str
        Its name in files and options, e.g. ``"sqnr_db"``.
    values : dict of str to float
        By node id.
    is_higher_worse : bool
    """

    id: str
    values: dict[str, float]
    is_higher_worse: bool = True

    def worst(self, n: int) -> list[tuple[str, float]]:
        """Return the `n` worst nodes, the worst first; equal ones in the model's order."""
        sign = -1.0 if self.is_higher_worse else 1.0
        return sorted(self.values.items(), key=lambda one: sign * one[1])[:n]


@dataclass(slots=True)
class Measured:
    """What was measured.

    Attributes
    ----------
    sets : list of MeasuredSet
    lines : list of str
        What the reader must know beside the numbers.
    failures : list of str
        Measures that could not be taken, with the reason.
    channels : ChannelErrors
        Of the weights, by the keys that the runtime uses.
    """

    sets: list[MeasuredSet] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    channels: ChannelErrors = field(default_factory=ChannelErrors)


def over(found: Measured, id: str, bound: float) -> list[str]:
    """Return a line for each node that is worse than a bound; none where it was not taken."""
    one = next((s for s in found.sets if s.id == id), None)
    if one is None:
        return []
    if one.is_higher_worse:
        return [f"{quoted(key)}: {id} {value:.6g} is above {bound:g}"
                for key, value in one.worst(len(one.values)) if value > bound]  # fmt: skip
    return [f"{quoted(key)}: {id} {value:.6g} is below {bound:g}"
            for key, value in one.worst(len(one.values)) if value < bound]  # fmt: skip


def write(path: Path, found: Measured) -> None:
    """Write every set to a file; its ending tells the format.

    Raises
    ------
    NodeDataError
        The file cannot be written.
    """
    _write(path, to_json(found) if path.suffix.lower() == ".json" else to_csv(found))


def write_channels(path: Path, found: Measured) -> None:
    """Write the errors of weights by channel to a file; its ending tells the format.

    Raises
    ------
    NodeDataError
        The file cannot be written.
    """
    is_json = path.suffix.lower() == ".json"
    _write(path, channels_json(found.channels) if is_json else channels_csv(found.channels))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NodeDataError(str(path), f"it cannot be written: {error.strerror}") from error


def to_json(found: Measured) -> str:
    """Return Model Explorer's node data; several measures as a list of its objects."""
    objects = [node_data_object(one.id, "", one.values) for one in found.sets]
    whole: Any = objects[0] if len(objects) == 1 else objects
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(found: Measured) -> str:
    """Return a column a measure and a row a node; an exact tensor's SQNR is ``inf``."""
    keys = dict.fromkeys(key for one in found.sets for key in one.values)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["node", *(one.id for one in found.sets)])
    for key in keys:
        cells = [one.values.get(key) for one in found.sets]
        rows.writerow([key, *("" if v is None else f"{v:.6g}" for v in cells)])
    return text.getvalue()


def to_text(found: Measured) -> str:
    """Return the worst nodes of the first measure of each kind, all measures beside each other."""
    lines = [quoted(line, 400) for line in found.lines]
    for head, ids in (("latency", _ids(found, "latency")), ("error", _ids(found, ""))):
        sets = [one for one in found.sets if one.id in ids]
        if sets:
            lines += ["", f"Worst nodes by {sets[0].id} ({head}):", *_table(sets)]
    return "\n".join(lines)


def _ids(found: Measured, start: str) -> set[str]:
    latency = {one.id for one in found.sets if one.id.startswith("latency")}
    shown = {"sqnr_db", "sqnr_db_local", "mse", "rmse_over_scale", "max_abs_error",
             "saturated_share", "weight_sqnr_db"}  # fmt: skip
    return latency if start else {one.id for one in found.sets if one.id in shown}


def _table(sets: Sequence[MeasuredSet]) -> list[str]:
    worst = [key for key, _ in sets[0].worst(N_WORST)]
    rows = [["node", *(one.id for one in sets)]]
    for key in worst:
        cells = (one.values.get(key, math.nan) for one in sets)
        rows.append([quoted(key, 48), *("" if math.isnan(v) else f"{v:.4g}" for v in cells)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:],
                                                                        strict=True))])
        for row in rows
    ]  # fmt: skip
