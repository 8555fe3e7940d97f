"""Write measured values as Model Explorer's node data JSON, one measure a file.

Format: https://github.com/google-ai-edge/model-explorer/wiki (custom node data).
Imports the standard library only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def node_data_json(name: str, unit: str, values: Mapping[str, float]) -> str:
    """Return the JSON text of one measure over one graph.

    Parameters
    ----------
    name, unit : str
        Become the set's name, e.g. ``"latency (ms)"``.
    values : mapping of str to float
        By node id or output tensor name. JSON has no infinity: the value of an exact
        tensor's signal-to-noise ratio, and NaN, are left out.
    """
    return json.dumps(node_data_object(name, unit, values), indent=1, ensure_ascii=False) + "\n"


def node_data_object(name: str, unit: str, values: Mapping[str, float]) -> dict[str, Any]:
    """Return the object that `node_data_json` writes."""
    results = {
        key: {"value": float(f"{value:.6g}")}
        for key, value in values.items()
        if math.isfinite(value)
    }
    return {"name": f"{name} ({unit})" if unit else name, "results": results}
