"""FlexBuffers as text, against the library that writes them."""

from __future__ import annotations

import random
import time

import pytest
from flatbuffers import flexbuffers
from hypothesis import given
from hypothesis import strategies as st

from importers.tflite_flexbuffers import flexbuffer_facts
from tests.helpers.tflite_writer import flexbuffer


def _shown(value):
    """Return the text of a value, written as plainly as can be."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:.10g}"
        case str():
            return value
        case list():
            return "[" + ", ".join(map(_shown, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{k}: {_shown(value[k])}" for k in sorted(value)) + "}"


words = st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(width=32) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(words, values, max_size=5))
def test_maps_are_read_as_they_were_written(value):
    """Each key of a map gives its value as text, nested ones too."""
    facts = flexbuffer_facts(flexbuffer(value))
    assert facts == [(key, _shown(value[key])) for key in sorted(value)]


@pytest.mark.parametrize("value", [7, -1.5, "text", True, None, [1, 2, 3], [[1, "a"], {"k": 0}]])
def test_other_roots_have_no_key(value):
    """A root that is no map is one item without a key."""
    assert flexbuffer_facts(flexbuffer(value)) == [("", _shown(value))]


def test_typed_vectors_and_blobs():
    """Vectors of one type, of fixed length too, and blobs are read."""
    builder = flexbuffers.Builder()
    with builder.Map():
        builder.Key("ints")
        builder.TypedVectorFromElements([1, 2, 300])
        builder.Key("pair")
        builder.FixedTypedVectorFromElements([0.5, 1.5])
        builder.Key("blob")
        builder.Blob(b"\x00\xff")
        builder.Key("far")
        builder.IndirectFloat(2.5)
    facts = dict(flexbuffer_facts(bytes(builder.Finish())))
    assert facts == {"ints": "[1, 2, 300]", "pair": "[0.5, 1.5]", "blob": "00 ff", "far": "2.5"}


def test_shared_vectors_are_no_bomb():
    """Vectors that share their items stand for 2**40 values and are cut after some thousands."""
    data = bytearray(b"\x01\x01\x00\x04")  # a vector of one null: length, item, type
    # Each vector holds the one before it twice: length, two backward offsets, two types.
    at = 1
    for _ in range(40):
        start = len(data) + 1
        data += bytes([2, start - at, start + 1 - at, 10 << 2, 10 << 2])
        at = start
    data += bytes([len(data) - at, 10 << 2, 1])
    started = time.monotonic()
    (fact,) = flexbuffer_facts(bytes(data))
    assert "…" in fact[1]
    assert time.monotonic() - started < 1


def test_no_bytes_raise():
    """Whatever the bytes are, they are read or called no FlexBuffer."""
    draw = random.Random(7)
    good = flexbuffer({"a": [1, 2.5, "text"], "b": {"c": True}, "d": "x" * 20})
    for _ in range(5000):
        data = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        found = flexbuffer_facts(bytes(data[: draw.randint(0, len(data))]))
        assert found is None or all(isinstance(text, str) for fact in found for text in fact)
