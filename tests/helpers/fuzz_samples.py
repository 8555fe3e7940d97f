"""Small files of every format to start mutations from; made here or shipped, none from outside."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from importers.model_explorer_write import write_model_explorer
from importers.opscope_json_write import opscope_json
from importers.registry import FORMATS
from tests.helpers import framework_samples as frameworks
from tests.helpers.model_explorer_files import SMALL
from tests.helpers.mutations import zipped
from tests.helpers.small_models import caller_model

MAX_SAMPLE_BYTES = 300_000


@dataclass(frozen=True)
class Sample:
    """One file: what it is called and what is in it."""

    name: str
    content: bytes


def _onnx() -> list[Sample]:
    from tests.helpers import onnx_models as models

    made = [models.small(), models.branching(), models.with_functions(), models.quantized(),
            models.every_attribute(), models.external("weights.bin")]  # fmt: skip
    return [Sample("m.onnx", one.SerializeToString()) for one in made]


def _tflite() -> list[Sample]:
    from tests.helpers import tflite_writer as writer

    two = [
        writer.Subgraph([writer.Tensor("c"), writer.Tensor("y")],
                        [writer.Operator(118, [0], [1])], [0], [1]),
        writer.Subgraph([writer.Tensor("a"), writer.Tensor("b")],
                        [writer.Operator("Flex", [0], [1], custom=writer.flexbuffer({"k": [1]}))],
                        [0], [1], "body"),
    ]  # fmt: skip
    return [Sample("m.tflite", writer.small_model()), Sample("m.tflite", writer.tflite_bytes(two))]


def _model_explorer() -> list[Sample]:
    content = json.dumps(SMALL).encode()
    written = write_model_explorer(caller_model())
    return [
        Sample("m.json", content),
        Sample("m.json", written),
        Sample("m.json.gz", gzip.compress(content, mtime=0)),
    ]


def _opscope_json() -> list[Sample]:
    content = opscope_json(caller_model())
    return [
        Sample("m.opscope.json", content),
        Sample("m.opscope.json.gz", gzip.compress(content, mtime=0)),
    ]


def _graph_def() -> list[Sample]:
    return [Sample("m.pb", frameworks.graph_def()), Sample("m.pbtxt", frameworks.GRAPH_DEF_TEXT)]


def _saved_model() -> list[Sample]:
    return [Sample("saved_model.pb", frameworks.saved_model())]


def _pytorch() -> list[Sample]:
    from tests.helpers import pytorch_files as files

    archives = [
        layout(files.small_program(), files.SMALL_WEIGHTS)
        for layout in (files.layout_2_9, files.layout_2_8, files.layout_2_5)
    ]
    return [Sample("m.pt2", _with_one_date(one)) for one in archives]


def _with_one_date(content: bytes) -> bytes:
    """Pack an archive again without the time of its making."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return zipped([(name, archive.read(name)) for name in archive.namelist()])


def _hlo() -> list[Sample]:
    return [Sample("m.hlo", frameworks.HLO_TEXT)]


def _mlir() -> list[Sample]:
    return [Sample("m.mlir", frameworks.MLIR_TEXT)]


def _keras() -> list[Sample]:
    return [Sample("m.keras", frameworks.keras_archive()), _hdf5()]


def _keras_configuration() -> list[Sample]:
    return [Sample("m.json", json.dumps(frameworks.keras_config()).encode())]


def _hdf5() -> Sample:
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w", track_order=True) as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = json.dumps(frameworks.keras_config())
        kernel = file.create_dataset("model_weights/head/head/kernel:0", (4, 2), "f4")
        kernel.parent.attrs["weight_names"] = ["head/kernel:0"]
    return Sample("m.h5", out.getvalue())


MAKERS: dict[str, Callable[[], list[Sample]]] = {
    "ONNX": _onnx,
    "TFLite": _tflite,
    "Model Explorer JSON": _model_explorer,
    "Opscope JSON": _opscope_json,
    "TensorFlow GraphDef": _graph_def,
    "TensorFlow SavedModel": _saved_model,
    "PyTorch ExportedProgram": _pytorch,
    "HLO": _hlo,
    "Keras": _keras,
    "Keras configuration": _keras_configuration,
    "StableHLO / MLIR": _mlir,
}


def samples_of(format: str) -> list[Sample]:
    """Return the small files of a format."""
    return MAKERS[format]()


def folder_samples(folder: Path, format: str) -> list[Sample]:
    """Return the small files in a folder that bear the format's name."""
    [row] = [row for row in FORMATS if row.name == format]
    paths = sorted(path for path in folder.rglob("*") if path.name.endswith(row.extensions))
    small = [one for one in paths if one.is_file() and one.stat().st_size < MAX_SAMPLE_BYTES]
    return [Sample(path.name, path.read_bytes()) for path in small]
