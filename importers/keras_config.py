"""Keras configuration JSON as definitions of models: operations, their calls, inner models.

Specification: https://github.com/keras-team/keras/blob/master/keras/src/models/functional.py
(`get_config`, `serialize_node`); of Keras 2: https://github.com/keras-team/tf-keras, engine/
functional.py. What Keras calls a layer is an operation here. Nothing is deserialised: functions,
initializers and the bytecode of a Lambda stay JSON. Imports no framework, follows no recursion.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from graphs.errors import DamagedSource
from graphs.tensor_type import TensorType
from importers.notes import Notes

FORMAT = "Keras"
MAX_PYTHONIC_BYTES = 64 << 20
MAX_RANK = 64

Json = dict[str, Any]
Ref = tuple[str, int, int]  # operation, which call of it, which of its outputs


@dataclass(slots=True)
class Call:
    """One call of an operation.

    Attributes
    ----------
    arguments : list of Ref
        The tensors it reads, in the order of its arguments.
    raw : object
        The file's JSON of the call, for its other arguments.
    """

    arguments: list[Ref]
    raw: object = None


@dataclass(slots=True, eq=False)
class Operation:
    """What Keras calls a layer: created once, called any number of times.

    Attributes
    ----------
    name, class_name, module, registered : str
    config : Json
        What it was created with.
    build : Json
        Shapes that it was built for; may be empty.
    calls : list of Call
    inner : Definition or None
        Where the operation is a model.
    wrapped : Definition or None
        Where it wraps a model, as TimeDistributed does.
    first_call : int
        What the first call is called in references: Keras counts from 1 for some models.
    """

    name: str
    class_name: str
    module: str
    registered: str
    config: Json
    build: Json
    calls: list[Call] = field(default_factory=list)
    inner: Definition | None = None
    wrapped: Definition | None = None
    first_call: int = 0

    @property
    def is_input(self) -> bool:
        """Whether it stands for an input of its model."""
        return self.class_name == "InputLayer"


@dataclass(slots=True, eq=False)
class Definition:
    """A model's own graph.

    Attributes
    ----------
    name, class_name : str
    config : Json
        Without the operations.
    operations : list of Operation
    inputs, outputs : list of Ref
    hints : dict of Ref to TensorType
        What the file says of tensors.
    has_graph : bool
        False for a subclassed model, whose graph is Python code.
    """

    name: str
    class_name: str
    config: Json
    operations: list[Operation] = field(default_factory=list)
    inputs: list[Ref] = field(default_factory=list)
    outputs: list[Ref] = field(default_factory=list)
    hints: dict[Ref, TensorType] = field(default_factory=dict)
    has_graph: bool = False


def parse_json(content: bytes, name: str, where: str) -> Json:
    """Return a JSON object; NaN and Infinity, which Python writes, are accepted.

    Raises
    ------
    DamagedSource
        It is no JSON object, or is nested too deeply.
    """
    try:
        found: object = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        found = _pythonic(content, error)
        if found is None:
            raise DamagedSource(
                name, f"{where} is no valid JSON: {error.msg}", format=FORMAT, offset=error.pos
            ) from error
    if not isinstance(found, dict):
        raise DamagedSource(name, f"{where} is no JSON object", format=FORMAT)
    return found


def _pythonic(content: bytes, error: orjson.JSONDecodeError) -> object:
    if "depth" in error.msg or len(content) > MAX_PYTHONIC_BYTES:
        return None
    try:
        found: object = json.loads(content.decode("utf-8"))
        json.dumps(found, ensure_ascii=False).encode()  # refuses halves of surrogate pairs
    except (ValueError, RecursionError):
        return None
    return found


def is_model_config(raw: object) -> bool:
    """Return whether a serialised object is a model with a graph."""
    if not isinstance(raw, dict):
        return False
    config = raw.get("config")
    if raw.get("class_name") == "Sequential":
        return isinstance(config, list) or (isinstance(config, dict) and "layers" in config)
    return (
        isinstance(config, dict)
        and isinstance(config.get("layers"), list)
        and ("output_layers" in config)
    )


def read_definition(raw: Json, notes: Notes) -> Definition:
    """Return the definition of a serialised model, with all that are inside of it."""
    root = _empty(raw)
    waiting = [(raw, root)] if is_model_config(raw) else []
    while waiting:
        serialised, definition = waiting.pop()
        definition.has_graph = True
        config = serialised["config"]
        entries = config if isinstance(config, list) else config["layers"]
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, dict):
                notes.add("damaged", "A layer is no JSON object and was left out")
                continue
            operation = _operation(entry, len(definition.operations), notes)
            definition.operations.append(operation)
            if is_model_config(entry):
                operation.inner = _empty(entry)
                waiting.append((entry, operation.inner))
            elif is_model_config(operation.config.get("layer")):
                operation.wrapped = _empty(operation.config["layer"])
                waiting.append((operation.config["layer"], operation.wrapped))
        if serialised.get("class_name") == "Sequential" or isinstance(config, list):
            _chain(definition, config)
        else:
            _connect(definition, config, entries)
    return root


def _empty(raw: Json) -> Definition:
    config = raw.get("config")
    kept = {k: v for k, v in config.items() if k != "layers"} if isinstance(config, dict) else {}
    name = kept.get("name")
    return Definition(_text(name), _text(raw.get("class_name")) or "Model", kept)


def _operation(entry: Json, index: int, notes: Notes) -> Operation:
    config = entry.get("config")
    config = config if isinstance(config, dict) else {}
    class_name = _text(entry.get("class_name")) or "Unknown"
    name = _text(entry.get("name")) or _text(config.get("name"))
    if not name:
        name = f"{class_name.lower()}_{index}"
        if "batch_input_shape" not in config and not isinstance(entry.get("config"), list):
            notes.add("guessed", "A layer has no name and was called after its class", name)
    build = entry.get("build_config")
    return Operation(
        name=name,
        class_name=class_name,
        module=_text(entry.get("module")),
        registered=_text(entry.get("registered_name")),
        config=config,
        build=build if isinstance(build, dict) else {},
    )


def _chain(definition: Definition, config: object) -> None:
    """Connect a Sequential model: each operation reads the one before it."""
    operations = definition.operations
    if not operations:
        return
    if not operations[0].is_input:
        operations.insert(0, _implied_input(operations[0], config))
    definition.inputs = [(operations[0].name, 0, 0)]
    before = definition.inputs[0]
    for operation in operations[1:]:
        built = shape_of(operation.build.get("input_shape"))
        if built is not None:
            definition.hints[before] = TensorType("", built)
        operation.calls.append(Call([before]))
        before = (operation.name, 0, 0)
    definition.outputs = [before]


def _implied_input(first: Operation, config: object) -> Operation:
    """Return the input that a Sequential model has without saying so."""
    shape = first.config.get("batch_input_shape")
    if not isinstance(shape, list) and isinstance(config, dict):
        shape = config.get("build_input_shape")
    if not isinstance(shape, list):
        shape = first.build.get("input_shape")
    dtype = first.config.get("dtype")
    given = {"batch_shape": shape, "dtype": dtype if isinstance(dtype, str) else None}
    return Operation(f"{first.name}_input", "InputLayer", "", "", given, {})


def _connect(definition: Definition, config: Json, entries: list[Any]) -> None:
    """Read the calls of a functional model."""
    for operation, entry in zip(
        definition.operations, (e for e in entries if isinstance(e, dict)), strict=True
    ):
        raw_calls = entry.get("inbound_nodes")
        for raw in raw_calls if isinstance(raw_calls, list) else []:
            operation.calls.append(Call(list(_references(raw, definition.hints)), raw))
    definition.inputs = list(_references(config.get("input_layers"), definition.hints))
    definition.outputs = list(_references(config.get("output_layers"), definition.hints))
    _number_calls(definition)


def _number_calls(definition: Definition) -> None:
    """Find from which number references count the calls of inner models.

    Keras gives a functional model a call of its own before those that it stores; whether
    that is counted depends on version and class, so the references themselves are asked.
    """
    models = {one.name: one for one in definition.operations if one.inner is not None}
    if not models:
        return
    seen: dict[str, set[int]] = {name: set() for name in models}
    read = (ref for one in definition.operations for call in one.calls for ref in call.arguments)
    for name, number, _ in (*read, *definition.outputs):
        if name in seen:
            seen[name].add(number)
    for name, operation in models.items():
        numbers = seen[name]
        is_from_one = operation.class_name != "Sequential" and 0 not in numbers
        if len(operation.calls) in numbers or is_from_one:
            operation.first_call = 0 if 0 in numbers else 1


def _references(raw: object, hints: dict[Ref, TensorType]) -> Iterator[Ref]:
    """Yield the tensors that a piece of JSON refers to, in its order, whatever its nesting.

    Keras 1 and 2 write ``[name, call, output]`` or ``[name, call, output, kwargs]``, Keras 3
    an object of class ``__keras_tensor__``, whose type is added to `hints`.
    """
    waiting = [raw]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("class_name") == "__keras_tensor__":
                found = _keras_tensor(one.get("config"), hints)
                if found is not None:
                    yield found
            else:
                waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            if is_reference(one):
                if one[0] != "_CONSTANT_VALUE":
                    yield one[0], one[1], one[2]
                waiting.extend(one[3:])
            else:
                waiting.extend(reversed(one))


def is_reference(one: list[Any]) -> bool:
    """Return whether a list is Keras 2's reference to a tensor, or to a constant."""
    if not (3 <= len(one) <= 4 and isinstance(one[0], str)):
        return False
    if one[0] == "_CONSTANT_VALUE":
        return True
    are_numbers = type(one[1]) is int and type(one[2]) is int and one[1] >= 0 and one[2] >= 0
    return are_numbers and (len(one) == 3 or isinstance(one[3], dict))


def _keras_tensor(config: object, hints: dict[Ref, TensorType]) -> Ref | None:
    history = config.get("keras_history") if isinstance(config, dict) else None
    if not (isinstance(history, list) and len(history) == 3 and is_reference(history)):
        return None
    assert isinstance(config, dict)
    found = (history[0], history[1], history[2])
    dtype = config.get("dtype")
    hints[found] = TensorType(
        dtype if isinstance(dtype, str) else "", shape_of(config.get("shape"))
    )
    return found


def shape_of(raw: object) -> tuple[int | None, ...] | None:
    """Return a shape of the file; None where it is none."""
    if isinstance(raw, dict):  # Keras 2's {"class_name": "TensorShape", "items": [...]}
        raw = raw.get("items")
    if not isinstance(raw, list) or len(raw) > MAX_RANK:
        return None
    if not all(d is None or (type(d) is int and abs(d) < 1 << 62) for d in raw):
        return None
    return tuple(d if d is not None and d >= 0 else None for d in raw)


def _text(raw: object) -> str:
    return raw if isinstance(raw, str) else ""
