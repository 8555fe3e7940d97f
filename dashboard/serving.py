"""`opscope serve`: start `panel serve` on this package with sensible flags."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from dashboard.arguments import from_namespace

APP = Path(__file__).resolve().parent


def serve(values: argparse.Namespace) -> int:
    """Replace this process by the server; returns only where that fails."""
    command = [sys.executable, "-m", "panel", "serve", str(APP), *_flags(values)]
    os.execv(sys.executable, command)


def _flags(values: argparse.Namespace) -> list[str]:
    arguments = from_namespace(values)
    flags = ["--port", str(values.port), "--address", values.address]
    flags += [f"--allow-websocket-origin={origin}" for origin in values.allow_websocket_origin]
    if not values.no_show:
        flags.append("--show")
    flags += ["--args", *map(str, arguments.models)]
    for root in arguments.roots:
        flags += ["--root", str(root)]
    flags += ["--max-upload-mb", str(arguments.max_upload_bytes >> 20)]
    caps = arguments.caps
    flags += ["--max-measure-s", str(caps.seconds), "--max-repeats", str(caps.repeats)]
    flags += ["--max-measure-mb", str(caps.memory_bytes >> 20)]
    if arguments.is_comparing:
        flags.append("--compare")
    if arguments.node_data:
        flags += ["--node-data", *map(str, arguments.node_data)]
    return flags
