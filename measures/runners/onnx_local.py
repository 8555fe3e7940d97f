"""Local quantization error of ONNX nodes: what each adds on its own; in the worker only.

Both models are cut at every paired tensor (`measures/runners/onnx_cut.py`), so that each node
is computed from the float model's tensors, rounded as the quantized model stores them.
Whatever differs then, the node's own weights, arithmetic and rounding have added. Cut so,
any part of the nodes can be run without the others: in portions that fit into memory, and
without those that fail. Needs `onnx` and `onnxruntime`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.runners import onnx_sessions
from measures.runners.failure import words_of
from measures.runners.onnx_cut import FED, OWN, cut_float, cut_quantized
from measures.runners.onnx_pairs import Pair
from measures.runners.onnx_partial import Partial

Tensors = dict[str, NDArray[np.generic]]
Result = tuple[Any, Any] | str  # (float, quantized), or why there is none
Dtypes = Sequence[tuple[Any, Any]]  # of the float and the quantized tensor of each pair


class LocalRun:
    """Runs every node of a pair of models on the float model's tensors.

    Parameters
    ----------
    sources : (Partial, Partial)
        The float and the quantized model.
    n_threads : int
    found : sequence of Pair
    dtypes : sequence of (dtype, dtype)
        Of the float and the quantized tensor of each pair, as real numbers.
    portions : sequence of list of int
        Pairs that are run together, by index.
    """

    def __init__(
        self,
        sources: tuple[Partial, Partial],
        n_threads: int,
        found: Sequence[Pair],
        dtypes: Dtypes,
        portions: Sequence[list[int]],
    ) -> None:
        self._sources, self._n_threads = sources, n_threads
        self._pairs, self._dtypes = found, dtypes
        self._members = [list(members) for members in portions]
        self._made: dict[tuple[int, ...], _Portion] = {}

    def run(
        self, floats: Callable[[AbstractSet[str]], Tensors], given: Tensors
    ) -> Iterator[tuple[int, Result]]:
        """Yield index of a pair and its tensors, both computed from the same inputs.

        A portion that fails is halved until the node that fails is alone; that one is
        given its reason and left out from then on.

        Parameters
        ----------
        floats : callable
            Returns the named tensors of the float model, for one sample.
        given : mapping of str to array
            The quantized model's own graph inputs, which need not be paired.
        """
        waiting, good = deque(self._members), []
        while waiting:
            members = waiting.popleft()
            try:
                portion = self._portion(members)
                results = portion.run(floats(portion.needs), given)
            except Exception as error:  # the runtime's exceptions share no public base
                self._made.pop(tuple(members), None)
                half = len(members) // 2
                if not half:
                    yield members[0], words_of(error)
                    continue
                waiting.extendleft([members[half:], members[:half]])
                continue
            good.append(members)
            yield from results
        self._members = good

    def _portion(self, members: list[int]) -> _Portion:
        key = tuple(members)
        if key not in self._made:
            self._made[key] = _Portion(
                self._sources, self._n_threads, self._pairs, self._dtypes, members
            )
        return self._made[key]


class _Portion:
    """Sessions that compute some of the pairs, each from what all pairs are fed with.

    Attributes
    ----------
    needs : set of str
        Tensors of the float model that `run` must be given.
    """

    def __init__(
        self,
        sources: tuple[Partial, Partial],
        n_threads: int,
        found: Sequence[Pair],
        dtypes: Dtypes,
        members: Sequence[int],
    ) -> None:
        self._pairs, self._members = found, members
        self._real = {p.reference: x for p, (x, _) in zip(found, dtypes, strict=True)}
        self._twin = {p.cut: y for p, (_, y) in zip(found, dtypes, strict=True)}
        self._pair_of = {pair.reference: pair for pair in found}
        self._first = self._float_session(sources[0], n_threads)
        asked = [self._pair_of.get(name) for name in _inputs(self._first)]
        self._second = self._quantized_session(sources[1], n_threads, filter(None, asked))
        fed = set(_inputs(self._second))
        self._fed = {_fed_name(pair): pair for pair in found if _fed_name(pair) in fed}
        self.needs = {pair.reference for pair in self._fed.values()} | set(_inputs(self._first))
        self.needs |= {found[i].reference for i in members}

    def _float_session(self, source: Partial, n_threads: int) -> Any:
        model = source.model()
        given = {value.name for value in model.graph.input}
        wanted = [self._pairs[i].reference for i in self._members]
        outputs = [name + OWN for name in wanted if name not in given]
        if not outputs:
            return None
        cut_float(model, self._real, given, outputs)
        return onnx_sessions.session(model, source.path, n_threads)

    def _quantized_session(self, source: Partial, n_threads: int, asked: Iterator[Pair]) -> Any:
        """Return what computes the members, and the rounded tensors that the float model reads."""
        model = source.model()
        given = {value.name for value in model.graph.input}
        members = [self._pairs[i] for i in self._members]
        self._is_given = [pair.cut in given for pair in members]
        self._owns = [
            pair.quantized if is_given else pair.quantized + OWN
            for pair, is_given in zip(members, self._is_given, strict=True)
        ]
        rounded = [pair.quantized for pair in asked if pair.quantized != pair.cut]
        outputs = [name for name in dict.fromkeys([*self._owns, *rounded]) if name not in given]
        if not outputs:
            return None
        cut_quantized(model, self._pairs, given, self._twin, outputs)
        return onnx_sessions.session(model, source.path, n_threads)

    def run(self, floats: Tensors, given: Tensors) -> list[tuple[int, Result]]:
        """Return index and (float, quantized) of each pair.

        Parameters
        ----------
        floats : mapping of str to array
            `needs`, of one sample.
        given : mapping of str to array
        """
        feed = {
            name: np.asarray(floats[pair.reference]).astype(self._twin[pair.cut])
            for name, pair in self._fed.items()
        }
        own = set(_inputs(self._second))
        feed |= {name: value for name, value in given.items() if name in own and name not in feed}
        computed = {**given, **feed, **_run(self._second, feed)}
        exact = self._exact(computed, floats)
        results: list[tuple[int, Result]] = []
        for i, name, is_given in zip(self._members, self._owns, self._is_given, strict=True):
            reference = self._pairs[i].reference
            # A graph input is computed by nobody: its rounding is its error.
            x = floats[reference] if is_given else exact[reference]
            results.append((i, (x, computed[name])))
        return results

    def _exact(self, computed: Mapping[str, Any], floats: Tensors) -> Tensors:
        """Return each float tensor as its node computes it from rounded tensors."""
        feed = {}
        for name in _inputs(self._first):
            pair, own = self._pair_of.get(name), floats[name]
            source = own
            if pair is not None:
                cast = np.asarray(own).astype(self._twin[pair.cut])
                source = computed.get(pair.quantized, cast)
            feed[name] = np.asarray(source).astype(np.asarray(own).dtype)
        named = {n.removesuffix(OWN): v for n, v in _run(self._first, feed).items()}
        return {**floats, **named}


def _fed_name(pair: Pair) -> str:
    return pair.cut + FED if pair.is_code else pair.cut


def _inputs(runner: Any) -> list[str]:
    return [value.name for value in runner.get_inputs()] if runner is not None else []


def _run(runner: Any, feed: Tensors) -> Tensors:
    if runner is None:
        return {}
    names = [value.name for value in runner.get_outputs()]
    return dict(zip(names, runner.run(names, feed), strict=True))
