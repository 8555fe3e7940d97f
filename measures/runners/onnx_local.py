"""Local quantization error of ONNX nodes: what each adds on its own; in the worker only.

Both models are cut at every paired tensor. The quantized one is fed with the float
model's tensors, rounds them as it stores them, and computes each node from these; the
float one computes each node from the same rounded tensors. Whatever differs then, the
node's own weights, arithmetic and rounding have added. Needs `onnx` and `onnxruntime`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.runners import onnx_sessions
from measures.runners.onnx_codes import TENSOR_TYPES
from measures.runners.onnx_pairs import Pair, dequantizer

Tensors = dict[str, NDArray[np.generic]]
OWN = "/opscope.own"  # suffix: as the node computes it, not as it is fed
FED = "/opscope.fed"  # suffix: real numbers to be turned into codes


class LocalRun:
    """Runs every node of a pair of models on the float model's tensors.

    Parameters
    ----------
    request : dict
        ``path``, ``reference``, ``n_threads``.
    found : sequence of Pair
    floats, twins : mapping of str to array
        The paired tensors of one accumulated run, which tell the dtypes.

    Raises
    ------
    NotRunnable
        The runtime refuses a model that is cut so.
    """

    def __init__(
        self, request: dict[str, Any], found: Sequence[Pair], floats: Tensors, twins: Tensors
    ) -> None:
        n_threads = int(request["n_threads"])
        first = onnx_sessions.load(request["reference"])
        second = onnx_sessions.load(request["path"])
        given, own_given = ({v.name for v in m.graph.input} for m in (first, second))
        self._pairs = found
        self._is_given = [p.cut in own_given for p in found]
        self._dtypes = {p.cut: np.asarray(twins[p.quantized]).dtype for p in found}
        _cut_quantized(second, found, own_given, self._dtypes)
        _cut_float(first, found, given, floats)
        self._second = onnx_sessions.session(second, request["path"], n_threads)
        self._first = onnx_sessions.session(first, request["reference"], n_threads)
        self._fed = {value.name for value in self._second.get_inputs()}

    def run(self, floats: Tensors, given: Tensors) -> list[tuple[Any, Any]]:
        """Return (float, quantized) of each pair, both computed from the same inputs.

        Parameters
        ----------
        floats : mapping of str to array
            Every paired tensor of the float model, for one sample.
        given : mapping of str to array
            The quantized model's own graph inputs, which need not be paired.
        """
        feed = dict(given)
        for pair in self._pairs:
            name = pair.cut + FED if pair.is_code else pair.cut
            if name in self._fed:
                feed[name] = np.asarray(floats[pair.reference]).astype(self._dtypes[pair.cut])
        owns = [
            p.quantized if is_given else p.quantized + OWN
            for p, is_given in zip(self._pairs, self._is_given, strict=True)
        ]
        rounded = (p.quantized for p in self._pairs if p.quantized != p.cut)
        wanted = list(dict.fromkeys([*owns, *rounded]))
        computed = {**feed, **dict(zip(wanted, self._second.run(wanted, feed), strict=True))}
        exact = self._floats({p.reference: computed[p.quantized] for p in self._pairs}, floats)
        results = []
        for pair, own, is_given in zip(self._pairs, owns, self._is_given, strict=True):
            # A graph input is computed by nobody: its rounding is its error.
            x = floats[pair.reference] if is_given else exact[pair.reference]
            results.append((x, computed[own]))
        return results

    def _floats(self, rounded: Mapping[str, Any], floats: Tensors) -> Tensors:
        """Return each float tensor as its node computes it from rounded tensors."""
        feed = {}
        for value in self._first.get_inputs():
            source = rounded.get(value.name, floats.get(value.name))
            feed[value.name] = np.asarray(source).astype(np.asarray(floats[value.name]).dtype)
        outputs = [value.name for value in self._first.get_outputs()]
        values = self._first.run(outputs, feed) if outputs else []
        named = {n.removesuffix(OWN): v for n, v in zip(outputs, values, strict=True)}
        return {**floats, **named}


def _cut_quantized(
    model: Any, found: Sequence[Pair], given: set[str], dtypes: Mapping[str, Any]
) -> None:
    """Make every cut tensor an input, and what its node computes, rounded, an output."""
    chains, heads = [], []
    cut = {pair.cut: pair for pair in found if pair.cut not in given}
    for pair in cut.values():
        chain = [model.graph.node[i] for i in pair.rounding]
        if pair.code:
            chain.append(dequantizer(pair.code, pair.quantized, pair.steps))
        chains += _doubled(chain, pair.cut)
        if pair.is_code:
            heads.append(_quantizer(pair.cut + FED, pair))
    restored = [p for p in {p.quantized: p for p in found}.values() if p.code]
    reals = [dequantizer(p.code, p.quantized, p.steps) for p in restored]
    _rename_outputs(model, set(cut))
    nodes = [*heads, *model.graph.node, *chains, *reals]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    names = {p.cut + FED if p.is_code else p.cut: dtypes[p.cut] for p in cut.values()}
    outputs = [p.quantized + OWN for p in found if p.cut not in given]
    _declare(model, names, [*outputs, *(p.quantized for p in found if p.quantized != p.cut)])


def _cut_float(model: Any, found: Sequence[Pair], given: set[str], floats: Tensors) -> None:
    names = {p.reference for p in found if p.reference not in given}
    _rename_outputs(model, names)
    dtypes = {name: np.asarray(floats[name]).dtype for name in sorted(names)}
    _declare(model, dtypes, [name + OWN for name in sorted(names)])


def _rename_outputs(model: Any, names: set[str]) -> None:
    for node in model.graph.node:
        for i, name in enumerate(node.output):
            if name in names:
                node.output[i] = name + OWN


def _declare(model: Any, dtypes: Mapping[str, Any], outputs: Iterable[str]) -> None:
    """Declare further inputs of any shape, and replace the outputs."""
    import onnx
    from onnx import helper

    for name, dtype in dtypes.items():
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        model.graph.input.append(helper.make_tensor_value_info(name, kind, None))
    del model.graph.value_info[:]
    del model.graph.output[:]
    for name in dict.fromkeys(outputs):
        model.graph.output.append(onnx.ValueInfoProto(name=name))


def _doubled(chain: Sequence[Any], cut: str) -> list[Any]:
    """Return copies of a chain of nodes that begin at what the cut tensor's node computes."""
    import onnx

    renamed = {cut}
    copies = []
    for node in chain:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = ""
        for i, name in enumerate(copy.input):
            if name in renamed:
                copy.input[i] = name + OWN
        for i, name in enumerate(copy.output):
            renamed.add(name)
            copy.output[i] = name + OWN
        copies.append(copy)
    return copies


def _quantizer(real: str, pair: Pair) -> Any:
    from onnx import helper

    steps = pair.steps
    inputs = [real, steps.scale, *([steps.zero_point] if steps.zero_point else [])]
    node = helper.make_node("QuantizeLinear", inputs, [pair.cut])
    if not steps.zero_point and steps.dtype not in ("", "uint8"):  # else the type is the zero's
        kind = TENSOR_TYPES[steps.dtype]
        node.attribute.append(helper.make_attribute("output_dtype", kind))
    return node
