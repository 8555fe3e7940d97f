"""The share of held-out digits that a CNN names rightly, run by the format's own runtime."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_models import Sample
from sample_models.make.cnn_onnx import as_onnx_input
from sample_models.make.digits import Digits


def accuracy(one: Sample, digits: Digits) -> float:
    """Return the share of `digits.held_out_images` that the model labels rightly, 0..1."""
    guesses = scores(one, digits.held_out_images).argmax(axis=1)
    return float(np.mean(guesses == digits.held_out_labels))


def scores(one: Sample, images: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the class probabilities of images (n, 8, 8, 1), shape (n, 10)."""
    return _onnx_scores(one, images) if one.format == "ONNX" else _tflite_scores(one, images)


def _onnx_scores(one: Sample, images: NDArray[np.float32]) -> NDArray[np.float64]:
    import onnxruntime as ort

    runner = ort.InferenceSession(str(one.path), providers=["CPUExecutionProvider"])
    return np.asarray(runner.run(None, {"image": as_onnx_input(images)})[0], dtype=np.float64)


def _tflite_scores(one: Sample, images: NDArray[np.float32]) -> NDArray[np.float64]:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(one.path))
    runner.allocate_tensors()
    given, result = runner.get_input_details()[0], runner.get_output_details()[0]
    scale, zero_point = given["quantization"]
    rows = images
    if scale:
        rows = np.clip(np.round(images / scale + zero_point), -128, 127).astype(np.int8)
    results = []
    for row in rows:
        runner.set_tensor(given["index"], row[np.newaxis])
        runner.invoke()
        results.append(runner.get_tensor(result["index"])[0].astype(np.float64))
    scale, zero_point = result["quantization"]
    return (np.stack(results) - zero_point) * (scale or 1)
