"""The table of formats. A new format is a row here and a module with `look` and `read`.

A module is imported only when its row may match, so that opening one format
never loads another's framework. Importers of other distributions join the
table through `importers.plugins`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import cast

from importers.base import Importer, Probe


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table.

    Attributes
    ----------
    name : str
        What the reader calls the format.
    module : str
        Module with `look` and `read`; empty for a plugin's row.
    extensions : tuple of str
        Usual file extensions, lower case, with the dot.
    magic : tuple of (offset, bytes)
        Any one of them at its offset marks the format; empty where it has no magic.
    extra : str
        Extra of the distribution that it needs; empty where none.
    keeps : str
        What survives the import, for the table of formats in the README.
    """

    name: str
    module: str = ""
    extensions: tuple[str, ...] = ()
    magic: tuple[tuple[int, bytes], ...] = ()
    extra: str = ""
    keeps: str = ""


FORMATS: tuple[Format, ...] = (
    Format(
        name="Keras",
        module="importers.keras",
        extensions=(".keras", ".h5", ".hdf5"),
        magic=((0, b"\x89HDF\r\n\x1a\n"), (0, b"PK\x03\x04")),
        keeps="inner models as groups, shared layers, options, shapes, weights; nothing is "
        "deserialised",
    ),
    Format(
        name="Keras configuration",
        module="importers.keras",
        extensions=(".json",),
        keeps="the graph of a model that is stored without weights",
    ),
    Format(
        name="TFLite",
        module="importers.tflite",
        extensions=(".tflite", ".lite"),
        magic=((4, b"TFL3"),),
        keeps="subgraphs, signatures, built-in and custom options, quantization parameters",
    ),
    Format(
        name="Opscope JSON",
        module="importers.opscope_json",
        extensions=(".opscope.json", ".opscope.json.gz"),
        keeps="everything but the weights; written as well as read",
    ),
    Format(
        name="Model Explorer JSON",
        module="importers.model_explorer",
        extensions=(".json", ".json.gz"),
        keeps="namespaces, attributes, metadata of inputs and outputs, subgraphs; written as well "
        "as read",
    ),
    Format(
        name="ONNX",
        module="importers.onnx",
        extensions=(".onnx",),
        keeps="functions and the bodies of If, Loop and Scan as subgraphs, attributes, metadata, "
        "groups from scoped names and from the exporter; external data is never read on opening",
    ),
    Format(
        name="TensorFlow SavedModel",
        module="importers.tensorflow",
        extensions=(".pb", ".pbtxt"),
        keeps="every MetaGraph and signature, functions as subgraphs, name scopes as groups, "
        "control edges, variables with the checkpoint's shapes and values; TF1 and TF2; a folder "
        "opens too",
    ),
    Format(
        name="TensorFlow GraphDef",
        module="importers.tensorflow_graphdef",
        extensions=(".pb", ".pbtxt"),
        keeps="functions as subgraphs, name scopes as groups, shapes, control edges, loops of "
        "control flow v1 as cycles",
    ),
    Format(
        name="PyTorch ExportedProgram",
        module="importers.pytorch",
        extensions=(".pt2",),
        magic=((0, b"PK\x03\x04"),),
        keeps="module hierarchy and classes, source lines, symbolic shapes, higher-order bodies",
    ),
    Format(
        name="TorchScript",
        module="importers.torchscript",
        extensions=(".pt", ".jit", ".ts"),
        magic=((0, b"PK\x03\x04"),),
        extra="torch",
        keeps="branches and loops as subgraphs, module hierarchy, source lines, weights",
    ),
    Format(
        name="HLO",
        module="importers.hlo",
        extensions=(".hlo", ".hlo.txt", ".hlo.pb", ".hlo_proto"),
        keeps="computations and fusions as subgraphs, metadata as groups and source lines, "
        "layouts, control edges, literals; text and HloProto",
    ),
    Format(
        name="StableHLO / MLIR",
        module="importers.mlir",
        extensions=(".mlir", ".mlirbc", ".vhlo", ".stablehlo"),
        keeps="functions and regions as subgraphs, locations as groups and source lines, any "
        "dialect; bytecode, portable artifacts and jax.export need `opscope[jax]`",
    ),
)


def importer_of(row: Format) -> Importer:
    """Return the importer of a row of `FORMATS`, importing its module."""
    return cast(Importer, importlib.import_module(row.module))


def has_magic(row: Format, probe: Probe) -> bool:
    """Return whether the content bears one of the format's marks."""
    return any(probe.head[at : at + len(mark)] == mark for at, mark in row.magic)


def has_name(row: Format, probe: Probe) -> bool:
    """Return whether the name ends as the format's files do."""
    return probe.name.lower().endswith(row.extensions)
