"""Keras models: `.keras` archives, HDF5 files of Keras 1 to 3, configuration JSON.

Specification: https://keras.io/guides/serialization_and_saving/ and
https://github.com/keras-team/keras/tree/master/keras/src/saving. Read with zip and HDF5 alone:
nothing is deserialised, and the bytecode of a Lambda is never touched. Opening reads the
configuration and the headers of the weights. Imports h5py inside functions, no framework.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

from graphs.errors import DamagedSource, UnsupportedFeature, quoted
from graphs.ir import Facts, Graph, Model
from importers.base import Probe
from importers.keras_config import (
    FORMAT,
    Definition,
    Json,
    is_model_config,
    parse_json,
    read_definition,
)
from importers.keras_graph import GraphWriter
from importers.keras_hdf5 import MAGIC, HdfFile, HdfPlace, stamp_of
from importers.keras_source import KerasSource, shown
from importers.keras_weights import WeightPlace, WeightReader, Weights, chunked_texts
from importers.naming import Namer
from importers.notes import Notes

ZIP = b"PK\x03\x04"
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MAX_CONFIG_BYTES = 256 << 20
MAX_WEIGHT_BYTES = 2 << 30  # of weights that are compressed and so must be unpacked whole
MAX_RATIO = 200
RATIO_FROM_BYTES = 16 << 20
_BLANK = b"\xef\xbb\xbf \t\r\n"
_MODEL_CLASSES = (b'"Functional"', b'"Sequential"', b'"Model"')


def look(probe: Probe) -> bool:
    """Return whether it is an HDF5 file, an archive with a `config.json`, or such a JSON."""
    head = probe.head
    if head.startswith(MAGIC):
        return True
    if head.startswith(ZIP):
        try:
            with zipfile.ZipFile(probe.path or io.BytesIO(probe.content or b"")) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return probe.extension == ".keras"
        return CONFIG in names and (METADATA in names or WEIGHTS in names)
    start = head.lstrip(_BLANK)[:512]
    is_model = any(name in start for name in _MODEL_CLASSES)
    is_object = start.startswith(b"{") and b'"class_name"' in start and b'"config"' in start
    return is_object and (is_model or b'"layers"' in start) and b'"modelTopology"' not in start


def read(probe: Probe, notes: Notes) -> Model:
    """Return the model; models inside of it are groups, wrapped ones graphs of their own.

    `Model.n_parameters` counts the elements of all weights that the file can hold, each
    once; the optimizer's are left out.

    Raises
    ------
    DamagedSource
        The archive, the HDF5 data or the configuration is broken, or unpacks to too much.
    UnsupportedFeature
        An HDF5 file that no Keras wrote.
    """
    if probe.head.startswith(MAGIC):
        return _read_hdf5(probe, notes)
    if probe.head.startswith(ZIP):
        return _read_archive(probe, notes)
    raw = parse_json(probe.read_bytes(MAX_CONFIG_BYTES).lstrip(b"\xef\xbb\xbf"), probe.name, "it")
    definition = read_definition(unwrapped(raw), notes)
    notes.add("info", "A configuration holds no weights, so its parameters are not counted")
    return model_of(probe.name, raw, {}, definition, Weights(), None, notes)


def _read_hdf5(probe: Probe, notes: Notes) -> Model:
    path = probe.path
    stamp = stamp_of(path) if path is not None else (0, 0)
    place = HdfPlace(probe.name, path, 0, probe.size, probe.content, stamp)
    with place.open() as file:
        config = file.texts(file.root, "model_config")
        about: Json = {}
        for key in ("keras_version", "backend"):
            legacy = file.child(file.root, b"model_weights")
            holders = [one for one in (file.root, legacy) if one is not None]
            found = next((t for t in (file.texts(h, key) for h in holders) if t), None)
            if found:
                about[key] = found[0]
        training = file.texts(file.root, "training_config")
        if training:
            about["training"] = parse_json(training[0].encode(), probe.name, "training_config")
        if config is None:
            raw = _weights_only(probe, file)
        else:
            raw = parse_json(config[0].encode(), probe.name, "model_config")
        definition = read_definition(unwrapped(raw), notes)
        weights = WeightReader(file, definition, notes).read()
    return model_of(probe.name, raw, about, definition, weights, place, notes)


def _weights_only(probe: Probe, file: HdfFile) -> Json:
    """Return an empty configuration for a file of weights; refuse other HDF5 files."""
    names = [name for name, _ in file.links(file.root)]
    is_legacy = bool(chunked_texts(file, file.root, "layer_names"))
    if is_legacy or not {b"vars", b"layers", b"_layer_checkpoint_dependencies"}.isdisjoint(names):
        return {"class_name": "Weights", "config": {}}
    held = ", ".join(quoted(n.decode("utf-8", "replace")) for n in names[:5]) or "nothing"
    raise UnsupportedFeature(
        probe.name, f"an HDF5 file without a Keras model (it holds {held})", format=FORMAT
    )


def _read_archive(probe: Probe, notes: Notes) -> Model:
    try:
        with zipfile.ZipFile(probe.path or io.BytesIO(probe.content or b"")) as archive:
            members = {info.filename: info for info in archive.infolist()}
            if CONFIG not in members:
                raise DamagedSource(probe.name, "it holds no config.json", format=FORMAT)
            raw = parse_json(_member(probe, archive, members[CONFIG]), probe.name, CONFIG)
            about: Json = {}
            if METADATA in members:
                about = parse_json(_member(probe, archive, members[METADATA]), probe.name, METADATA)
            place = None
            if WEIGHTS in members:
                place = _place(probe, archive, members[WEIGHTS])
            else:
                notes.add("lost", "The archive holds no weights", WEIGHTS)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        struct.error,
        OverflowError,
        MemoryError,
    ) as error:
        raise DamagedSource(probe.name, f"its archive is broken: {error}", format=FORMAT) from error
    definition = read_definition(unwrapped(raw), notes)
    weights = Weights()
    if place is not None:
        with place.open() as file:
            weights = WeightReader(file, definition, notes).read()
    return model_of(probe.name, raw, about, definition, weights, place, notes)


def _member(
    probe: Probe, archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int = MAX_CONFIG_BYTES
) -> bytes:
    """Unpack a member, whose claimed size is compared with its packed size first."""
    is_bomb = info.file_size > max(RATIO_FROM_BYTES, info.compress_size * MAX_RATIO)
    if info.file_size > limit or is_bomb or info.compress_size > probe.size:
        raise DamagedSource(
            probe.name,
            f"{quoted(info.filename)} claims {info.file_size:,} bytes of {info.compress_size:,}",
            format=FORMAT,
        )
    with archive.open(info) as member:
        return member.read(info.file_size + 1)


def _place(probe: Probe, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> HdfPlace:
    """Return where the weights lie: in place where they are stored, else unpacked."""
    if probe.path is None or info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        content = _member(probe, archive, info, MAX_WEIGHT_BYTES)
        return HdfPlace(probe.name, None, 0, len(content), content)
    with probe.path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(30)
    if len(header) < 30 or not header.startswith(ZIP):
        raise DamagedSource(probe.name, "the header of its weights is broken", format=FORMAT)
    start = info.header_offset + 30 + sum(struct.unpack("<HH", header[26:30]))
    if start + info.file_size > probe.size or info.file_size != info.compress_size:
        raise DamagedSource(probe.name, "its weights reach past its end", format=FORMAT)
    return HdfPlace(
        probe.name, probe.path, start, info.file_size, None, stamp_of(probe.path), is_part=True
    )


def model_of(
    name: str,
    raw: Json,
    about: Json,
    definition: Definition,
    weights: Weights,
    place: WeightPlace | None,
    notes: Notes,
) -> Model:
    """Return the model of a configuration and, where there are any, its weights.

    Parameters
    ----------
    name : str
    raw : dict
        The serialised model.
    about : dict
        What the file says of itself.
    definition : Definition
        What `raw` defines.
    weights : Weights
    place : WeightPlace or None
        Where to find the weights again.
    notes : Notes
    """
    if not definition.has_graph:
        _note_no_graph(definition, notes)
    if not definition.has_graph and not any(True for _ in weights.all()):
        raise UnsupportedFeature(
            name,
            f"a model of class {quoted(definition.class_name)}, whose graph is Python code, "
            "and no weights beside it",
            format=FORMAT,
        )
    graphs = _graphs(definition, weights, place, notes)
    version = about.get("keras_version") or raw.get("keras_version")
    return Model(
        name=name,
        format=FORMAT,
        producer=quoted(f"Keras {version}") if isinstance(version, str) else "",
        graphs=graphs,
        metadata=_metadata(definition, unwrapped(raw), about),
        notes=notes.all(),
        n_parameters=sum(one.n_held for one in weights.all()),
        parameter_bytes=sum(one.n_bytes for one in weights.all()),
    )


def unwrapped(raw: Json) -> Json:
    """Return the serialised model; some writers put it one object deeper."""
    inner = raw.get("model_config")
    return inner if isinstance(inner, dict) and not is_model_config(raw) else raw


def _note_no_graph(definition: Definition, notes: Notes) -> None:
    if definition.class_name == "Weights":
        notes.add("lost", "The file holds weights without a model; it has no graph")
        return
    notes.add(
        "lost",
        "A subclassed model has its graph in Python code; only its weights are shown",
        definition.class_name,
    )


def _graphs(
    definition: Definition, weights: Weights, place: WeightPlace | None, notes: Notes
) -> tuple[Graph, ...]:
    """Return the graph of the model, then one for each model that a node wraps."""
    namer = Namer(notes)
    ids = {definition: namer.unique(definition.name, "model", is_noted=False)}
    order = [definition]
    waiting = [definition]
    while waiting:
        for operation in waiting.pop().operations:
            if operation.inner is not None:
                waiting.append(operation.inner)
            if operation.wrapped is not None:
                wrapped = operation.wrapped
                ids[wrapped] = namer.unique(wrapped.name or operation.name, "model", is_noted=False)
                order.append(wrapped)
                waiting.append(wrapped)
    graphs = []
    for one in order:
        held = weights if one is definition else Weights()
        facts: Facts = [("class", quoted(one.class_name))]
        facts += [
            (quoted(k), shown(k, v)) for k, v in list(one.config.items())[:64] if _is_told(k, v)
        ]
        writer = GraphWriter(one, ids[one], held, KerasSource(place, facts), notes)
        writer.wrapped = ids
        graphs.append(writer.graph())
    return tuple(graphs)


def _is_told(key: str, value: object) -> bool:
    return value is not None and key not in ("input_layers", "output_layers", "layers")


def _metadata(definition: Definition, raw: Json, about: Json) -> Facts:
    facts: Facts = [("class", quoted(definition.class_name))]
    if definition.name:
        facts.append(("name", quoted(definition.name)))
    for key in ("keras_version", "backend", "date_saved"):
        value = about.get(key, raw.get(key))
        if isinstance(value, str):
            facts.append((key, quoted(value)))
    training: Any = raw.get("compile_config") or about.get("training")
    if isinstance(training, dict):
        for key in ("optimizer", "optimizer_config", "loss", "metrics"):
            if training.get(key):
                facts.append((key, shown(key, training[key])))
    return facts
