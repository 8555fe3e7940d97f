"""Objects of a framework that is already imported, as models: `importers.read(module)`.

The framework is never imported here: an object's classes say where it comes
from, and only then is our module for that framework imported. Such a module has

    look_object(obj: object) -> bool
    read_object(obj: object, notes: Notes, **options: object) -> Model

and a row in `OBJECT_READERS`.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, replace
from typing import Protocol, cast

from graphs.errors import UnknownObject
from graphs.ir import Model
from importers.base import without_collector
from importers.notes import Notes


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One row of the table.

    Attributes
    ----------
    framework : str
        First part of the modules that the framework's classes live in.
    module : str
        Module with `look_object` and `read_object`.
    accepts : str
        What of the framework can be given, for the reader.
    """

    framework: str
    module: str
    accepts: str


OBJECT_READERS: tuple[ObjectRow, ...] = (
    ObjectRow("onnx", "importers.onnx_memory", "onnx.ModelProto"),
    ObjectRow(
        "torch",
        "importers.pytorch_memory",
        "torch.nn.Module, torch.export.ExportedProgram, torch.fx.GraphModule, "
        "or a tensor with an autograd graph",
    ),
    ObjectRow("keras", "importers.keras_memory", "keras.Model"),
    ObjectRow("tf_keras", "importers.keras_memory", "tf_keras.Model"),
    ObjectRow("jax", "importers.jax_memory", "jax.export.Exported, or jax.jit(f).lower(...)"),
    ObjectRow("jaxlib", "importers.jax_memory", "an MLIR module of jaxlib"),
)


class ObjectReader(Protocol):
    """The two verbs of a module that reads objects."""

    def look_object(self, obj: object) -> bool:
        """Return whether this object can be read."""

    def read_object(self, obj: object, notes: Notes, **options: object) -> Model:
        """Return the model; raise a `ReadError` where there is none."""


def is_object(source: object) -> bool:
    """Return whether a source is neither a path, nor bytes, nor an open file."""
    is_file = callable(getattr(source, "read", None)) and not rows_of(source)
    return not isinstance(source, str | os.PathLike | bytes | bytearray | memoryview) and (
        not is_file
    )


def rows_of(obj: object) -> list[ObjectRow]:
    """Return the rows of the frameworks that the object's classes come from."""
    # A class may state any module, even none: only texts count.
    modules = [getattr(cls, "__module__", "") for cls in type(obj).__mro__]
    tops = {name.partition(".")[0] for name in modules if isinstance(name, str)}
    return [row for row in OBJECT_READERS if row.framework in tops]


def read_object(obj: object, name: str | None = None, **options: object) -> Model:
    """Return the model of an object.

    Parameters
    ----------
    obj : object
    name : str, optional
        What the reader calls it.
    **options
        For the framework's reader, e.g. example inputs.

    Raises
    ------
    UnknownObject
        No reader accepts it.
    ReadError
        Its reader found it unfit, or a package is missing.
    """
    for module in dict.fromkeys(row.module for row in rows_of(obj)):
        reader = cast(ObjectReader, importlib.import_module(module))
        if reader.look_object(obj):
            with without_collector():
                model = reader.read_object(obj, Notes(), **options)
            return replace(model, name=name) if name else model
    kind = f"{type(obj).__module__}.{type(obj).__qualname__}"
    accepted = "; ".join(dict.fromkeys(row.accepts for row in OBJECT_READERS))
    raise UnknownObject(name or type(obj).__name__, kind=kind, accepted=accepted)
