"""What differs between the two sides of a pair, and what kind of pair that makes it.

Attributes are decoded for paired operators only, and compared only where both files speak the
same format; what says where a node was written and where its bytes lie is no difference.
Texts are untrusted and cut. Imports `graphs.match_state`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal

from graphs.errors import quoted
from graphs.ir import Facts, NodeKind
from graphs.match_ops import QUANTIZING, TRANSPARENT
from graphs.match_side import Side
from graphs.match_state import Work, may_be_same
from graphs.match_types import Change, PairKind
from graphs.match_weights import Weights

NOT_MEANT = frozenset(
    [
        "source",
        "stack_trace",
        "nn_module_stack",
        "doc_string",
        "location",
        "buffer",
        "bytes",
        "tensor_index",
        "op_version",
        "path",
        "module",
        "namespace",
        "scope",
        "from_node",
        "torch_fn",
        "checkpoint_key",
        "checkpoint_bytes",
        "argument",
        "name",
        "value",
        "signature_name",
        "metadata",
        "min",
        "max",
        "data",
        "file",
        "offset",
        "length",
    ]
)
QUANTIZATION = frozenset(["scale", "zero_point", "quantized_dimension", "axis", "block_size"])
MAX_CHANGES = 32  # of one pair


def changes_of(work: Work, rows_a: list[int], rows_b: list[int]) -> tuple[Change, ...]:
    """Return the differences between two paired rows, at most `MAX_CHANGES`.

    Parameters
    ----------
    work : Work
    rows_a, rows_b : list of int
        The row that the pair is made by, then what was folded into it.
    """
    a, b = rows_a[0], rows_b[0]
    found: list[Change] = []
    if work.a.op[a] != work.b.op[b]:
        found += _op_type(work, a, b)
    if work.a.full_type_of[a] != work.b.full_type_of[b] or work.a.n_outputs[a] != 1:
        found += _types(work, a, b)
    found += _attributes(work, a, b)
    found += _quantization(work, a, b)
    if len(rows_a) + len(rows_b) > 2:
        found += _quantizing(work, rows_a, rows_b)
    ends = zip(work.a.preds[a], work.b.preds[b], strict=False)
    if any(work.to_b[mine[0]] != theirs[0] for mine, theirs in ends):
        found += _inputs(work, a, b)  # what only one side reads is in its attributes or constants
    found += _weights(work, a, b)
    return tuple(found[:MAX_CHANGES])


def kind_of(
    work: Work, rows_a: list[int], rows_b: list[int], changes: tuple[Change, ...]
) -> PairKind:
    """Return the kind of a pair: what computes decides, else all operators do."""
    n_a, n_b = (_count(work.a, rows_a, _operates), _count(work.b, rows_b, _operates))
    if max(n_a, n_b) > 1:
        c_a, c_b = (_count(work.a, rows_a, _computes), _count(work.b, rows_b, _computes))
        if c_a != c_b and min(c_a, c_b) > 0:
            return "fused" if c_a > c_b else "split"
        if n_a != n_b:
            return "fused" if n_a > n_b else "split"
    is_same = not changes and len(rows_a) == len(rows_b) == 1
    return "equal" if is_same or (not changes and not work.is_same_format) else "changed"


def _count(side: Side, rows: list[int], is_counted: Callable[[Side, int], bool]) -> int:
    return sum(is_counted(side, row) for row in rows)


def _operates(side: Side, row: int) -> bool:
    return side.kind[row] == NodeKind.OPERATOR


def _computes(side: Side, row: int) -> bool:
    return side.kind[row] == NodeKind.OPERATOR and side.class_names[row] not in TRANSPARENT


def _op_type(work: Work, a: int, b: int) -> Iterator[Change]:
    if work.a.kind[a] != NodeKind.OPERATOR:
        return
    is_other_class = work.a.class_of[a] != work.b.class_of[b]
    if is_other_class or (work.is_same_format and work.a.op[a] != work.b.op[b]):
        mine, theirs = _op_text(work.a, a), _op_text(work.b, b)
        yield Change("op type", "", mine, theirs)


def _op_text(side: Side, row: int) -> str:
    graph, own = side.local(row)
    return quoted(graph.op_types[int(graph.node_op[own])])


def _types(work: Work, a: int, b: int) -> Iterator[Change]:
    graph_a, graph_b = work.a.local(a)[0], work.b.local(b)[0]
    outs_a, outs_b = work.a.values(a), work.b.values(b)
    for slot, (va, vb) in enumerate(zip(outs_a, outs_b, strict=False)):
        mine = graph_a.types[int(graph_a.value_type[va])]
        theirs = graph_b.types[int(graph_b.value_type[vb])]
        if mine == theirs:
            continue
        name = f"output {slot}" if len(outs_a) > 1 else ""
        if mine.dtype and theirs.dtype and not _is_same_dtype(work, mine.dtype, theirs.dtype):
            yield Change("dtype", name, quoted(mine.dtype), quoted(theirs.dtype))
        is_known = mine.shape is not None and theirs.shape is not None
        is_other = (
            mine.shape != theirs.shape if work.is_same_format else not may_be_same(mine, theirs)
        )
        if is_known and is_other:
            yield Change("shape", name, quoted(mine.shape_text()), quoted(theirs.shape_text()))


def _is_same_dtype(work: Work, a: str, b: str) -> bool:
    """Return whether two dtypes are one; between formats the width of whole numbers is none."""
    return a == b or (not work.is_same_format and {a, b} <= _INDEX_DTYPES)


_INDEX_DTYPES = frozenset(["int", "int32", "int64"])  # ONNX counts in int64, TFLite in int32


def _attributes(work: Work, a: int, b: int) -> Iterator[Change]:
    if not work.is_same_format or work.a.kind[a] != NodeKind.OPERATOR:
        return
    graph_a, own_a = work.a.local(a)
    graph_b, own_b = work.b.local(b)
    mine, theirs = graph_a.source.attributes(own_a), graph_b.source.attributes(own_b)
    if mine != theirs:
        yield from _differing("attribute", _meant(mine), _meant(theirs))


def _meant(facts: Facts) -> dict[str, str]:
    return {
        key: value
        for key, value in facts
        if key not in NOT_MEANT and not key.startswith(("__", "pkg."))  # hidden; an exporter's
    }


def _differing(
    what: Literal["attribute", "quantization"], mine: dict[str, str], theirs: dict[str, str]
) -> Iterator[Change]:
    for key in dict.fromkeys([*mine, *theirs]):
        old, new = mine.get(key, ""), theirs.get(key, "")
        if old != new and _REFERENCE.sub("%", old) != _REFERENCE.sub("%", new):
            yield Change(what, quoted(key), quoted(old), quoted(new))


_REFERENCE = re.compile(r"%[\w.]+")  # another node in an argument; inputs say whether it moved


def _quantization(work: Work, a: int, b: int) -> Iterator[Change]:
    """Compare scale and zero point of the outputs, and say where only one side quantizes."""
    mine, theirs = _scales(work.a, a), _scales(work.b, b)
    if mine != theirs:
        yield from _differing("quantization", mine, theirs)


def _quantizing(work: Work, rows_a: list[int], rows_b: list[int]) -> Iterator[Change]:
    """Say which nodes that quantize were folded into one side more than into the other."""
    mine, theirs = _quantizers(work.a, rows_a), _quantizers(work.b, rows_b)
    if mine != theirs:
        yield Change("quantization", "nodes", mine, theirs)


def _quantizers(side: Side, rows: list[int]) -> str:
    """Return e.g. ``2 QuantizeLinear, 3 DequantizeLinear``."""
    names = (_op_text(side, row) for row in rows[1:] if side.class_names[row] in QUANTIZING)
    return ", ".join(f"{n} {name}" for name, n in Counter(names).most_common(4))


def _scales(side: Side, row: int) -> dict[str, str]:
    graph = side.graphs[side.graph_of[row]]
    found: dict[str, str] = {}
    for value in side.values(row)[:8]:
        for key, text in graph.source.value_facts(value):
            if key in QUANTIZATION:
                found.setdefault(key, text)
    return found


def _inputs(work: Work, a: int, b: int) -> Iterator[Change]:
    """Say which input comes from somewhere else: from a row whose partner feeds another.

    Between formats constants do not count: converters share equal ones among their readers.
    """
    fed = {_own(work.host_b, row) for row, _, _ in (*work.b.preds[b], *work.skeleton_b.preds[b])}
    fed_a = {_own(work.host_a, row) for row, _, _ in (*work.a.preds[a], *work.skeleton_a.preds[a])}
    others = (row for row in fed if row != b and work.to_a[row] >= 0)
    new = [row for row in others if work.to_a[row] not in fed_a and _is_data(work, work.b, row)]
    if not new:
        return
    for row, _, slot in work.a.preds[a]:
        source = _own(work.host_a, row)
        is_moved = work.to_b[source] >= 0 and work.to_b[source] not in fed
        if is_moved and source != a and _is_data(work, work.a, row):
            old, now = quoted(work.a.ids[source]), quoted(work.b.ids[min(new)])
            yield Change("inputs", f"input {slot}", old, now)
            return


def _is_data(work: Work, side: Side, row: int) -> bool:
    return work.is_same_format or side.kind[row] != NodeKind.CONSTANT


def _own(host: dict[int, int], row: int) -> int:
    return host.get(row, row)


def _weights(work: Work, a: int, b: int) -> list[Change]:
    """Say that two constants hold other values; nothing where one is not known."""
    if work.a.kind[a] != NodeKind.CONSTANT:
        return []
    mine, theirs = work.weights_a.of.get(a), work.weights_b.of.get(b)
    if mine is None or theirs is None:
        return []
    is_same = mine.in_any_order == theirs.in_any_order
    if work.is_same_format:
        is_same = mine.in_order == theirs.in_order
    if is_same or not (mine.is_float or work.is_same_format):
        return []
    is_as_many = mine.n_elements == theirs.n_elements
    new = "other values" if is_as_many else f"{theirs.n_elements:,} values"
    return [Change("weights", "", f"{mine.n_elements:,} values", new)]


def same_weights(work: Work) -> bool | None:
    """Return whether all numbers in the initializers are the same; None where unknown.

    Between formats only fractions count, in any order, and of those without a partner only
    what is hardly anything else than weights: shapes, scales and paddings are written as
    constants in one and as attributes in the other.
    """
    contents = [*work.weights_a.of.values(), *work.weights_b.of.values()]
    if None in contents:
        return None
    if work.is_same_format:
        return _orders(work.weights_a) == _orders(work.weights_b)
    pairs = ((a, b) for a, b in enumerate(work.to_b) if b >= 0)
    if any(_weights(work, a, b) for a, b in pairs):
        return False
    return _telling(work.weights_a) == _telling(work.weights_b)


def _orders(weights: Weights) -> set[int]:
    return {content.in_order for content in weights.of.values() if content}


def _telling(weights: Weights) -> set[tuple[int, int]]:
    return {
        (content.n_elements, content.in_any_order)
        for content in weights.of.values()
        if content and content.is_telling
    }
