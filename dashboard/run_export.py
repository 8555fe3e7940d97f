"""A run as a file: Model Explorer's node data JSON, CSV or Parquet.

All three load again as node data (`docs/node_data.md`). Which nodes were paired, and the errors of
weights by channel, are files of their own. Imports no widgets.
"""

from __future__ import annotations

import io
import json
import re

from dashboard.measured import Measured, MeasuredSet, to_csv, to_json
from dashboard.run_channels import to_csv as channels_csv
from dashboard.run_channels import to_json as channels_json
from dashboard.run_record import Run
from dashboard.run_values import write_values

ENDINGS = {
    "json": ".json", "csv": ".csv", "parquet": ".parquet", "pairs": ".pairs.json",
    "channels": ".channels.csv", "channels_json": ".channels.json",
}  # fmt: skip
_UNSAFE = re.compile(r"[^\w.-]+")


def exported(run: Run, ending: str) -> bytes:
    """Return a run as the file of an ending, a key of `ENDINGS`.

    Pairs and channels are no node data.
    """
    if ending == "pairs":
        return pairs_mapping(run)
    if ending.startswith("channels"):
        write = channels_json if ending == "channels_json" else channels_csv
        return write(run.channels).encode()
    if ending == "parquet":
        target = io.BytesIO()
        write_values(target, run)
        return target.getvalue()
    sets = [MeasuredSet(i.id, run.values(i.id), i.is_higher_worse) for i in run.record.sets]
    found = Measured(sets=sets)
    return (to_json(found) if ending == "json" else to_csv(found)).encode()


def pairs_mapping(run: Run) -> bytes:
    """Return which nodes were paired, as a mapping that can be corrected and given back.

    Model Explorer's format: float node -> quantized node.
    """
    error = run.record.error
    pairs = error.pairs if error is not None else ()
    mapping = {pair.reference_node: pair.node for pair in pairs}
    held = {"type": "sync_navigation", "mapping": mapping, "disableMappingFallback": False}
    return json.dumps(held, indent=1, ensure_ascii=False).encode()


def has(run: Run, ending: str) -> bool:
    """Return whether a run holds anything for the file of an ending."""
    if ending == "pairs":
        return bool(run.record.error and run.record.error.pairs)
    return len(run.channels) > 0 if ending.startswith("channels") else True


def file_name(run: Run, ending: str) -> str:
    """Return a name for the file: model and title, safe on every system."""
    stem = f"{run.record.model_name.rpartition('.')[0] or run.record.model_name}-{run.record.title}"
    return (_UNSAFE.sub("_", stem).strip("._")[:80] or "run") + ENDINGS[ending]
