"""Keras models in memory, through their own `to_json` and variables; Keras is never imported here.

An object is known by the module of its class: `keras` (3) or `tf_keras` (2). The graph is that
of the configuration which the model gives of itself; weights are its variables, copied on demand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import ReadError, UnsupportedFeature
from graphs.ir import Model
from graphs.tensor_type import DTYPE_BITS, TensorType
from importers.keras import model_of, unwrapped
from importers.keras_config import FORMAT, Definition, Operation, parse_json, read_definition
from importers.keras_hdf5 import HdfPath
from importers.keras_weights import Weight, Weights
from importers.notes import Notes

FRAMEWORKS = ("keras", "tf_keras")


@dataclass(slots=True)
class Variables:
    """The variables of a model; a `WeightPlace`.

    Attributes
    ----------
    name : str
        Of the model.
    held : dict of path to variable
    """

    name: str
    held: dict[HdfPath, Any] = field(default_factory=dict)

    @contextmanager
    def open(self) -> Iterator[Variables]:
        """Give the variables; there is nothing to open."""
        yield self

    def array(self, path: HdfPath) -> NDArray[np.generic]:
        """Return a copy of a variable.

        Raises
        ------
        ReadError
            The framework does not give it.
        """
        variable = self.held[path]
        try:
            found = variable.numpy() if hasattr(variable, "numpy") else variable
            return np.array(found)
        except Exception as error:  # whatever a framework raises, e.g. for a deleted buffer
            raise ReadError(self.name, f"a variable cannot be read: {error}") from error


def look_object(obj: object) -> bool:
    """Return whether an object is a model of Keras 2 or 3: by its classes' modules and names."""
    return any(
        str(getattr(cls, "__module__", "")).split(".")[0] in FRAMEWORKS and cls.__name__ == "Model"
        for cls in type(obj).__mro__
    )


def read_object(obj: Any, notes: Notes, **options: object) -> Model:
    """Return the model.

    Raises
    ------
    UnsupportedFeature
        It has no configuration, as a subclassed model may, and no weights.
    ReadError
        An option is given; there are none.
    """
    name = str(getattr(obj, "name", "") or type(obj).__name__)
    if options:
        raise ReadError(name, f"a Keras model takes no option {next(iter(options))}")
    try:
        raw = parse_json(obj.to_json().encode(), name, "its configuration")
    except ReadError:
        raise
    except Exception as error:  # a class of the user's own may raise anything
        notes.add("lost", f"The model gives no configuration: {type(error).__name__}")
        raw = {"class_name": type(obj).__name__, "config": {"name": name}}
    definition = read_definition(unwrapped(raw), notes)
    place = Variables(name)
    weights = _weights(definition, obj, place)
    if not definition.has_graph and not place.held:
        raise UnsupportedFeature(name, "a Keras model without a graph or weights", format=FORMAT)
    version = raw.get("keras_version")
    return model_of(name, raw, {"keras_version": version}, definition, weights, place, notes)


def _weights(definition: Definition, model: Any, place: Variables) -> Weights:
    """Return the variables of a model by the operations that own them, each once."""
    found = Weights()
    seen: set[int] = set()
    waiting: list[tuple[Definition, Any]] = [(definition, model)]
    while waiting:
        held, live = waiting.pop()
        by_name = {str(one.name): one for one in getattr(live, "layers", ())}
        for operation in held.operations:
            owner = by_name.get(operation.name)
            if owner is None:
                continue
            if operation.inner is not None and operation.inner.has_graph:
                waiting.append((operation.inner, owner))
            else:
                taken = _taken(owner, seen, place, operation)
                if taken:
                    found.of_operation[operation] = taken
    found.unowned = [(f"{definition.name}", one) for one in _taken(model, seen, place, None)]
    return found


def _taken(
    owner: Any, seen: set[int], place: Variables, operation: Operation | None
) -> list[Weight]:
    found = []
    for variable in getattr(owner, "weights", ()):
        if id(variable) in seen:
            continue
        seen.add(id(variable))
        path = (str(len(place.held)).encode(),)
        place.held[path] = variable
        found.append(_weight(variable, path, operation))
    return found


def _weight(variable: Any, path: HdfPath, operation: Operation | None) -> Weight:
    full = str(getattr(variable, "path", "") or variable.name).removesuffix(":0")
    name = full.rpartition(f"{operation.name}/")[2] if operation is not None else full
    dtype = getattr(variable.dtype, "name", str(variable.dtype))
    kind = TensorType(str(dtype), tuple(int(d) for d in variable.shape))
    n = kind.n_elements or 0
    return Weight(name, path, kind, n, (n * DTYPE_BITS.get(kind.dtype, 0) + 7) // 8, "")
