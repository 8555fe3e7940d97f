"""Count an ONNX model's parameters from sizes alone, and note weights that are not there.

No weight is read: an initializer's sizes are compared with the length of the
file that should hold it. Imports no onnx: messages are known by their fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graphs.tensor_type import DTYPE_BITS
from importers.base import Probe
from importers.notes import Notes
from importers.onnx_scope import Scope
from importers.onnx_tensors import External, external_of, locate
from importers.onnx_types import as_text, dtype_name, stored_bytes


def weigh(scopes: Iterable[Scope], probe: Probe, notes: Notes) -> tuple[int, int]:
    """Return the elements and the stored bytes of all initializers, each counted once.

    An initializer that claims more than its file can hold does not count.

    Parameters
    ----------
    scopes : iterable of Scope
    probe : Probe
    notes : Notes
        Told of claims that cannot be true and of external data that is missing.
    """
    n_parameters = n_all_bytes = 0
    files = ExternalFiles(probe.path, notes)
    for scope in scopes:
        for (code, dims), n_times in scope.claims.items():
            n_elements, n_bytes = stored_bytes(code, dims)
            # A number takes a byte at least, or its packed bits.
            if n_elements * min(DTYPE_BITS.get(dtype_name(code), 8), 8) > probe.size * 8:
                message = "An initializer claims more elements than the file can hold"
                notes.add("damaged", message, f"shape {dims[:8]}", n_times)
                continue
            n_parameters += n_elements * n_times
            n_all_bytes += n_bytes * n_times
        for tensor in scope.external:
            n_elements, n_bytes = stored_bytes(tensor.data_type, tuple(tensor.dims))
            files.check(tensor, n_bytes)
            n_parameters += n_elements
            n_all_bytes += n_bytes
    return n_parameters, n_all_bytes


class ExternalFiles:
    """Looks, without opening any, whether files beside a model can hold its tensors.

    Parameters
    ----------
    model : Path or None
        The model file; None for an upload.
    notes : Notes
    """

    def __init__(self, model: Path | None, notes: Notes) -> None:
        self._model = model
        self._notes = notes
        self._sizes: dict[str, int | None] = {}

    def check(self, tensor: Any, n_bytes: int) -> None:
        """Note it if the data of an initializer cannot be where it says."""
        try:
            where = external_of(tensor)
        except ValueError as error:
            name = as_text(tensor.name)
            self._notes.add("damaged", "External data is badly described", f"{name}: {error}")
            return
        size = self._size(where)
        if size is not None and where.offset + max(where.length or 0, n_bytes) > size:
            message = "An external data file ends before the tensor in it does"
            self._notes.add("damaged", message, as_text(tensor.name))

    def _size(self, where: External) -> int | None:
        """Return the length of the file, or None, noted once, if it cannot be read."""
        if where.location not in self._sizes:
            try:
                self._sizes[where.location] = locate(self._model, where.location).stat().st_size
            except (ValueError, OSError) as error:
                self._sizes[where.location] = None
                message = f"Weights lie in another file, and {error}"
                self._notes.add("lost", message, where.location)
        return self._sizes[where.location]
