"""A run as a file: Model Explorer's node data JSON, CSV or Parquet.

All three load again as node data (`docs/node_data.md`). Imports no widgets.
"""

from __future__ import annotations

import io
import re

from dashboard.measured import Measured, MeasuredSet, to_csv, to_json
from dashboard.run_record import Run
from dashboard.runs import write_values

ENDINGS = {"json": ".json", "csv": ".csv", "parquet": ".parquet"}
_UNSAFE = re.compile(r"[^\w.-]+")


def exported(run: Run, ending: str) -> bytes:
    """Return a run as the file of an ending, a key of `ENDINGS`."""
    if ending == "parquet":
        target = io.BytesIO()
        write_values(target, run)
        return target.getvalue()
    sets = [MeasuredSet(i.id, run.values(i.id), i.is_higher_worse) for i in run.record.sets]
    found = Measured(sets=sets)
    return (to_json(found) if ending == "json" else to_csv(found)).encode()


def file_name(run: Run, ending: str) -> str:
    """Return a name for the file: model and title, safe on every system."""
    stem = f"{run.record.model_name.rpartition('.')[0] or run.record.model_name}-{run.record.title}"
    return (_UNSAFE.sub("_", stem).strip("._")[:80] or "run") + ENDINGS[ending]
