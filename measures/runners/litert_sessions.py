"""Load a TFLite model and run it with LiteRT; used in the worker process only.

https://ai.google.dev/edge/api/tflite/python/tf/lite/Interpreter
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable
from measures.runners.failure import words_of
from measures.samples import Feed, InputSpec, Samples, renamed, samples

MAX_MODEL_BYTES = 2**31 - 1  # flatbuffers' own limit


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the main subgraph.

    Attributes
    ----------
    index : int
    name : str
    scales : float64 array, shape (k,)
        Empty where the tensor is not quantized; k is 1 or the size of `axis`.
    zero_points : int64 array, shape (k,)
    axis : int
    """

    index: int
    name: str
    scales: NDArray[np.float64]
    zero_points: NDArray[np.int64]
    axis: int

    def real(self, stored: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return stored values as real numbers: scale × (stored − zero point)."""
        if not len(self.scales):
            return stored
        shape = [1] * stored.ndim
        if len(self.scales) > 1:
            shape[self.axis] = len(self.scales)
        zero = self.zero_points.reshape(shape if len(self.scales) > 1 else ())
        scale = self.scales.reshape(shape if len(self.scales) > 1 else ())
        return np.asarray(scale * (stored.astype(np.int64) - zero))

    def stored(self, real: NDArray[np.generic], dtype: Any) -> NDArray[np.generic]:
        """Return real numbers as this tensor stores them: rounded and saturated."""
        if not len(self.scales) or np.dtype(dtype).kind == "f":
            return real.astype(dtype)
        bounds = np.iinfo(dtype)
        rounded = np.round(real / self.scales[0] + self.zero_points[0])
        stored: NDArray[np.generic] = np.clip(rounded, bounds.min, bounds.max).astype(dtype)
        return stored

    def range(self, dtype: Any) -> tuple[float, float] | None:
        """Return (least, greatest) that its codes stand for; None where it is not quantized."""
        if len(self.scales) != 1 or np.dtype(dtype).kind not in "iu":
            return None
        ends = np.iinfo(dtype)
        step, zero = float(self.scales[0]), int(self.zero_points[0])
        return step * (int(ends.min) - zero), step * (int(ends.max) - zero)


def interpreter(
    path: str | bytes,
    n_threads: int,
    *,
    keep_tensors: bool = False,
    sizes: Callable[[dict[str, Any]], Sequence[int]] | None = None,
) -> Any:
    """Return an interpreter with its tensors allocated.

    Parameters
    ----------
    path : str or bytes
        The file, or its content.
    n_threads : int
    keep_tensors : bool
        Keep every tensor for inspection and use the plain kernels, no delegate.
    sizes : callable, optional
        Details of an input -> the shape that it is to have; as in the file by default.

    Raises
    ------
    NotRunnable
        The runtime refuses the model.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    if isinstance(path, str) and Path(path).stat().st_size > MAX_MODEL_BYTES:
        raise NotRunnable("the model", "a file of less than 2 GB")
    source = {"model_content": path} if isinstance(path, bytes) else {"model_path": path}
    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    options = (
        {"experimental_preserve_all_tensors": True, "experimental_op_resolver_type": kernels}
        if keep_tensors
        else {}
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the cost of keeping tensors, which is meant
            made = Interpreter(**source, num_threads=n_threads, **options)
            for details in made.get_input_details():
                if sizes is None:
                    break
                wanted = list(sizes(details))
                if wanted != details["shape"].tolist():
                    made.resize_tensor_input(details["index"], wanted)
            made.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        needs = f"a model that LiteRT accepts ({words_of(error)})"
        raise NotRunnable("the model", needs) from error
    return made


def tensors(runner: Any) -> dict[int, Tensor]:
    """Return the tensors of the main subgraph by index."""
    return {d["index"]: _tensor(d) for d in runner.get_tensor_details()}


def _tensor(details: dict[str, Any]) -> Tensor:
    own = details["quantization_parameters"]
    return Tensor(
        index=details["index"],
        name=details["name"],
        scales=np.asarray(own["scales"], dtype=np.float64),
        zero_points=np.asarray(own["zero_points"], dtype=np.int64),
        axis=int(own["quantized_dimension"]),
    )


def model(request: dict[str, Any], key: str = "path", *, keep_tensors: bool = False) -> Any:
    """Return an interpreter of a request's model, its free dimensions filled in.

    Parameters
    ----------
    request : dict
        ``n_threads``, ``dims``, ``free_dimension`` beside the path.
    key : str
        ``"path"`` or ``"reference"``.
    keep_tensors : bool
    """
    dims = {str(k): int(v) for k, v in (request.get("dims") or {}).items()}
    default = int(request.get("free_dimension", 1))
    made = interpreter(
        request[key],
        int(request["n_threads"]),
        keep_tensors=keep_tensors,
        sizes=lambda details: _spec(details).sizes(dims, default),
    )
    _check_order(made)
    return made


def _check_order(runner: Any) -> None:
    """Refuse a model whose operators read what only later ones compute: the runtime does not."""
    operators = runner._get_ops_details()  # noqa: SLF001 - the package offers no other way
    made: dict[int, int] = {}
    for i, details in enumerate(operators):
        for tensor in details["outputs"]:
            made.setdefault(int(tensor), i)
    for i, details in enumerate(operators):
        if any(made.get(int(tensor), -1) >= i for tensor in details["inputs"]):
            raise NotRunnable("the model", "operators in an order without a cycle")


def feeds(runner: Any, request: dict[str, Any], *twins: Any) -> Samples:
    """Return the feeds in real numbers that a request asks for.

    Parameters
    ----------
    runner : Interpreter
    request : dict
        As `measures.samples.samples` takes it.
    *twins : Interpreter
        Models whose inputs may declare a range where those of `runner` do not.
    """
    known = [{**_ranges(r), **_tables(r)} for r in (runner, *twins)]
    specs = []
    for i, details in enumerate(runner.get_input_details()):
        found = next((own[i] for own in known if i in own), (None, None))
        spec = _spec(details)
        specs.append(replace(spec, low=found[0], high=found[1]))
    return samples(specs, {**request, "batch": 1})


def _spec(details: dict[str, Any]) -> InputSpec:
    is_quantized = len(details["quantization_parameters"]["scales"]) > 0
    dtype = "float32" if is_quantized else np.dtype(details["dtype"]).name
    signature = details.get("shape_signature", details["shape"]).tolist()
    shape = details["shape"].tolist()
    free = signature if len(signature) == len(shape) else shape
    sizes = tuple(None if f < 0 else int(n) for f, n in zip(free, shape, strict=True))
    return InputSpec(details["name"], dtype, sizes)


def _ranges(runner: Any) -> dict[int, tuple[float, float]]:
    """Return what quantized inputs can hold, by place among the inputs."""
    found = {}
    for i, details in enumerate(runner.get_input_details()):
        own = _tensor(details).range(details["dtype"])
        if own is not None:
            found[i] = own
    return found


def _tables(runner: Any) -> dict[int, tuple[float, float]]:
    """Return the valid indices of inputs that pick rows of a table, by place among the inputs."""
    place = {d["index"]: i for i, d in enumerate(runner.get_input_details())}
    shapes = {d["index"]: d["shape"] for d in runner.get_tensor_details()}
    found: dict[int, tuple[float, float]] = {}
    for operator in runner._get_ops_details():  # noqa: SLF001 - the package offers no other way
        inputs = [int(t) for t in operator["inputs"]]
        name, slots = operator["op_name"], {"GATHER": (1, 0), "EMBEDDING_LOOKUP": (0, 1)}
        if name in ("CAST", "RESHAPE", "EXPAND_DIMS", "SQUEEZE") and inputs[0] in place:
            place.setdefault(int(operator["outputs"][0]), place[inputs[0]])
        elif name in slots and len(inputs) > 1 and inputs[slots[name][0]] in place:
            rows = shapes.get(inputs[slots[name][1]], np.zeros(1))
            if len(rows):
                found.setdefault(place[inputs[slots[name][0]]], (0.0, max(0.0, float(rows[0]) - 1)))
    return found


def set_inputs(runner: Any, feed: Feed) -> None:
    """Set the inputs from real numbers, quantized as each input asks; by name, else by position.

    Raises
    ------
    NotRunnable
        A sample does not fit the input's shape.
    """
    given = runner.get_input_details()
    values = renamed(feed, [details["name"] for details in given])
    for details in given:
        value = values[details["name"]]
        if tuple(value.shape) != tuple(details["shape"]):
            shape = tuple(int(n) for n in details["shape"])
            raise NotRunnable("the model", f"input {details['name']} of shape {shape}")
        stored = _tensor(details).stored(value, details["dtype"])
        runner.set_tensor(details["index"], stored)
