"""Load a TFLite model and run it with LiteRT; used in the worker process only.

https://ai.google.dev/edge/api/tflite/python/tf/lite/Interpreter
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphs.errors import NotRunnable
from measures.runners.failure import words_of
from measures.samples import Feed, InputSpec, batches, random_feed, read_samples, renamed

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
        if not len(self.scales):
            return real.astype(dtype)
        bounds = np.iinfo(dtype)
        rounded = np.round(real / self.scales[0] + self.zero_points[0])
        stored: NDArray[np.generic] = np.clip(rounded, bounds.min, bounds.max).astype(dtype)
        return stored


def interpreter(path: str | bytes, n_threads: int, *, keep_tensors: bool = False) -> Any:
    """Return an interpreter with its tensors allocated.

    Parameters
    ----------
    path : str or bytes
        The file, or its content.
    keep_tensors : bool
        Keep every tensor for inspection and use the plain kernels, no delegate.

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


def feeds(runner: Any, request: dict[str, Any]) -> list[Feed]:
    """Return feeds in real numbers from the ``inputs`` file, else one random feed."""
    specs = []
    for d in runner.get_input_details():
        is_quantized = len(d["quantization_parameters"]["scales"]) > 0
        dtype = "float32" if is_quantized else np.dtype(d["dtype"]).name
        specs.append(InputSpec(d["name"], dtype, tuple(int(n) for n in d["shape"])))
    if request.get("inputs"):
        return batches(read_samples(Path(request["inputs"]), specs), 1)
    return [random_feed(specs)]


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
