"""Tell an ONNX model from its first bytes. Imports no onnx.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from importers.protobuf_wire import LENGTH, VARINT, present_fields

# Field number -> wire type.
MODEL_FIELDS = {
    1: VARINT, 2: LENGTH, 3: LENGTH, 4: LENGTH, 5: VARINT, 6: LENGTH, 7: LENGTH,
    8: LENGTH, 14: LENGTH, 20: LENGTH, 25: LENGTH, 26: LENGTH,
}  # fmt: skip
GRAPH_FIELDS = dict.fromkeys((1, 2, 5, 10, 11, 12, 13, 14, 15, 16), LENGTH)
IR_VERSION, PRODUCER, PRODUCER_VERSION, DOMAIN, GRAPH, OPSET = 1, 2, 3, 4, 7, 8
MAX_IR_VERSION = 1000
MAX_SHORT_TEXT = 4096  # a producer's name; SavedModel keeps a whole graph in that field


def looks_like_model(head: bytes) -> bool:
    """Return whether `head`, the start of a file, fits `ModelProto`.

    Every field that lies in the head must be one of ModelProto's, an IR version
    must be plausible, the producer must be text, and the graph, where it begins
    in the head, must begin as a `GraphProto`.
    """
    seen: set[int] = set()
    for number, wire_type, value, body in present_fields(head):
        if MODEL_FIELDS.get(number) != wire_type:
            return False
        if number == IR_VERSION and not 0 < value <= MAX_IR_VERSION:
            return False
        is_short_text = number in (PRODUCER, PRODUCER_VERSION, DOMAIN)
        if is_short_text and (value > MAX_SHORT_TEXT or not _is_text(body)):
            return False
        if number == GRAPH and not _begins_as_graph(body):
            return False
        seen.add(number)
    return GRAPH in seen or {IR_VERSION, OPSET} <= seen or {IR_VERSION, PRODUCER} <= seen


def _begins_as_graph(body: bytes) -> bool:
    """Return whether the first field, if it is there at all, is one of GraphProto's."""
    for number, wire_type, _value, _body in present_fields(body):
        return GRAPH_FIELDS.get(number) == wire_type
    return True


def _is_text(body: bytes) -> bool:
    return all(byte >= 0x20 and byte != 0x7F for byte in body)
