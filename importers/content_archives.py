"""Say what a ZIP archive is, by the names of its members. Nothing is unpacked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath

from graphs.errors import quoted
from importers.base import Probe
from importers.looks import Looks

_SHOWN = 4
_MODELS = (".onnx", ".tflite", ".pt2", ".keras", ".h5", ".mlir", ".hlo", "saved_model.pb")


def archive_looks(probe: Probe) -> Looks:
    """Return what the archive holds and what of it could be opened."""
    try:
        with zipfile.ZipFile(probe.path or io.BytesIO(probe.content or b"")) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return Looks("a ZIP archive that is cut or damaged")
    shown = ", ".join(quoted(name) for name in names[:_SHOWN])
    more = ", …" if len(names) > _SHOWN else ""
    members = f"{len(names):,} members ({shown}{more})"
    return Looks(f"{_kind(names)} with {members}", _needs(names))


def _kind(names: Sequence[str]) -> str:
    last = {PurePosixPath(name).name for name in names}
    if any("com.apple.CoreML" in name for name in names):
        return "a zipped Core ML package"
    if "data.pkl" in last:
        is_script = "constants.pkl" in last
        return "a TorchScript archive" if is_script else "PyTorch weights, which are a pickle,"
    if names and all(name.endswith(".npy") for name in names):
        return "NumPy arrays (.npz)"
    if "model.weights.h5" in last:
        return "a Keras archive without its configuration"
    return "a ZIP archive"


def _needs(names: Sequence[str]) -> str:
    found = next((name for name in names if name.endswith(_MODELS)), "")
    if found:
        return f"Unpack it and open {quoted(found)}"
    if any(PurePosixPath(name).name == "data.pkl" for name in names):
        return "Export the model with torch.export.save and open the .pt2"
    return ""
