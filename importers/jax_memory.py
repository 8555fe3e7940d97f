"""Read what JAX holds in memory: exported, traced, lowered and compiled functions.

    importers.read(jax.export.export(jax.jit(f))(x))
    importers.read(jax.jit(f).lower(x))
    importers.read(jax.jit(f).lower(x).compile())       # as optimized HLO

Interfaces: https://docs.jax.dev/en/latest/jax.stages.html and
https://docs.jax.dev/en/latest/jax.export.html

Nothing is run: a function is lowered at most. jax is imported by whoever made
the object, never here.
"""

from __future__ import annotations

from typing import Any, cast

from graphs.errors import ReadError
from graphs.ir import Model
from importers.hlo import read_hlo_text
from importers.mlir import read_mlir_text
from importers.mlir_bytecode import bytecode_text
from importers.mlir_text import FORMAT
from importers.notes import Notes

_READ = ("Compiled", "Exported", "Lowered", "Module", "Traced")
_FRAMEWORKS = ("jax", "jaxlib")


def look_object(obj: object) -> bool:
    """Return whether the object is one of JAX's stages, an export, or a module of jaxlib."""
    kind = type(obj)
    return kind.__name__ in _READ and kind.__module__.partition(".")[0] in _FRAMEWORKS


def read_object(obj: object, notes: Notes) -> Model:
    """Return the model.

    Raises
    ------
    ReadError
        jax or jaxlib cannot write the object as text.
    """
    held, kind = cast(Any, obj), type(obj).__name__
    if kind == "Exported":
        text, producer = bytecode_text(held.mlir_module_serialized, held.fun_name, notes)
        return read_mlir_text(held.fun_name, text, notes, producer)
    try:
        text = _text(held, kind)
    except Exception as error:  # whatever jax raises says why it cannot
        raise ReadError(kind, f"jax cannot write it as text: {error}", format=FORMAT) from error
    if kind == "Compiled":
        return read_hlo_text(_name(text, "HloModule "), text, notes)
    return read_mlir_text(_name(text, "module @"), text, notes)


def _text(held: Any, kind: str) -> str:
    """Return an object's text, with source locations."""
    if kind == "Traced":
        held = held.lower()
    if kind == "Module":
        found: str | None = held.operation.get_asm(enable_debug_info=True)
    elif kind == "Compiled":
        found = held.as_text()
    else:
        found = held.as_text(debug_info=True)
    if found is None:
        raise ValueError("this backend keeps no text")
    return found


def _name(text: str, mark: str) -> str:
    """Return what a module's text calls it."""
    _before, found, after = text.partition(mark)
    words = after[:1000].replace(",", " ").replace("{", " ").split()
    return words[0] if found and words else "jax"
