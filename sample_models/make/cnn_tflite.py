"""Write the digits CNN as float and int8 TFLite, from the same weights as the ONNX files.

Needs `tensorflow`. The graph is traced under name scopes, so that tensor names
keep the hierarchy (``stem/conv``) that Keras 3 would flatten.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_models.make.architecture import IMAGE_SIZE_PX, Step
from sample_models.make.train import Weights


def write_float(path: Path, steps: list[Step], weights: dict[str, Weights]) -> None:
    """Write the float model; its input is ``image``, float32 [1, 8, 8, 1], 0..16."""
    path.write_bytes(_converter(steps, weights).convert())


def write_int8(
    path: Path, steps: list[Step], weights: dict[str, Weights], images: NDArray[np.float32]
) -> None:
    """Write the int8 model, int8 input and output too, ranges from `images`."""
    import tensorflow as tf

    def rows() -> Iterator[list[NDArray[np.float32]]]:
        for row in images:
            yield [row[np.newaxis]]

    converter = _converter(steps, weights)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = rows
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    path.write_bytes(converter.convert())


def _converter(steps: list[Step], weights: dict[str, Weights]) -> Any:
    import tensorflow as tf

    module = tf.Module()

    @tf.function(  # type: ignore[untyped-decorator, unused-ignore]
        input_signature=[tf.TensorSpec([1, IMAGE_SIZE_PX, IMAGE_SIZE_PX, 1], tf.float32, "image")]
    )
    def digits_cnn(image: Any) -> dict[str, Any]:
        values = {"image": image}
        for step in steps:
            scope, _, name = step.name.rpartition("/")
            with tf.name_scope(f"{scope}/"):
                inputs = [values[source] for source in step.inputs]
                values[step.name] = _apply(step, name, inputs, weights.get(step.name))
        return {"probabilities": values[steps[-1].name]}

    module.digits_cnn = digits_cnn
    function = digits_cnn.get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([function], module)


def _apply(step: Step, name: str, inputs: list[Any], own: Weights | None) -> Any:
    import tensorflow as tf

    x = inputs[0]
    if own is not None:
        return _weighted(step, name, x, own)
    if step.op == "scale":
        return tf.multiply(x, np.float32(1 / 16), name=name)
    if step.op == "resize":
        return tf.compat.v1.image.resize_bilinear(
            x, [step.channels] * 2, half_pixel_centers=True, name=name
        )
    if step.op == "pool":
        return tf.reduce_mean(x, axis=[1, 2], keepdims=True, name=name)
    makers = {
        "relu": tf.nn.relu,
        "sigmoid": tf.sigmoid,
        "add": tf.add,
        "mul": tf.multiply,
        "softmax": tf.nn.softmax,
    }
    return makers[step.op](*inputs, name=name)


def _weighted(step: Step, name: str, x: Any, own: Weights) -> Any:
    import tensorflow as tf

    if step.op == "dense":
        flat = tf.reshape(x, [1, own.kernel.shape[0]], name=f"{name}_flatten")
        product = tf.matmul(flat, own.kernel, name=f"{name}_matmul")
    elif step.op == "conv":
        product = tf.nn.conv2d(x, own.kernel, step.stride, "SAME", name=f"{name}_conv")
    else:
        strides = [1, step.stride, step.stride, 1]
        product = tf.nn.depthwise_conv2d(x, own.kernel, strides, "SAME", name=f"{name}_conv")
    return tf.nn.bias_add(product, own.bias, name=name)
