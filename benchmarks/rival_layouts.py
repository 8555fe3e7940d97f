"""Other layout engines, run on our boxes: dagre and ELK by Node, two more from PyPI.

Nesting is left out: they are given flat graphs. Engines that are not installed are left out
too, and the caller says so.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from graphs.layout import Boxes, Layout

HERE = Path(__file__).parent / "rivals"
TIME_LIMIT_S = 300.0
NODE_ENGINES = ("dagre", "elk")
PYTHON_ENGINES = {"fast-sugiyama": "fast_sugiyama", "igraph": "igraph"}

Placed = dict[str, Any]  # {"seconds", "x", "y", "paths"} or {"error"}


def ready_node() -> bool:
    """Install dagre and ELK beside this module if need be; tell whether Node can run them."""
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    if not (HERE / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True)
    return True


def ready_python() -> list[str]:
    """Return the engines from PyPI that are installed."""
    return [name for name, module in PYTHON_ENGINES.items() if importlib.util.find_spec(module)]


def by_node(engine: str, graphs: list[Boxes], repeats: int = 1) -> list[Placed]:
    """Return what dagre or ELK makes of flat graphs, all in one process.

    Parameters
    ----------
    engine : {"dagre", "elk"}
    graphs : list of Boxes
        Without groups.
    repeats : int
        The best time of so many runs is told.
    """
    rows = [
        {
            "nodes": np.stack([boxes.width, boxes.height], axis=1).tolist(),
            "edges": np.stack([boxes.source, boxes.target], axis=1).tolist(),
        }
        for boxes in graphs
    ]
    command = ["node", str(HERE / "layout.mjs"), engine, str(repeats)]
    try:
        done = subprocess.run(
            command,
            check=False,
            input=json.dumps(rows),
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return [{"error": f"over {TIME_LIMIT_S:.0f} s"}] * len(graphs)
    if done.returncode:
        return [{"error": done.stderr.strip()[-200:]}] * len(graphs)
    placed: list[Placed] = json.loads(done.stdout)
    return placed


def seconds_in_python(engine: str, boxes: Boxes, limit_s: float) -> float | None:
    """Return how long fast-sugiyama or igraph takes, or None where it takes longer than that.

    Sizes of nodes are not asked for. Runs in a process of its own, which can be ended.
    """
    edges = np.stack([boxes.source, boxes.target], axis=1).tolist()
    rows = json.dumps({"n": len(boxes.parent), "edges": edges})
    command = [sys.executable, str(HERE / "in_python.py"), engine]
    try:
        done = subprocess.run(
            command, check=True, input=rows, capture_output=True, text=True, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        return None
    return float(done.stdout)


def as_layout(placed: Placed, boxes: Boxes) -> Layout:
    """Return another engine's drawing in our form, its lines as straight curves."""
    ptr, points = [0], [np.zeros((0, 2))]
    for path in placed["paths"]:
        corners = np.array(path, dtype=np.float64).reshape(-1, 2)
        points.append(_curves(corners))
        ptr.append(ptr[-1] + len(points[-1]))
    x = np.array(placed["x"]) - 0.5 * boxes.width
    y = np.array(placed["y"]) - 0.5 * boxes.height
    return Layout(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        width=boxes.width,
        height=boxes.height,
        path_ptr=np.array(ptr, dtype=np.int32),
        path_points=np.concatenate(points).astype(np.float32),
        edge_is_back=np.zeros(len(boxes.source), dtype=bool),
        total_width=float((x + boxes.width).max(initial=0.0)),
        total_height=float((y + boxes.height).max(initial=0.0)),
    )


def _curves(corners: np.ndarray) -> np.ndarray:
    """Return a polyline as cubic Béziers: thirds of each straight piece as control points."""
    if len(corners) < 2:
        return np.zeros((0, 2))
    start, step = corners[:-1], np.diff(corners, axis=0) / 3
    chain = np.stack([start, start + step, start + 2 * step], axis=1).reshape(-1, 2)
    return np.concatenate([chain, corners[-1:]])
