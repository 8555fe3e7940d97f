"""Signatures of a MetaGraph, and the function behind one that a reader wants to see first.

A TF2 signature is a call of a function, and that often a wrapper of another. The
names that the signature gives to inputs and outputs are carried inwards. Messages
are known by their fields; no framework is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphs.ir import Facts
from graphs.tensor_type import TensorType
from importers.tensorflow_calls import called_functions, data_inputs, passed_through, source_of
from importers.tensorflow_ops import dtype_name
from importers.tensorflow_tensors import dims_of

DEFAULT = "serving_default"
INIT_OPS = frozenset({"__saved_model_init_op", "__saved_model_train_op"})
MAX_WRAPPERS = 16
_TRIVIAL = frozenset({"Identity", "NoOp", "Const", "ReadVariableOp"})


@dataclass(slots=True)
class Labels:
    """What a signature calls the arguments and results of a function, by position."""

    arguments: dict[int, str] = field(default_factory=dict)
    results: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Signature:
    """One signature.

    Attributes
    ----------
    key : str
    inputs, outputs : dict of str to str
        Name -> tensor in the outermost graph, as `node:0`.
    text : str
        For a reader.
    path : list of str
        The functions behind it, from the wrapper to the one with the model in it.
    labels : dict of str to Labels
        By function.
    """

    key: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    text: str
    path: list[str] = field(default_factory=list)
    labels: dict[str, Labels] = field(default_factory=dict)


def read_signatures(
    definitions: Mapping[str, Any], nodes: Mapping[str, Any], functions: Mapping[str, Any]
) -> list[Signature]:
    """Return the signatures, the default first, those that only initialise left out.

    Parameters
    ----------
    definitions : mapping of str to Any
        `SignatureDef` by key.
    nodes : mapping of str to Any
        `NodeDef` of the outermost graph by name.
    functions : mapping of str to Any
        `FunctionDef` by name.
    """
    keys = sorted(set(definitions) - INIT_OPS, key=lambda key: (key != DEFAULT, key))
    found = []
    for key in keys:
        one = definitions[key]
        inputs, outputs = dict(_tensors(one.inputs)), dict(_tensors(one.outputs))
        signature = Signature(key, inputs, outputs, _text(one))
        _follow(signature, nodes, functions)
        found.append(signature)
    return found


def _tensors(infos: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and tensors of a signature's side; parts of a sparse one have their own."""
    found = []
    for name in sorted(infos):
        info = infos[name]
        kind = info.WhichOneof("encoding")
        if kind == "name":
            found.append((name, info.name))
        elif kind == "coo_sparse":
            for part in ("values", "indices", "dense_shape"):
                tensor = getattr(info.coo_sparse, f"{part}_tensor_name")
                found.append((f"{name}.{part}", tensor))
        elif kind == "composite_tensor":
            parts = info.composite_tensor.components
            found += [(f"{name}.{i}", one.name) for i, one in enumerate(parts) if one.name]
    return found


def _text(definition: Any) -> str:
    sides = []
    for infos in (definition.inputs, definition.outputs):
        shown = []
        for name in sorted(infos):
            info = infos[name]
            type = TensorType(dtype_name(info.dtype), dims_of(info.tensor_shape))
            shown.append(f"{name}: {type}")
        sides.append(", ".join(shown))
    return f"({sides[0]}) → {sides[1]}"[:4096]


def _slot(text: str) -> int:
    number = text.rpartition(":")[2]
    return int(number) if number.isdecimal() and len(number) < 10 and ":" in text else 0


def _follow(signature: Signature, nodes: Mapping[str, Any], functions: Mapping[str, Any]) -> None:
    """Walk from the signature's outputs into the function that makes them, past wrappers."""
    outputs = {name: passed_through(nodes, text) for name, text in signature.outputs.items()}
    makers = {source_of(text) for text in outputs.values()}
    call = nodes.get(makers.pop()) if len(makers) == 1 else None
    name_of = {source_of(text): name for name, text in signature.inputs.items()}
    labels = Labels(results={_slot(text): name for name, text in outputs.items()})
    called = called_functions(call, functions) if call is not None else []
    while call is not None and len(called) == 1 and len(signature.path) < MAX_WRAPPERS:
        function = functions.get(called[0])
        if function is None or called[0] in signature.path:
            return
        for i, text in enumerate(data_inputs(call)):
            if source_of(text) in name_of:
                labels.arguments[i] = name_of[source_of(text)]
        signature.path.append(called[0])
        signature.labels[called[0]] = labels
        call, name_of, labels = _inside(function, functions, labels)
        called = called_functions(call, functions) if call is not None else []


def _inside(
    function: Any, functions: Mapping[str, Any], labels: Labels
) -> tuple[Any, dict[str, str], Labels]:
    """Return the one call in a wrapper, labels of its arguments and of the call's results.

    None instead of a call where the function does work of its own.
    """
    work: list[Any] = []
    for node in function.node_def:
        if node.op not in _TRIVIAL:
            work.append(node)
            if len(work) > 1:
                return None, {}, Labels()
    if not work:
        return None, {}, Labels()
    arguments: Sequence[Any] = function.signature.input_arg
    name_of = {
        arguments[i].name: name for i, name in labels.arguments.items() if i < len(arguments)
    }
    nodes = {node.name: node for node in function.node_def}
    inner = Labels()
    for i, arg in enumerate(function.signature.output_arg):
        text = passed_through(nodes, function.ret.get(arg.name, ""))
        if i in labels.results and source_of(text) == work[0].name:
            inner.results[_slot(text)] = labels.results[i]
    return work[0], name_of, inner


def signature_facts(signatures: Sequence[Signature]) -> Facts:
    """Return one fact a signature."""
    return [(f"signature {one.key}"[:1024], one.text) for one in signatures]
