"""Scope: one graph to be of an ONNX model, with the columns of its operator calls.

Apart from the reading (`onnx_nodes`, `onnx_scopes`), so that what builds graphs
needs this alone. Imports no onnx.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, cast

from graphs.tensor_type import TensorType
from importers.naming import Namer
from importers.notes import Notes
from importers.onnx_types import as_text

# AttributeProto.AttributeType
FLOAT, INT, STRING, TENSOR, GRAPH, FLOATS, INTS, STRINGS, GRAPHS, SPARSE = (
    1, 2, 3, 4, 5, 6, 7, 8, 10, 11,
)  # fmt: skip
DEFAULT_DOMAINS = ("", "ai.onnx")
TWICE = "Two tensors have one name; the first is used"
NON_UTF8 = "A name is not UTF-8; its bytes are shown as \\xff"


@dataclass(slots=True, eq=False)
class Scope:
    """One graph to be, with a row for each of its operator calls.

    Attributes
    ----------
    id, title : str
        Of the graph to be.
    proto : GraphProto or FunctionProto
    parent : int
        Scope whose node holds this body; -1 for main and functions.
    caller : int
        That node's index in the parent's `proto.node`; -1 for main and functions.
    is_function : bool
    ids, ops : list of str
        Unique id and op type of each operator call.
    inputs, initializers : list of str
        Tensor names of what is there before the calls. Initializers are dense before
        sparse; one that is declared as an input too is no input.
    outputs : list of str
        Tensor names of what the calls produce, one call after the other.
    handles : dict of str to int
        Tensor name -> place of its value among inputs, initializers and outputs, counted
        through; the first of that name.
    links : array of int
        For each input slot of all calls, one call after the other, the place of the
        value, or -1.
    missing : list of (place in links, name)
        Slots whose value is not in this scope; a slot left out is not among them.
    n_inputs, n_outputs : list of int
        How many slots belong to each call.
    left_out : list of int
        Output slots without a name, counted through all calls; `outputs` lacks them.
    domains : set of str
        Domains of the op types.
    constants : dict of int to TensorType
        The calls of op type Constant, with what they produce.
    bodies : dict of int to list of int
        Operator call -> scopes of the bodies that it holds.
    calls : dict of int to int
        Operator call -> scope of the model-local function that it calls.
    free : dict of str
        Names that a body uses and does not define, in order of first use.
    namer : Namer
        Knows the ids of the operator calls.
    declared_outputs : list of str
        Tensor names of the graph's own outputs.
    stored_types : list of TensorType
        Of the initializers.
    claims : Counter of (dtype code, sizes)
        How many initializers inside the file claim what.
    external : list of TensorProto
        Initializers whose data lies in another file.
    told : list of int
        Operator calls that carry metadata.
    """

    id: str
    title: str
    proto: Any
    parent: int = -1
    caller: int = -1
    is_function: bool = False
    ids: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    initializers: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    handles: dict[str, int] = field(default_factory=dict)
    links: array[int] = field(default_factory=lambda: array("q"))
    missing: list[tuple[int, str]] = field(default_factory=list)
    n_inputs: list[int] = field(default_factory=list)
    n_outputs: list[int] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    domains: set[str] = field(default_factory=set)
    constants: dict[int, TensorType] = field(default_factory=dict)
    bodies: dict[int, list[int]] = field(default_factory=dict)
    calls: dict[int, int] = field(default_factory=dict)
    free: dict[str, None] = field(default_factory=dict)
    namer: Namer = field(default_factory=lambda: Namer(Notes()))
    declared_outputs: list[str] = field(default_factory=list)
    stored_types: list[TensorType] = field(default_factory=list)
    claims: Counter[tuple[int, tuple[int, ...]]] = field(default_factory=Counter)
    external: list[Any] = field(default_factory=list)
    told: list[int] = field(default_factory=list)

    def release(self) -> None:
        """Forget the columns; what is asked for later is read from `proto`."""
        self.outputs, self.ids, self.ops, self.missing = [], [], [], []
        self.n_inputs, self.n_outputs, self.namer = [], [], Namer(Notes())
        self.handles, self.links = {}, array("q")


def texts(names: Sequence[str | bytes], notes: Notes) -> list[str]:
    """Return names as text; those that are not UTF-8 are noted, and the usual file has none."""
    odd = [name for name in names if isinstance(name, bytes)] if bytes in map(type, names) else []
    if not odd:
        return cast("list[str]", names)
    notes.add("damaged", NON_UTF8, as_text(odd[0]), n_times=len(odd))
    return list(map(as_text, names))


def starts(counts: Sequence[int]) -> list[int]:
    """Return where each call's names start in a flat column."""
    return list(accumulate(counts, initial=0))[:-1]
