"""MLIR bytecode and StableHLO portable artifacts, as text, through jaxlib in a process of its own.

Formats: https://mlir.llvm.org/docs/BytecodeFormat/ and
https://openxla.org/stablehlo/bytecode

The parser is native code and the file may be hostile: what goes wrong there must
end in an error here, so a worker (`mlir_worker`) does it, with limits on time and
memory. Results of `jax.export` hold the same bytecode in a FlatBuffer.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

from graphs.errors import DamagedSource, MissingFramework, ReadError, quoted
from importers.mlir_text import FORMAT
from importers.notes import Notes

MAGIC = b"ML\xefR"
HEAD_BYTES = 4096
MAX_SECONDS = 120
MAX_PRODUCER_BYTES = 200
# A module of more bytes is written without its large constants: text doubles them.
WHOLE_BYTES = 64 << 20
MAX_ELEMENTS = 1024
MAX_TEXT_BYTES = 1 << 30


def find_bytecode(head: bytes, size: int) -> int:
    """Return where bytecode begins: at the start, or as the module of an export; -1 if nowhere."""
    if head[:4] == MAGIC:
        return 0
    return exported_module(head, size)


def exported_module(head: bytes, size: int) -> int:
    """Return where the module begins in what `jax.export.Exported.serialize` wrote, or -1.

    Layout: https://github.com/jax-ml/jax/blob/main/jax/_src/export/serialization.fbs
    """
    if len(head) < 64 or not 4 <= int.from_bytes(head[:4], "little") < min(1024, len(head)):
        return -1
    at = head.find(MAGIC)
    if at < 8 or int.from_bytes(head[at - 4 : at], "little") + at > size:
        return -1
    return at


def module_bytes(content: bytes) -> bytes:
    """Return the bytecode in a file that `find_bytecode` accepts."""
    at = find_bytecode(content[:HEAD_BYTES], len(content))
    if at <= 0:
        return content
    return content[at : at + int.from_bytes(content[at - 4 : at], "little")]


def producer_of(content: bytes) -> str:
    """Return the producer that bytecode names, e.g. ``StableHLO_v1.15.0``."""
    end = content.find(b"\0", 5, 5 + MAX_PRODUCER_BYTES)
    return content[5:end].decode("ascii", "replace") if end > 0 else ""


def bytecode_text(content: bytes, name: str, notes: Notes) -> tuple[str, str]:
    """Return the module as text, with locations, and its producer.

    Raises
    ------
    MissingFramework
        jaxlib is not installed.
    DamagedSource
        jaxlib refuses the bytes, or dies of them.
    ReadError
        It takes too long.
    """
    if importlib.util.find_spec("jaxlib") is None:
        raise MissingFramework(name, format="MLIR bytecode", extra="jax")
    producer = producer_of(content)
    is_whole = len(content) <= WHOLE_BYTES
    if not is_whole:
        notes.add("lost", f"Values of constants of over {MAX_ELEMENTS:,} elements are not shown")
    command = [sys.executable, "-m", "importers.mlir_worker"]
    command.append("0" if is_whole else str(MAX_ELEMENTS))
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    environment = {**os.environ, "PYTHONPATH": root, "JAX_PLATFORMS": "cpu"}
    try:
        done = subprocess.run(
            command,
            input=content,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        reason = f"jaxlib did not read it within {MAX_SECONDS} seconds"
        raise ReadError(name, reason, format=FORMAT) from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        reason = said if done.returncode == 1 and said else "jaxlib cannot read it"
        raise DamagedSource(name, quoted(reason), format=FORMAT)
    if len(done.stdout) > MAX_TEXT_BYTES:
        raise ReadError(name, "its text is larger than 1 GiB", format=FORMAT)
    return done.stdout.decode("utf-8", "replace"), producer
