"""The digits CNN as a list of steps: the one source for training, ONNX and TFLite.

A step says what is computed, not how a framework spells it. `train`, `cnn_onnx`
and `cnn_tflite` walk the same list, so the three cannot drift apart. Nothing is
imported here but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Op = Literal[
    "scale", "resize", "conv", "depthwise", "relu", "sigmoid", "add", "mul", "pool", "dense",
    "softmax",
]  # fmt: skip

IMAGE_SIZE_PX = 8  # scikit-learn's digits
N_CLASSES = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One operator call.

    Attributes
    ----------
    name : str
        Path of the operator, e.g. ``"block1/conv1"``.
    op : Op
    inputs : tuple of str
        Names of the steps that feed it; ``"image"`` is the graph input.
    channels : int
        Output channels of conv and dense; side in pixels of resize.
    kernel, stride : int
        Of conv and depthwise; padding keeps ``ceil(size / stride)``.
    is_normalized : bool
        Trained with batch normalization, which is folded into the weights afterwards.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    channels: int = 0
    kernel: int = 1
    stride: int = 1
    is_normalized: bool = True


class _Chain:
    """Collects steps; each takes the one before it unless told otherwise."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.last = "image"

    def add(self, name: str, op: Op, *others: str, source: str = "", **fields: int) -> str:
        self.steps.append(Step(name, op, (source or self.last, *others), **fields))
        self.last = name
        return name

    def conv_relu(self, name: str, op: Op = "conv", **fields: int) -> str:
        self.add(name, op, **fields)
        return self.add(f"{name}_relu", "relu")


def digits_cnn() -> list[Step]:
    """Return the steps in execution order; the last gives class probabilities."""
    chain = _Chain()
    chain.add("preprocess/scale", "scale")
    chain.add("preprocess/resize", "resize", channels=32)
    shortcut = chain.conv_relu("stem/conv", channels=24, kernel=3, stride=2)
    chain.conv_relu("block1/conv1", channels=24, kernel=3)
    chain.add("block1/conv2", "conv", channels=24, kernel=3)
    chain.add("block1/add", "add", shortcut)
    chain.add("block1/relu", "relu")
    chain.conv_relu("block2/depthwise", "depthwise", kernel=3, stride=2)
    shortcut = chain.conv_relu("block2/pointwise", channels=48)
    _inverted_residual(chain, "block3", shortcut)
    chain.conv_relu("block4/depthwise", "depthwise", kernel=3, stride=2)
    chain.conv_relu("block4/pointwise", channels=96)
    chain.add("head/pool", "pool")
    chain.add("head/dense", "dense", channels=N_CLASSES)
    chain.add("head/softmax", "softmax")
    return chain.steps


def _inverted_residual(chain: _Chain, name: str, shortcut: str) -> None:
    """Add an inverted residual with squeeze-and-excitation (MobileNetV3, arXiv:1905.02244)."""
    chain.conv_relu(f"{name}/expand", channels=96)
    wide = chain.conv_relu(f"{name}/depthwise", "depthwise", kernel=3)
    chain.add(f"{name}/squeeze/pool", "pool")
    chain.add(f"{name}/squeeze/reduce", "conv", channels=12, is_normalized=False)
    chain.add(f"{name}/squeeze/reduce_relu", "relu")
    chain.add(f"{name}/squeeze/expand", "conv", channels=96, is_normalized=False)
    gate = chain.add(f"{name}/squeeze/sigmoid", "sigmoid")
    chain.add(f"{name}/squeeze/scale", "mul", gate, source=wide)
    chain.add(f"{name}/project", "conv", channels=48)
    chain.add(f"{name}/add", "add", shortcut)
