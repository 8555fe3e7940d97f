"""Files whose every text is markup, to prove that a page shows it as text."""

from __future__ import annotations

import json
from pathlib import Path

EVIL = "<img src=x onerror=window.evil=1>![p](http://outside.example/p.png)"


def write_markup_model(folder: Path) -> tuple[Path, Path]:
    """Write a Model Explorer graph and a CSV of node data for it; return both paths."""
    nodes = [
        {
            "id": f"{EVIL}{i}",
            "label": EVIL,
            "namespace": EVIL,
            "attrs": [{"key": EVIL, "value": EVIL}],
            "outputsMetadata": [{"id": "0", "attrs": [{"key": "tensor_name", "value": EVIL}]}],
            "incomingEdges": [_edge_from(f"{EVIL}{i - 1}")] if i else [],
        }
        for i in range(4)
    ]
    model, data = folder / "evil.json", folder / "evil.csv"
    model.write_text(json.dumps({"label": EVIL, "graphs": [{"id": EVIL, "nodes": nodes}]}))
    data.write_text(f'node,"{EVIL} (ms)"\n"{EVIL}1",3\n"{EVIL}",4\n"nobody {EVIL}",1\n')
    return model, data


def _edge_from(source: str) -> dict[str, str]:
    return {"sourceNodeId": source, "sourceNodeOutputId": "0", "targetNodeInputId": "0"}
