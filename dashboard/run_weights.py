"""The weights that an ONNX file keeps in files beside it: part of what a run was taken of.

Files are looked for in the model's own folder only, as `importers.onnx_tensors` does.
Imports no widgets; onnx inside a function.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from importers.onnx_slim import SLIM_ABOVE_BYTES, slim_model
from importers.onnx_tensors import OWN_FILE, external_of, locate
from importers.onnx_wire import looks_like_model
from measures.conditions import sha256

_HEAD_BYTES = 4096
_MISSING = "missing"


def content_sha256(path: Path) -> str:
    """Return the SHA-256 of a model: of the file alone, or with that of each file beside it.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    own = sha256(path)
    places = external_locations(path) if path.is_file() else ()
    if not places:
        return own
    whole = hashlib.sha256(own.encode())
    for place in places:
        whole.update(f"\n{place}\n{_sha256_of(path, place)}".encode())
    return whole.hexdigest()


def _sha256_of(model: Path, place: str) -> str:
    try:
        return sha256(locate(model, place))
    except ValueError:  # the runtime will say what is wrong with it
        return _MISSING


def external_locations(path: Path) -> list[str]:
    """Return the places that a model names for its weights, sorted; none where it is no ONNX."""
    with path.open("rb") as file:
        if not looks_like_model(file.read(_HEAD_BYTES)):
            return []
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from onnx import ModelProto

    is_large = path.stat().st_size > SLIM_ABOVE_BYTES
    content = slim_model(path) if is_large else path.read_bytes()
    try:
        proto = ModelProto.FromString(content or b"")
    except DecodeError:  # it is no model then, and is never run
        return []
    return sorted({place for tensor in _tensors(proto) if (place := _place(tensor))})


def _place(tensor: Any) -> str:
    try:
        place = external_of(tensor).location if tensor.external_data else ""
    except ValueError:
        return ""
    return "" if place == OWN_FILE else place


def _tensors(proto: Any) -> Iterator[Any]:
    """Yield every tensor that is stored: initializers and attributes, bodies included."""
    graphs, nodes = [proto.graph], [node for one in proto.functions for node in one.node]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            nodes.extend(graph.node)
            continue
        for attribute in nodes.pop().attribute:
            yield from (attribute.t, *attribute.tensors)
            graphs.extend((*attribute.graphs, *([attribute.g] if attribute.HasField("g") else ())))
