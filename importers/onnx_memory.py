"""Read an `onnx.ModelProto` that is in memory, as importers.onnx reads the file it would be.

The message is copied through its bytes, so that what its owner changes later
changes no open graph. External data is not found: there is no folder to look in.
"""

from __future__ import annotations

from typing import Any, cast

from graphs.errors import ReadError
from graphs.ir import Model
from importers import onnx
from importers.base import Probe
from importers.notes import Notes


def look_object(obj: object) -> bool:
    """Return whether the object is a model of the onnx package."""
    kind = type(obj)
    return kind.__name__ == "ModelProto" and kind.__module__.partition(".")[0] == "onnx"


def read_object(obj: object, notes: Notes) -> Model:
    """Return the model.

    Raises
    ------
    ReadError
        It is larger than a protobuf message can be, or `importers.onnx` refuses it.
    """
    from google.protobuf.message import EncodeError  # type: ignore[import-untyped]

    proto = cast(Any, obj)
    try:
        content: bytes = proto.SerializePartialToString()
    except (EncodeError, ValueError, MemoryError) as error:
        reason = "it is over 2 GiB; save it with its weights as external data, and open the file"
        raise ReadError("ModelProto", reason, format=onnx.FORMAT) from error
    return onnx.read(Probe(proto.graph.name or "ModelProto", content=content), notes)
