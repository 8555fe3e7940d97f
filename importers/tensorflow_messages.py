"""TensorFlow's protobuf messages without TensorFlow: TensorBoard's package carries most of them.

What it lacks, SavedModel and the entries of a checkpoint's index, is declared
here by field number, as in
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
and tensor_bundle.proto beside it. TensorBoard and protobuf are imported inside
functions only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphs.errors import DamagedSource, ReadError, UnsupportedFeature
from importers.base import Probe
from importers.tensorflow_pbtxt import to_wire

MAX_MESSAGE_BYTES = (2 << 30) - 1  # protobuf's own limit
MAX_TEXT_BYTES = 512 << 20
_PACKAGE = "opscope.tensorflow"
_VARINT32, _INT64, _FIXED32, _MESSAGE = 5, 3, 7, 11  # FieldDescriptorProto.Type
_OPTIONAL, _REPEATED = 1, 3


@dataclass(frozen=True, slots=True)
class Messages:
    """Classes of the messages that are read.

    Attributes
    ----------
    graph_def, saved_model, bundle_header, bundle_entry, object_graph, debug_info : Any
        Generated classes; Any since protobuf has no types.
    """

    graph_def: Any
    saved_model: Any
    bundle_header: Any
    bundle_entry: Any
    object_graph: Any
    debug_info: Any


# What TensorBoard lacks: message -> (field, its number, type, label, message of the field).
_DECLARED: dict[str, tuple[tuple[str, int, int, int, str], ...]] = {
    "SavedModel": (
        ("saved_model_schema_version", 1, _INT64, _OPTIONAL, ""),
        ("meta_graphs", 2, _MESSAGE, _REPEATED, "MetaGraphDef"),
    ),
    "BundleHeaderProto": (
        ("num_shards", 1, _VARINT32, _OPTIONAL, ""),
        ("endianness", 2, _VARINT32, _OPTIONAL, ""),
    ),
    "TensorSliceProto": (),
    "BundleEntryProto": (
        ("dtype", 1, _VARINT32, _OPTIONAL, ""),
        ("shape", 2, _MESSAGE, _OPTIONAL, "TensorShapeProto"),
        ("shard_id", 3, _VARINT32, _OPTIONAL, ""),
        ("offset", 4, _INT64, _OPTIONAL, ""),
        ("size", 5, _INT64, _OPTIONAL, ""),
        ("crc32c", 6, _FIXED32, _OPTIONAL, ""),
        ("slices", 7, _MESSAGE, _REPEATED, "TensorSliceProto"),
    ),
}


@functools.cache
def messages() -> Messages:
    """Return the message classes, made once."""
    from tensorboard.compat.proto import (
        graph_debug_info_pb2,
        graph_pb2,
        meta_graph_pb2,
        tensor_shape_pb2,
        trackable_object_graph_pb2,
    )

    made = _declare((meta_graph_pb2.MetaGraphDef, tensor_shape_pb2.TensorShapeProto))
    return Messages(
        graph_def=graph_pb2.GraphDef,
        saved_model=made["SavedModel"],
        bundle_header=made["BundleHeaderProto"],
        bundle_entry=made["BundleEntryProto"],
        object_graph=trackable_object_graph_pb2.TrackableObjectGraph,
        debug_info=graph_debug_info_pb2.GraphDebugInfo,
    )


def _declare(known: Iterable[Any]) -> dict[str, Any]:
    """Return the classes of `_DECLARED`; their fields may be messages of the classes `known`."""
    from google.protobuf import (  # type: ignore[import-untyped]
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )

    file = descriptor_pb2.FileDescriptorProto(
        name="opscope/tensorflow.proto", package=_PACKAGE, syntax="proto3"
    )
    types = {name: f".{_PACKAGE}.{name}" for name in _DECLARED}
    for cls in known:
        file.dependency.append(cls.DESCRIPTOR.file.name)
        types[cls.DESCRIPTOR.name] = f".{cls.DESCRIPTOR.full_name}"
    for name, fields in _DECLARED.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label, inner in fields:
            message.field.add(
                name=field, number=number, type=kind, label=label, type_name=types.get(inner)
            )
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    found = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _DECLARED}
    return {name: message_factory.GetMessageClass(one) for name, one in found.items()}


def parse(probe: Probe, cls: Any, format: str, *, is_text: bool) -> Any:
    """Return the message that a file holds, in binary or in protobuf's text form.

    Raises
    ------
    DamagedSource
        It is cut or corrupt.
    UnsupportedFeature
        Messages are nested deeper than protobuf allows.
    """
    limit = MAX_TEXT_BYTES if is_text else MAX_MESSAGE_BYTES
    content = probe.read_bytes(limit)
    try:
        if is_text:
            content = to_wire(content, cls.DESCRIPTOR)
        return cls.FromString(content)
    except ValueError as error:
        raise DamagedSource(probe.name, str(error), format=format) from error
    except MemoryError as error:
        reason = "it needs more memory than there is"
        raise ReadError(probe.name, reason, format=format) from error
    except Exception as error:
        if type(error).__name__ != "DecodeError":
            raise
        if "MaxDepth" in str(error):
            feature = "messages nested deeper than protobuf's limit of 100"
            raise UnsupportedFeature(probe.name, feature, format=format) from error
        reason = "it is cut or its bytes are corrupt"
        raise DamagedSource(probe.name, reason, format=format) from error
