"""Parse JSON from a probe, gzipped or not, within bounds; and write such files.

Bounds: the bytes, what a gzip archive unpacks to, and the depth of nesting.
Imports no format.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from pathlib import Path

import orjson

from graphs.errors import DamagedSource
from importers.base import Probe

GZIP = b"\x1f\x8b"
MAX_JSON_BYTES = 1 << 30
MAX_RATIO = 200  # JSON of equal nodes shrinks to a hundredth; a bomb to a thousandth
RATIO_FROM_BYTES = 64 << 20
MAX_PYTHONIC_BYTES = 64 << 20
_CHUNK = 1 << 20
_BLANK = b"\xef\xbb\xbf \t\r\n"


def json_head(probe: Probe, n_bytes: int = 256) -> bytes:
    """Return the first bytes of a text, unpacked, without a mark and blanks; b"" where broken."""
    head = probe.head
    if head[:2] == GZIP:
        try:
            head = zlib.decompressobj(31).decompress(head, n_bytes)
        except zlib.error:
            return b""
    return head.lstrip(_BLANK)


def parse_json(probe: Probe, format: str) -> object:
    """Return the JSON value that a probe holds.

    Raises
    ------
    DamagedSource
        It is no JSON, is nested too deeply, or unpacks to more than it should.
    """
    content = probe.read_bytes(MAX_JSON_BYTES)
    if content[:2] == GZIP:
        content = _unpacked(probe, content, format)
    try:
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return _parse_pythonic(probe, content, format, error)


def write_json(value: object, path: str | os.PathLike[str]) -> None:
    """Write a value as UTF-8 JSON; gzipped where the path ends in ``.gz``, always the same bytes.

    The file appears whole or not at all.

    Raises
    ------
    OSError
        It cannot be written.
    """
    target = Path(path)
    content = json_bytes(value)
    if target.suffix.lower() == ".gz":
        content = gzip.compress(content, mtime=0)
    beside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def json_bytes(value: object) -> bytes:
    """Return a value as UTF-8 JSON; halves of surrogate pairs become question marks."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate, from a name that was never Unicode
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _parse_pythonic(
    probe: Probe, content: bytes, format: str, error: orjson.JSONDecodeError
) -> object:
    """Parse what Python writes and JSON does not know: NaN and Infinity.

    Slower, so only for what fails otherwise and is of moderate size. Nesting is
    bounded by the interpreter, which raises before the stack ends.
    """
    try:
        if len(content) <= MAX_PYTHONIC_BYTES and "depth" not in error.msg:
            found: object = json.loads(content.decode("utf-8-sig"))
            json.dumps(found, ensure_ascii=False).encode()  # refuses halves of surrogate pairs
            return found
    except (ValueError, RecursionError):
        pass  # the first error says where
    raise DamagedSource(
        probe.name, f"it is no valid JSON: {error.msg}", format=format, offset=error.pos
    ) from error


def _unpacked(probe: Probe, content: bytes, format: str) -> bytes:
    limit = min(MAX_JSON_BYTES, max(RATIO_FROM_BYTES, len(content) * MAX_RATIO))
    parts: list[bytes] = []
    n_bytes = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            while chunk := packed.read(_CHUNK):
                parts.append(chunk)
                n_bytes += len(chunk)
                if n_bytes > limit:
                    reason = f"it unpacks to more than {limit:,} bytes"
                    raise DamagedSource(probe.name, reason, format=format)
    except (OSError, EOFError, zlib.error) as error:
        reason = f"its compressed data is broken: {error}"
        raise DamagedSource(probe.name, reason, format=format) from error
    return b"".join(parts)
