"""Train the digits CNN with Keras and fold batch normalization into its weights.

Needs `tensorflow`. The same seed on the same versions gives the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_models.make.architecture import IMAGE_SIZE_PX, Step
from sample_models.make.digits import SEED, Digits

N_EPOCHS = 12
BATCH = 64
LEARNING_RATE = 4e-3
NORM_MOMENTUM = 0.9  # 276 steps: Keras's 0.99 would leave the running statistics far behind


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of one conv, depthwise or dense step.

    Attributes
    ----------
    kernel : float32 array
        (height, width, in, out) of a conv, (height, width, channels, 1) of a
        depthwise conv, (in, out) of a dense step.
    bias : float32 array, shape (out,)
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def trained_weights(steps: list[Step], digits: Digits) -> dict[str, Weights]:
    """Train from scratch and return the weights by step name."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    model = _keras_model(steps)
    n_batches = -(-len(digits.train_images) // BATCH)
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, N_EPOCHS * n_batches)
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy")
    model.fit(
        digits.train_images, digits.train_labels, batch_size=BATCH, epochs=N_EPOCHS, verbose=0
    )
    return {
        step.name: _folded(model, step)
        for step in steps
        if step.op in ("conv", "depthwise", "dense")
    }


def _keras_model(steps: list[Step]) -> Any:
    import keras

    image = keras.Input((IMAGE_SIZE_PX, IMAGE_SIZE_PX, 1))
    values = {"image": image}
    for step in steps:
        values[step.name] = _apply(step, [values[name] for name in step.inputs])
    return keras.Model(image, values[steps[-1].name])


def _apply(step: Step, inputs: list[Any]) -> Any:
    from keras import activations, layers

    name = _keras_name(step.name)
    window: dict[str, Any] = {
        "strides": step.stride,
        "padding": "same",
        "use_bias": not step.is_normalized,
        "name": name,
    }
    makers: dict[str, Any] = {
        "scale": lambda: layers.Rescaling(1 / 16),
        "resize": lambda: layers.Resizing(step.channels, step.channels),
        "conv": lambda: layers.Conv2D(step.channels, step.kernel, **window),
        "depthwise": lambda: layers.DepthwiseConv2D(step.kernel, **window),
        "relu": lambda: layers.Activation(activations.relu),
        "sigmoid": lambda: layers.Activation(activations.sigmoid),
        "softmax": layers.Softmax,
        "pool": lambda: layers.GlobalAveragePooling2D(keepdims=True),
        "dense": lambda: layers.Dense(step.channels, name=name),
        "add": layers.Add,
        "mul": layers.Multiply,
    }
    if step.op == "dense":
        inputs = [layers.Flatten()(inputs[0])]
    output = makers[step.op]()(inputs if step.op in ("add", "mul") else inputs[0])
    if step.op in ("conv", "depthwise") and step.is_normalized:
        output = layers.BatchNormalization(momentum=NORM_MOMENTUM, name=f"{name}.norm")(output)
    return output


def _keras_name(name: str) -> str:
    return name.replace("/", ".")  # Keras refuses a slash


def _folded(model: Any, step: Step) -> Weights:
    """Return the weights with the step's batch normalization folded in."""
    name = _keras_name(step.name)
    own = model.get_layer(name).get_weights()
    kernel = own[0].astype(np.float64)
    if step.op == "dense" or not step.is_normalized:
        return Weights(own[0], own[1])
    norm = model.get_layer(f"{name}.norm")
    gamma, beta, mean, variance = (w.astype(np.float64) for w in norm.get_weights())
    factor = gamma / np.sqrt(variance + norm.epsilon)
    kernel = kernel * (factor[:, np.newaxis] if step.op == "depthwise" else factor)
    return Weights(kernel.astype(np.float32), (beta - mean * factor).astype(np.float32))
