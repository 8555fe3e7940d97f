"""Pair the tensors of a float PyTorch program with those of its quantized twin; in the worker only.

Names decide, where the operators agree. Where the quantized program passes a tensor
through quantize and dequantize (PT2E), its dequantized value is what the next node reads
and what is compared. https://docs.pytorch.org/ao/stable/tutorials_source/pt2e_quant_ptq.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from measures.runners.torch_latency import owner
from measures.runners.torch_programs import Program, op_name

QUANTIZE = frozenset({"quantize_per_tensor", "quantize_per_channel", "quantize_affine",
                      "quantize_per_token"})  # fmt: skip
DEQUANTIZE = frozenset({"dequantize_per_tensor", "dequantize_per_channel", "dequantize_affine",
                        "dequantize_per_token"})  # fmt: skip
# Where quantize and dequantize take scale, zero point, least and greatest code.
_PLACES = {"per_tensor": (1, 2, 3, 4), "per_token": (1, 2, 3, 4), "per_channel": (1, 2, 4, 5),
           "affine": (2, 3, 5, 6)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A float tensor and its twin.

    Attributes
    ----------
    reference : fx.Node
        Of the float program.
    own : fx.Node
        Of the quantized program, as it computes the tensor.
    quantized : fx.Node
        What is compared: `own`, or its dequantized value.
    how : str
        What the pair was made by.
    """

    reference: Any
    own: Any
    quantized: Any
    how: str = "name"

    @property
    def quantize(self) -> Any:
        """The call that rounds the tensor; None where it is not rounded."""
        return self.quantized.args[0] if self.quantized is not self.own else None


def pairs(
    first: Program, second: Program, mapping: Mapping[str, str], similar: Mapping[str, str]
) -> list[Pair]:
    """Return the pairs of inputs and results, in the float program's order.

    Parameters
    ----------
    first, second : Program
        The float and the quantized one.
    mapping, similar : mapping of str to str
        Float tensor -> quantized one: before what names say, and where names say nothing.
    """
    twins = {node.name: node for node in _computed(second)}
    by_place = dict(zip(first.inputs, second.inputs, strict=False))
    folded = _folded(first, twins)
    found = []
    for node in _computed(first):
        if node in folded:
            twin = folded[node]
            found += [Pair(node, twin, rounded(twin), "structure")] if twin is not None else []
            continue
        wanted, how = mapping.get(node.name, ""), "mapping"
        if not wanted and is_alike(node, twins.get(node.name)):
            wanted, how = node.name, "name"
        if not wanted:
            wanted, how = similar.get(node.name, ""), "structure"
        twin = twins.get(wanted)
        if twin is None and node in by_place:
            twin, how = by_place[node], "place"
        if twin is not None:
            found.append(Pair(node, twin, rounded(twin), how))
    return found


def _folded(first: Program, twins: Mapping[str, Any]) -> dict[Any, Any]:
    """Return what became of normalizations that quantization folded into convolutions.

    Returns
    -------
    dict of fx.Node to fx.Node or None
        The float normalization -> the quantized convolution; the float convolution -> None,
        since nothing in the quantized program has its values.
    """
    found: dict[Any, Any] = {}
    for node in first.module.graph.nodes:
        conv = folded_convolution(node)
        twin = None if conv is None else twins.get(conv.name)
        if (
            conv is None
            or twin is None
            or not is_alike(conv, twin)
            or any(map(_normalizes, twin.users))
        ):
            continue
        found |= {conv: None, node: twin}
    return found


def folded_convolution(node: Any) -> Any:
    """Return the convolution that a normalization alone reads; None where there is none."""
    if not _normalizes(node) or not node.args:
        return None
    conv = node.args[0]
    is_alone = op_name(conv).startswith(("conv", "linear")) and len(conv.users) == 1
    return conv if is_alone else None


def _normalizes(node: Any) -> bool:
    return op_name(node) == "batch_norm"


def is_alike(node: Any, twin: Any) -> bool:
    """Tell whether two nodes of one name call one operator."""
    if twin is None or node.op != twin.op:
        return False
    return node.op == "placeholder" or str(node.target) == str(twin.target)


def _computed(program: Program) -> Iterator[Any]:
    """Yield the inputs and calls that give real numbers; what only rounds is none of them."""
    for node in program.module.graph.nodes:
        if node.op == "placeholder" and node not in program.inputs:
            continue
        if node.op not in ("placeholder", "call_function"):
            continue
        value = node.meta.get("val")
        is_real = hasattr(value, "is_floating_point") and value.is_floating_point()
        if is_real and op_name(node) not in QUANTIZE | DEQUANTIZE:
            yield node


def rounded(node: Any) -> Any:
    """Return the dequantized value of what a node computes; the node itself where there is none."""
    for user in node.users:
        if op_name(user) in QUANTIZE and user.args[0] is node:
            for reader in user.users:
                if op_name(reader) in DEQUANTIZE:
                    return reader
    return node


def source(node: Any) -> Any:
    """Return what a value was before it was rounded."""
    while op_name(node) in QUANTIZE | DEQUANTIZE:
        node = node.args[0]
    return node


def qparams(node: Any) -> tuple[Any, Any, Any, Any]:
    """Return scale, zero point, least and greatest code of a quantize or dequantize call.

    Each a number or an fx.Node; None where the call does not say.
    """
    kind = op_name(node).partition("quantize_")[2]
    given = (*node.args, *[None] * 8)
    scale, zero, low, high = (given[place] for place in _PLACES[kind])
    return scale, zero, low, high


def channel_axis(node: Any) -> int:
    """Return the axis of the channels of a (de)quantize call; 0 where it has one scale."""
    name = op_name(node)
    if name.endswith("per_channel"):
        return int(node.args[3])
    if name.endswith("affine"):  # one block a channel: as wide as the tensor but along the channels
        shape, blocks = node.meta["val"].shape, node.args[1]
        apart = [i for i, (n, block) in enumerate(zip(shape, blocks, strict=True)) if n != block]
        return apart[0] if len(apart) == 1 else 0
    return 0


def key_of(node: Any) -> str:
    """Return the node's name as the importer gives it: that of what computes it."""
    return str(owner(node).name)
