"""Tell TensorFlow's files from their first bytes. Imports no framework.

Protobuf has no magic, and other formats begin with the same tags: every field
that lies in the head must be one of the message's, and what must be a name must
look like one.
"""

from __future__ import annotations

import re

from importers.protobuf_wire import LENGTH, VARINT, present_fields

_META_GRAPH = dict.fromkeys(range(1, 8), LENGTH)
_GRAPH = {1: LENGTH, 2: LENGTH, 3: VARINT, 4: LENGTH, 5: LENGTH}
_NODE = dict.fromkeys(range(1, 8), LENGTH)
_FUNCTIONS = dict.fromkeys(range(1, 4), LENGTH)
_NAME, _OP, _INPUT, _DEVICE, _ATTR = 1, 2, 3, 4, 5
_OP_TYPE = re.compile(rb"[A-Za-z_][A-Za-z0-9_.\\/>-]*")
_PLAIN = re.compile(rb"[^\x00-\x1f\x7f]*")
_COMMENT = re.compile(rb"(?:\s+|#[^\n]*(?:\n|$))*")
_SAVED_MODEL_TEXT = re.compile(rb"(?:saved_model_schema_version\s*:|meta_graphs\s*:?\s*[{<])")
_GRAPH_TEXT = re.compile(
    rb"(?:node\s*:?\s*[{<]\s*(?:name|op)\s*:|(?:versions|library)\s*:?\s*[{<]\s*"
    rb"(?:producer|min_consumer|function|gradient)\s*[:{<])"
)
MAX_SCHEMA_VERSION = 100


def is_saved_model(head: bytes) -> bool:
    """Return whether `head`, the start of a file, fits `SavedModel`."""
    has_graph = False
    for number, wire_type, value, body in present_fields(head):
        if number == 1 and wire_type == VARINT:
            if value > MAX_SCHEMA_VERSION:
                return False
        elif number == 2 and wire_type == LENGTH:
            if not _begins_as(body, _META_GRAPH):
                return False
            has_graph = has_graph or bool(body)
        else:
            return False
    return has_graph


def is_graph(head: bytes) -> bool:
    """Return whether `head`, the start of a file, fits `GraphDef` with a node or a function."""
    has_content = False
    for number, wire_type, _value, body in present_fields(head):
        if _GRAPH.get(number) != wire_type:
            return False
        if number == 1:
            if not _is_node(body):
                return False
            has_content = True
        elif number == 2:
            if not _begins_as(body, _FUNCTIONS):
                return False
            has_content = has_content or bool(body)
    return has_content


def _begins_as(body: bytes, known: dict[int, int]) -> bool:
    """Return whether the first field, if it is there at all, is one of the message's."""
    for number, wire_type, _value, _body in present_fields(body):
        return known.get(number) == wire_type
    return True


def _is_node(body: bytes) -> bool:
    """Return whether what is present of a message fits `NodeDef`."""
    seen: set[int] = set()
    for number, wire_type, length, inner in present_fields(body):
        if _NODE.get(number) != wire_type:
            return False
        if number in (_NAME, _INPUT, _DEVICE) and not _PLAIN.fullmatch(inner):
            return False
        if number == _OP and len(inner) == length and not _OP_TYPE.fullmatch(inner):
            return False
        if number == _ATTR and not _begins_as(inner, {1: LENGTH, 2: LENGTH}):
            return False
        seen.add(number)
    return _NAME in seen or _OP in seen


def is_saved_model_text(head: bytes) -> bool:
    """Return whether `head` begins as a `SavedModel` in protobuf's text form."""
    return _SAVED_MODEL_TEXT.match(head, _start(head)) is not None


def is_graph_text(head: bytes) -> bool:
    """Return whether `head` begins as a `GraphDef` in protobuf's text form."""
    return _GRAPH_TEXT.match(head, _start(head)) is not None


def _start(head: bytes) -> int:
    found = _COMMENT.match(head)
    return found.end() if found else 0
