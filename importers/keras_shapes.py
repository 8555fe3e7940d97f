"""Types of what Keras operations produce, from their configuration and the types they read.

Rules of https://keras.io/api/layers/ (`compute_output_shape` of each class). What is not known
here stays unknown: a class without a rule, an unusual option, an input of unknown rank. Pure
functions of JSON and types; windows (convolution, pooling, padding) are in `keras_windows`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from graphs.tensor_type import Dim, TensorType
from importers.keras_windows import WINDOW_RULES, is_channels_first, whole

Json = dict[str, Any]
Shape = tuple[Dim, ...]
Rule = Callable[[Json, Sequence[Shape]], Sequence[Shape] | None]

_FLOATS = ("float16", "bfloat16", "float32", "float64")
MAX_SIZE = 1 << 62


def output_types(
    class_name: str, config: Json, inputs: Sequence[TensorType], n_outputs: int = 1
) -> list[TensorType]:
    """Return the types of an operation's outputs; `TensorType()` where they are not known.

    Parameters
    ----------
    class_name : str
        Keras's own class; one with a domain is not known here.
    config : dict
        Its configuration.
    inputs : sequence of TensorType
        What one call reads, in order.
    n_outputs : int
        How many are asked for.
    """
    rule = RULES.get(class_name)
    if rule is None:
        return [TensorType()] * n_outputs
    dtype = _dtype(class_name, config, inputs)
    shapes: Sequence[Shape] | None = None
    known = [one.shape for one in inputs if one.shape is not None]
    if inputs and len(known) == len(inputs):
        try:
            shapes = rule(config, known)
        except (TypeError, ValueError, LookupError, OverflowError, ZeroDivisionError):
            shapes = None  # the file's configuration is not what the class takes
    found = [TensorType(dtype, _sane(shape)) for shape in shapes or ()]
    return (
        (found + [TensorType()] * n_outputs)[:n_outputs]
        if found
        else [TensorType(dtype) for _ in range(n_outputs)]
    )


def policy_dtype(config: Json) -> str:
    """Return the dtype in which an operation computes; empty where the file does not say."""
    stated: object = config.get("dtype")
    for _ in range(2):
        if isinstance(stated, dict):
            inner = stated.get("config")
            stated = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(stated, str):
        return ""
    if stated.startswith("mixed_"):
        return stated.removeprefix("mixed_")
    return stated if stated in _FLOATS else ""


def _dtype(class_name: str, config: Json, inputs: Sequence[TensorType]) -> str:
    """Return the output dtype: what is a float is cast to the policy, the rest passes."""
    stated = policy_dtype(config)
    given = {one.dtype for one in inputs}
    if class_name in _PASSING and not given <= set(_FLOATS):
        return given.pop() if len(given) == 1 else ""
    return stated or (given.pop() if len(given) == 1 and given <= set(_FLOATS) else "")


def _sane(shape: Shape) -> Shape | None:
    """Refuse what no tensor can have."""
    if any(isinstance(d, int) and not 0 <= d < MAX_SIZE for d in shape):
        return None
    return shape


def _same(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    return [inputs[0]]


def _dense(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    return [(*inputs[0][:-1], whole(config, "units", "output_dim"))]


def _flatten(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    return [(inputs[0][0], _product(inputs[0][1:]))]


def _product(dims: Sequence[Dim]) -> Dim:
    numbers = [d for d in dims if isinstance(d, int)]
    return math.prod(numbers) if len(numbers) == len(dims) else None


def _reshape(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    stated = config["target_shape"] if "target_shape" in config else config["dims"]
    target = [int(d) for d in stated]
    if target.count(-1) > 1:
        raise ValueError
    if -1 not in target:
        return [(inputs[0][0], *target)]
    total = _product(inputs[0][1:])
    rest = math.prod(d for d in target if d >= 0)
    free: Dim = total // rest if isinstance(total, int) and rest else None
    return [(inputs[0][0], *(free if d < 0 else d for d in target))]


def _permute(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    dims = [int(d) for d in config["dims"]]
    if sorted(dims) != list(range(1, len(inputs[0]))):
        raise ValueError
    return [(inputs[0][0], *(inputs[0][d] for d in dims))]


def _repeat(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    batch, features = inputs[0]
    return [(batch, whole(config, "n"), features)]


def _embedding(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    return [(*inputs[0], whole(config, "output_dim"))]


def _merge(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    """Broadcast, as the classes that add, multiply or compare do."""
    if len(inputs) < 2 or len({len(shape) for shape in inputs}) != 1 or "axis" in config:
        raise ValueError  # in HDF5 an operation of `keras.ops` bears the same class name
    return [tuple(_broadcast(dims) for dims in zip(*inputs, strict=True))]


def _broadcast(dims: Sequence[Dim]) -> Dim:
    others = {d for d in dims if d != 1}
    if not others:
        return 1
    numbers = {d for d in others if d is not None}
    if len(numbers) > 1:
        raise ValueError
    return None if None in others and not numbers else numbers.pop()


def _concatenate(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    rank = len(inputs[0])
    axis = int(config["axis"] if "axis" in config else config["concat_axis"])
    axis += rank if axis < 0 else 0
    if {len(shape) for shape in inputs} != {rank} or not 0 <= axis < rank:
        raise ValueError
    joined: list[Dim] = []
    for at, dims in enumerate(zip(*inputs, strict=True)):
        if at == axis:
            numbers = [d for d in dims if isinstance(d, int)]
            joined.append(sum(numbers) if len(numbers) == len(dims) else None)
        else:
            known = {d for d in dims if d is not None}
            if len(known) > 1:
                raise ValueError
            joined.append(known.pop() if known else None)
    return [tuple(joined)]


def _merge_by_mode(config: Json, inputs: Sequence[Shape]) -> list[Shape] | None:
    """Keras 1's Merge, which names its operation."""
    if config.get("mode") == "concat":
        return _concatenate(config, inputs)
    return _merge(config, inputs) if config.get("mode") in ("sum", "mul", "ave", "max") else None


def _recurrent(config: Json, inputs: Sequence[Shape], n_states: int) -> list[Shape]:
    batch, steps, _ = inputs[0]
    state = (batch, whole(config, "units", "output_dim"))
    first = (batch, steps, state[1]) if config.get("return_sequences") else state
    return [first, *[state] * n_states] if config.get("return_state") else [first]


def _lstm(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    return _recurrent(config, inputs[:1], 2)


def _gru(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    return _recurrent(config, inputs[:1], 1)


def _time_distributed(config: Json, inputs: Sequence[Shape]) -> list[Shape] | None:
    """Apply the inner rule to one step."""
    batch, steps = inputs[0][:2]
    inner = _inner(config, [(batch, *inputs[0][2:])])
    if inner is None:
        return None
    return [(shape[0], steps, *shape[1:]) for shape in inner]


def _bidirectional(config: Json, inputs: Sequence[Shape]) -> Sequence[Shape] | None:
    """Join both directions; states and unmerged outputs stay unknown."""
    inner = _inner(config, inputs[:1])
    mode = config.get("merge_mode", "concat")
    if not inner or len(inner) != 1 or mode is None:
        return None
    if mode != "concat":
        return inner
    *front, features = inner[0]
    return [(*front, 2 * features if isinstance(features, int) else None)]


def _inner(config: Json, inputs: Sequence[Shape]) -> Sequence[Shape] | None:
    """Return what a wrapped operation gives; wrappers in wrappers stay unknown."""
    entry = config.get("layer")
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        return None
    rule = RULES.get(str(entry.get("class_name")))
    if rule is None or rule in (_time_distributed, _bidirectional):
        return None
    return rule(entry["config"], inputs)


def _global_pool(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    shape, rank = inputs[0], len(inputs[0])
    channels = shape[1] if is_channels_first(config) else shape[-1]
    if not config.get("keepdims"):
        return [(shape[0], channels)]
    ones = (1,) * (rank - 2)
    return [
        (shape[0], channels, *ones) if is_channels_first(config) else (shape[0], *ones, channels)
    ]


def _attention(config: Json, inputs: Sequence[Shape]) -> list[Shape]:
    """MultiHeadAttention: the query's shape, its last dimension by `output_shape`."""
    stated = config.get("output_shape")
    if stated is None:
        return [inputs[0]]
    last = [stated] if isinstance(stated, int) else [int(d) for d in stated]
    return [(*inputs[0][:-1], *last)]


_SAME = """
    Activation ActivityRegularization AlphaDropout BatchNormalization BatchNormalizationV1
    BatchNormalizationV2 Dropout ELU GaussianDropout GaussianNoise GroupNormalization
    LayerNormalization LeakyReLU Masking PReLU ReLU RMSNormalization Softmax SpatialDropout1D
    SpatialDropout2D SpatialDropout3D ThresholdedReLU UnitNormalization Identity
"""
_MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
_POOLS = [f"Global{kind}Pooling{n}D" for kind in ("Average", "Max") for n in (1, 2, 3)]
_PASSING = frozenset({"Flatten", "Reshape", "Permute", "RepeatVector", "Concatenate", "Identity"})

RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME.split(), _same),
    **dict.fromkeys(_MERGES, _merge),
    **dict.fromkeys(_POOLS, _global_pool),
    **WINDOW_RULES,
    "Bidirectional": _bidirectional,
    "Concatenate": _concatenate,
    "CuDNNGRU": _gru,
    "CuDNNLSTM": _lstm,
    "Dense": _dense,
    "Embedding": _embedding,
    "Flatten": _flatten,
    "GRU": _gru,
    "LSTM": _lstm,
    "Merge": _merge_by_mode,
    "MultiHeadAttention": _attention,
    "Permute": _permute,
    "RepeatVector": _repeat,
    "Reshape": _reshape,
    "SimpleRNN": _gru,
    "TimeDistributed": _time_distributed,
}
