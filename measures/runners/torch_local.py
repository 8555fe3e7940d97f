"""Local quantization error of a PyTorch program: what each call adds on its own; worker only.

Every call of the quantized program runs on the float program's tensors, rounded as the
quantized one rounds them; its float twin runs on the same rounded tensors, with its own
weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from measures.runners.failure import words_of
from measures.runners.torch_pairs import Pair, folded_convolution, key_of, source
from measures.runners.torch_programs import Program
from measures.runners.torch_steps import Steps, evaluate, is_mutable


@dataclass(frozen=True, slots=True)
class _Given:
    """One tensor that both calls read and that depends on the inputs.

    Attributes
    ----------
    reference, twin : fx.Node
        What the float and the quantized call read.
    origin : fx.Node
        The float tensor that the quantized call reads, rounded or not.
    before : fx.Node
        What `twin` was before it was rounded; `twin` itself where it is not rounded.
    """

    reference: Any
    twin: Any
    origin: Any
    before: Any


@dataclass(frozen=True, slots=True)
class _Plan:
    pair: Pair
    given: tuple[_Given, ...]


class LocalRun:
    """Takes local errors beside a run of the float program.

    Attributes
    ----------
    skipped : dict of str to str
        Node of the quantized program -> why it has no local error.
    """

    def __init__(self, first: Program, second: Program, found: list[Pair]) -> None:
        self._first, self._second = first, second
        self._origins = {pair.own: pair.reference for pair in found}
        self._constant = [constants(program) for program in (first, second)]
        self.skipped: dict[str, str] = {}
        self._plans: dict[Any, dict[int, _Plan]] = {}
        for i, pair in enumerate(found):
            plan = self._plan(pair)
            if isinstance(plan, str):
                self.skipped[key_of(pair.own)] = plan
            else:
                self._plans.setdefault(pair.own, {})[i] = plan

    @property
    def wanted(self) -> list[Any]:
        """The nodes whose values the run of the float program must keep, once for each use."""
        plans = (plan for own in self._plans.values() for plan in own.values())
        return [one.origin for plan in plans for one in plan.given]

    def _plan(self, pair: Pair) -> _Plan | str:
        """Return how a pair is run alone, or why it cannot be."""
        if pair.own.op == "placeholder":  # its rounding is its error
            return _Plan(pair, (_Given(pair.reference, pair.own, pair.reference, pair.own),))
        reader = folded_convolution(pair.reference) or pair.reference
        if str(reader.target) != str(pair.own.target):
            return "the two programs call different operators"
        if is_mutable(pair.own) or any(node.op == "get_attr" for node in pair.own.all_input_nodes):
            return "it needs more than what it is given"
        nodes = [
            [one for one in node.all_input_nodes if one not in constant]
            for node, constant in zip((reader, pair.own), self._constant, strict=True)
        ]
        if len(nodes[0]) != len(nodes[1]):
            return "one of the two programs reads a constant where the other computes"
        given = [self._given(*both) for both in zip(*nodes, strict=True)]
        if None in given:
            return "an input of it has no twin in the float program"
        return _Plan(pair, tuple(one for one in given if one is not None))

    def _given(self, reference: Any, twin: Any) -> _Given | None:
        value = twin.meta.get("val")
        if not (hasattr(value, "is_floating_point") and value.is_floating_point()):
            return _Given(reference, twin, reference, twin)  # indices and sizes: as they are
        before = source(twin)
        origin = self._origins.get(before)
        return None if origin is None else _Given(reference, twin, origin, before)

    def results(
        self, node: Any, floats: Steps, values: dict[str, Any]
    ) -> Iterator[tuple[int, tuple[Any, Any] | str]]:
        """Yield (float, quantized) by index of the pair, of the pairs that `node` computes.

        A call that fails yields the reason, and is left out from then on.

        Parameters
        ----------
        node : fx.Node
            Of the quantized program.
        floats : Steps
        values : dict of str to Any
            Of the quantized program's placeholders.
        """
        for i, plan in list(self._plans.get(node, {}).items()):
            try:
                exact, own = self._result(plan, floats, values)
            except Exception as error:  # torch raises whatever its kernels raise
                del self._plans[node][i]
                yield i, words_of(error)
                continue
            if hasattr(own, "shape"):
                yield i, (exact, own)

    def _result(self, plan: _Plan, floats: Steps, values: dict[str, Any]) -> tuple[Any, Any]:
        known: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})
        given = [(one, floats.value(one.origin)) for one in plan.given]
        for one, value in given:
            floats.release(one.origin)
            value = evaluate(one.twin, {one.before: value}, self._second.module, values)
            known[0][one.reference] = known[1][one.twin] = value
        pair = plan.pair
        exact = evaluate(pair.reference, known[0], self._first.module, self._first.fixed)
        return exact, evaluate(pair.quantized, known[1], self._second.module, values)


def constants(program: Program) -> set[Any]:
    """Return the nodes whose values no input of a run changes."""
    found: set[Any] = set()
    for node in program.module.graph.nodes:
        is_given = node.op == "get_attr" or node.name in program.fixed
        is_made = node.op == "call_function" and all(one in found for one in node.all_input_nodes)
        if is_given or is_made:
            found.add(node)
    return found
