"""Files and objects in, `graphs.ir.Model` out. `read` is the whole interface.

`write_opscope_json` keeps a model in a file of our own, `write_model_explorer_json`
in one that Model Explorer opens.
"""

from __future__ import annotations

from graphs.ir import Model
from importers.base import make_probe
from importers.model_explorer_write import write_model_explorer_json
from importers.objects import is_object, read_object
from importers.opening import read_probe
from importers.opscope_json_write import write_opscope_json
from importers.plugins import formats
from importers.registry import FORMATS

__all__ = ["FORMATS", "formats", "read", "write_model_explorer_json", "write_opscope_json"]


def read(source: object, *, name: str | None = None, **options: object) -> Model:
    """Read a model. The format is found by content first, then by name.

    Parameters
    ----------
    source : path, bytes, binary file, or object
        A path may be that of a SavedModel's folder. An object is one of a
        framework that is imported already (`importers.objects.OBJECT_READERS`).
    name : str, optional
        What the reader calls it; the file's name if not given.
    **options
        For objects only: what their reader takes, e.g. example inputs.

    Raises
    ------
    graphs.errors.ReadError
        There is no such file, no importer accepts it, it is damaged, or a
        package is missing.
    TypeError
        Options are given with a file.
    """
    if is_object(source):
        return read_object(source, name, **options)
    if options:
        raise TypeError(f"a file takes no options, but {', '.join(options)} was given")
    return read_probe(make_probe(source, name))
