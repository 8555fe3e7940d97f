"""Cut ONNX models at their paired tensors, so that each node is fed anew; in the worker only.

Both models are cut at every paired tensor. The quantized one is fed with the float
model's tensors, rounds them as it stores them, and computes each node from these; the
float one computes each node from the same rounded tensors. Needs `onnx`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from measures.runners.onnx_codes import TENSOR_TYPES
from measures.runners.onnx_pairs import Pair, dequantizer
from measures.runners.onnx_reach import prune

OWN = "/opscope.own"  # suffix: as the node computes it, not as it is fed
FED = "/opscope.fed"  # suffix: real numbers to be turned into codes


def cut_quantized(
    model: Any,
    found: Sequence[Pair],
    given: AbstractSet[str],
    dtypes: Mapping[str, Any],
    outputs: Iterable[str],
) -> None:
    """Make every cut tensor an input; what its node computes, rounded, can be an output.

    Parameters
    ----------
    model : ModelProto
        The quantized model; changed in place.
    found : sequence of Pair
    given : set of str
        Its graph inputs.
    dtypes : mapping of str to dtype
        By cut tensor, as real numbers.
    outputs : iterable of str
        What is wanted: ``quantized`` of a pair as it is fed, or with `OWN` as it is computed.
    """
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
    _declare(model, names, outputs)
    prune(model)


def cut_float(
    model: Any, dtypes: Mapping[str, Any], given: AbstractSet[str], outputs: Iterable[str]
) -> None:
    """Make every paired tensor of the float model an input, and those that are wanted outputs.

    Parameters
    ----------
    model : ModelProto
        Changed in place.
    dtypes : mapping of str to dtype
        By paired tensor.
    given : set of str
        Its graph inputs.
    outputs : iterable of str
        Tensors with `OWN`.
    """
    names = {name: dtype for name, dtype in dtypes.items() if name not in given}
    _rename_outputs(model, set(names))
    _declare(model, names, outputs)
    prune(model)


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
