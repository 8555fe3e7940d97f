"""Which datasets of an HDF5 file are the weights of which operation.

Two layouts, https://github.com/keras-team/keras/blob/master/keras/src/saving/saving_lib.py
(Keras 3: groups by class, variables by number) and legacy/saving/legacy_h5_format.py beside it
(Keras 1 and 2: groups by name, a list of weight names in each). Only headers are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphs.tensor_type import TensorType
from importers.keras_config import Definition, Operation
from importers.keras_hdf5 import HdfFile, HdfPath, is_dataset, is_group
from importers.notes import Notes

CONTAINERS = (b"layers", b"_layer_checkpoint_dependencies", b"_operations")
NOT_WEIGHTS = frozenset({b"optimizer", b"seed_generator", b"metrics", b"_metrics"})
MAX_DEPTH = 64
MAX_WEIGHTS = 1_000_000
_NORM = ("gamma", "beta", "moving_mean", "moving_variance")
# Names of the variables of a class, where their number is as stated.
_VARIABLES: dict[str, tuple[tuple[str, ...], ...]] = {
    "BatchNormalization": (_NORM, ("moving_mean", "moving_variance")),
    "Embedding": (("embeddings",),),
    "LayerNormalization": (("gamma", "beta"),),
    "PReLU": (("alpha",),),
    "SeparableConv1D": (("depthwise_kernel", "pointwise_kernel", "bias"),) * 1
    + (("depthwise_kernel", "pointwise_kernel"),),
    "SeparableConv2D": (("depthwise_kernel", "pointwise_kernel", "bias"),) * 1
    + (("depthwise_kernel", "pointwise_kernel"),),
}
_KERNEL = (("kernel", "bias"), ("kernel",))
_CELL = (("kernel", "recurrent_kernel", "bias"), ("kernel", "recurrent_kernel"))


class WeightData(Protocol):
    """Gives the data of weights."""

    def array(self, path: HdfPath) -> NDArray[np.generic]:
        """Return the data at a weight's path; raises a ReadError where there is none."""


class WeightPlace(Protocol):
    """Where weights lie: an HDF5 file, or the variables of a model in memory."""

    def open(self) -> AbstractContextManager[WeightData]:
        """Open it for the length of a block."""


@dataclass(frozen=True, slots=True)
class Weight:
    """One variable.

    Attributes
    ----------
    name : str
        Short, e.g. ``kernel``.
    path : HdfPath
    type : TensorType
    n_held, n_bytes : int
        Elements and bytes that the file can hold of it.
    problem : str
        Why its data cannot be read; empty where it can.
    """

    name: str
    path: HdfPath
    type: TensorType
    n_held: int
    n_bytes: int
    problem: str


@dataclass(slots=True)
class Weights:
    """The weights of a file by their owner.

    Attributes
    ----------
    of_operation : dict of Operation to list of Weight
    unowned : list of (str, Weight)
        Namespace in the file, weight.
    """

    of_operation: dict[Operation, list[Weight]] = field(default_factory=dict)
    unowned: list[tuple[str, Weight]] = field(default_factory=list)

    def all(self) -> Iterator[Weight]:
        """Yield each weight once."""
        for found in self.of_operation.values():
            yield from found
        yield from (one for _, one in self.unowned)


class WeightReader:
    """Finds the weights of a model.

    Parameters
    ----------
    file : HdfFile
    definition : Definition
    notes : Notes
    """

    def __init__(self, file: HdfFile, definition: Definition, notes: Notes) -> None:
        self.file = file
        self.definition = definition
        self.notes = notes
        self.found = Weights()
        self._seen: set[object] = set()
        self._n_weights = 0
        self._by_name: dict[Operation, dict[str, Operation]] = {}

    def read(self) -> Weights:
        """Return the weights, by whichever layout the file has."""
        file = self.file
        legacy = file.child(file.root, b"model_weights")
        holder = legacy if is_group(legacy) else file.root
        names = file.texts(holder, "layer_names")
        if names is None and file.texts(holder, "layer_names0") is None:
            if is_group(legacy):
                self._unowned(holder, (b"model_weights",))
            else:
                self._modern()
        else:
            prefix = (b"model_weights",) if is_group(legacy) else ()
            self._legacy(holder, prefix, chunked_texts(file, holder, "layer_names"))
        for link in file.refused_links:
            self.notes.add("lost", "A link in the file was not followed", link)
        for weight in self.found.all():
            if weight.problem:
                self.notes.add("damaged", "A weight cannot be read", f"{weight.name}")
        return self.found

    def _modern(self) -> None:
        """Assign Keras 3's groups: by the name that a group states, else by class and number."""
        waiting: list[tuple[Definition, Any, HdfPath]] = [(self.definition, self.file.root, ())]
        is_root = True
        while waiting:
            definition, group, path = waiting.pop()
            for container in CONTAINERS:
                held = self.file.child(group, container)
                if is_group(held):
                    self._assign(definition, held, (*path, container), waiting)
            for name, address in self.file.links(group):
                if name not in CONTAINERS and not (is_root and name in NOT_WEIGHTS):
                    self._collect_unowned(self.file.opened(group, name), address, (*path, name))
            is_root = False

    def _assign(
        self,
        definition: Definition,
        container: Any,
        path: HdfPath,
        waiting: list[tuple[Definition, Any, HdfPath]],
    ) -> None:
        stated = {one.name: one for one in reversed(definition.operations)}
        expected = _expected_names(definition)
        links = self.file.links(container)
        differing = expected.keys() ^ {name for name, _ in links}
        is_as_expected = all(n in expected and expected[n].is_input for n in differing)
        for name, address in links:
            group = self.file.opened(container, name)
            if not is_group(group) or self._is_seen(address):
                continue
            own = "" if is_as_expected else self._stated_name(group)
            owner = (
                stated.get(own) or expected.get(name) or stated.get(name.decode("utf-8", "replace"))
            )
            if owner is None:
                self._unowned(group, (*path, name))
            elif owner.inner is not None and owner.inner.has_graph:
                waiting.append((owner.inner, group, (*path, name)))
            else:
                self.found.of_operation.setdefault(owner, []).extend(
                    self._collect(group, (*path, name), owner.class_name)
                )

    def _stated_name(self, group: Any) -> str:
        held = self.file.child(group, b"vars")
        found = self.file.texts(held, "name") if is_group(held) else None
        return found[0] if found else ""

    def _legacy(self, holder: Any, prefix: HdfPath, names: list[str]) -> None:
        by_name = {one.name: one for one in reversed(self.definition.operations)}
        known = dict(self.file.links(holder))
        for name in dict.fromkeys(names):
            raw = tuple(part.encode() for part in name.split("/") if part)
            is_known = len(raw) == 1 and raw[0] in known
            group = self.file.opened(holder, raw[0]) if is_known else self.file.find(raw, holder)
            if not is_group(group):
                self.notes.add("damaged", "The weights of a layer are missing", name)
                continue
            for weight_name in chunked_texts(self.file, group, "weight_names"):
                path = tuple(part.encode() for part in weight_name.split("/") if part)
                dataset = self.file.find(path, group)
                if not is_dataset(dataset):
                    self.notes.add("damaged", "A weight is missing", weight_name)
                    continue
                weight = self._weight(dataset, (*prefix, *raw, *path), _short_name(weight_name))
                if weight is not None:
                    self._own(by_name.get(name), weight, weight_name)

    def _own(self, owner: Operation | None, weight: Weight, weight_name: str) -> None:
        """Give a weight to the operation that its name states, in inner models too."""
        parts = weight_name.split("/")[:-1]
        for part in parts:
            if owner is None or owner.inner is None:
                break
            owner = self._inside(owner).get(part, owner)
        if owner is None or (owner.inner is not None and owner.inner.has_graph):
            self.found.unowned.append(("/".join(parts), weight))
        else:
            self.found.of_operation.setdefault(owner, []).append(weight)

    def _inside(self, model: Operation) -> dict[str, Operation]:
        """Return the operations of an inner model and of models in it by name, outer ones first.

        A name may leave out the models on the way.
        """
        found = self._by_name.get(model)
        if found is None:
            found = self._by_name[model] = {}
            level = [model]
            while level:
                inner = [one for m in level if m.inner is not None for one in m.inner.operations]
                for one in inner:
                    found.setdefault(one.name, one)
                level = [one for one in inner if one.inner is not None]
        return found

    def _unowned(self, group: Any, path: HdfPath) -> None:
        shown = "/".join(p.decode("utf-8", "replace") for p in path)
        for weight in self._collect(group, path, ""):
            inner = "/".join(weight.name.split("/")[:-1])
            short = Weight(
                weight.name.rpartition("/")[2],
                weight.path,
                weight.type,
                weight.n_held,
                weight.n_bytes,
                weight.problem,
            )
            self.found.unowned.append((f"{shown}/{inner}".strip("/"), short))

    def _collect_unowned(self, held: Any, address: object, path: HdfPath) -> None:
        if is_group(held) and not self._is_seen(address):
            self._unowned(held, path)
        elif is_dataset(held):
            *above, name = (part.decode("utf-8", "replace") for part in path)
            weight = self._weight(held, path, name)
            if weight is not None:
                shown = "/".join(above)
                self.found.unowned.append((shown, weight))

    def _collect(self, group: Any, path: HdfPath, class_name: str) -> list[Weight]:
        """Return all weights below a group; each group is visited once."""
        found: list[Weight] = []
        waiting: list[tuple[Any, HdfPath]] = [(group, ())]
        while waiting:
            held, below = waiting.pop()
            links = sorted(self.file.links(held), key=_numbered)
            datasets = []
            deeper: list[tuple[Any, HdfPath]] = []
            for name, address in links:
                if name in NOT_WEIGHTS:
                    continue
                child = self.file.opened(held, name)
                if is_dataset(child):
                    datasets.append((name, child))
                elif is_group(child) and len(below) < MAX_DEPTH and not self._is_seen(address):
                    deeper.append((child, (*below, name)))
            waiting.extend(reversed(deeper))
            labels = _labels([n for n, _ in datasets], below, class_name)
            for (name, dataset), label in zip(datasets, labels, strict=True):
                weight = self._weight(dataset, (*path, *below, name), label)
                if weight is not None:
                    found.append(weight)
        return found

    def _weight(self, dataset: Any, path: HdfPath, name: str) -> Weight | None:
        self._n_weights += 1
        if self._n_weights > MAX_WEIGHTS:
            self.notes.add("lost", "The file holds more weights than can be shown")
            return None
        info = self.file.info(dataset)
        return Weight(name, path, info.type, info.n_held, info.n_bytes, info.problem)

    def _is_seen(self, address: object) -> bool:
        """Return whether a group was met before; hard links may form a cycle."""
        if address in self._seen:
            return True
        self._seen.add(address)
        return False


def chunked_texts(file: HdfFile, group: Any, name: str) -> list[str]:
    """Return a list attribute; Keras splits a long one into ``name0``, ``name1``, ..."""
    whole = file.texts(group, name)
    if whole is not None:
        return whole
    found: list[str] = []
    for number in range(MAX_WEIGHTS):
        part = file.texts(group, f"{name}{number}")
        if part is None:
            break
        found += part
    return found


def snake_case(name: str) -> str:
    """Return a class name as Keras 3 writes it in a path: ``Conv2D`` is ``conv2d``."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _expected_names(definition: Definition) -> dict[bytes, Operation]:
    """Return what Keras 3 calls the group of each operation: its class, numbered."""
    counts: dict[str, int] = {}
    found = {}
    for one in definition.operations:
        is_hidden = one.is_input and definition.class_name == "Sequential"
        if is_hidden or ".ops." in f"{one.module}.":
            continue
        stem = snake_case(one.class_name.rpartition(">")[2])
        number = counts.get(stem, 0)
        counts[stem] = number + 1
        found[(f"{stem}_{number}" if number else stem).encode()] = one
    return found


def _labels(names: list[bytes], below: HdfPath, class_name: str) -> list[str]:
    """Return names for the variables of one group, by the class's table where it fits."""
    parts = [p.decode("utf-8", "replace") for p in below if p != b"vars"]
    own = [n.decode("utf-8", "replace") for n in names]
    if below[-1:] == (b"vars",) and all(n.isdigit() for n in own):
        for known in _known_variables(parts, class_name):
            if len(known) == len(own):
                own = list(known)
                break
    return ["/".join([*parts, one]) for one in own]


def _known_variables(parts: list[str], class_name: str) -> tuple[tuple[str, ...], ...]:
    if parts:
        if parts[-1].endswith("cell"):
            return _CELL
        return _KERNEL if parts[-1].endswith("_dense") else ()
    if class_name in _VARIABLES:
        return _VARIABLES[class_name]
    is_kernel = class_name in ("Dense", "EinsumDense") or re.fullmatch(
        r"(Depthwise)?Conv[123]D(Transpose)?", class_name
    )
    return _KERNEL if is_kernel else ()


def _numbered(link: tuple[bytes, object]) -> tuple[int, bytes]:
    name = link[0]
    return (int(name), b"") if name.isdigit() and len(name) < 10 else (1 << 40, name)


def _short_name(weight_name: str) -> str:
    """Return ``kernel`` for ``dense_1/kernel:0``, ``lstm_cell/kernel`` for an inner one."""
    parts = [part for part in weight_name.split("/") if part]
    kept = parts[1:] if len(parts) > 1 else parts
    return "/".join(kept).removesuffix(":0") or "weight"
