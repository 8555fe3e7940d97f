"""Rebuild the shipped samples: ``python -m sample_models.make [--only STAGE ...]``.

Stages, in order:

digits_cnn    trains and writes four files; needs tensorflow, scikit-learn, onnx, onnxruntime
decoder       writes one file; needs onnx
errors        takes quantization error and accuracy of the samples and writes them;
              needs scikit-learn, onnx, onnxruntime, ai-edge-litert
latency       times the samples on this machine, which must have nothing else to do; the same

The model files come out byte for byte the same on the same versions; measured
numbers do not. What a stage needs and lacks is said before anything runs.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

from sample_models import FOLDER

# Distribution -> module, for the install line and for the look-up.
_MODULE_OF = {
    "tensorflow": "tensorflow",
    "scikit-learn": "sklearn",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "ai-edge-litert": "ai_edge_litert",
}
_RUNTIMES = ("scikit-learn", "onnx", "onnxruntime", "ai-edge-litert")
_NEEDS = {
    "digits_cnn": ("tensorflow", "scikit-learn", "onnx", "onnxruntime"),
    "decoder": ("onnx",),
    "errors": _RUNTIMES,
    "latency": _RUNTIMES,
}


def make_digits_cnn(folder: Path) -> None:
    """Train the CNN and write it as float and int8 ONNX and TFLite."""
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # a GPU would give other weights
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from sample_models.make import cnn_onnx, cnn_tflite
    from sample_models.make.architecture import digits_cnn
    from sample_models.make.digits import load_digits
    from sample_models.make.train import trained_weights

    steps, digits = digits_cnn(), load_digits()
    weights = trained_weights(steps, digits)
    onnx, tflite = folder / "onnx", folder / "tflite"
    images = digits.calibration_images
    cnn_onnx.write_float(onnx / "digits_cnn_float.onnx", steps, weights)
    cnn_onnx.write_int8(onnx / "digits_cnn_int8.onnx", onnx / "digits_cnn_float.onnx", images)
    cnn_tflite.write_float(tflite / "digits_cnn_float.tflite", steps, weights)
    cnn_tflite.write_int8(tflite / "digits_cnn_int8.tflite", steps, weights, images)


def make_decoder(folder: Path) -> None:
    """Write the decoder."""
    from sample_models.make.decoder import write_decoder

    write_decoder(folder / "onnx" / "decoder.onnx")


def make_errors(folder: Path) -> None:
    """Take the errors of every quantized sample and write what they were taken with."""
    from sample_models.make.measured import write_errors

    write_errors(folder)


def make_latency(folder: Path) -> None:
    """Time every sample and write what it was timed with."""
    from sample_models.make.measured import write_latency

    write_latency(folder)


_STAGES: dict[str, Callable[[Path], None]] = {
    "digits_cnn": make_digits_cnn,
    "decoder": make_decoder,
    "errors": make_errors,
    "latency": make_latency,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the stages; 0, or 2 where a package is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m sample_models.make",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=list(_STAGES), default=list(_STAGES))
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    options = parser.parse_args(arguments)
    stages = [name for name in _STAGES if name in options.only]
    missing = _missing(stages)
    if missing:
        print(f"Missing: {', '.join(missing)}. Run: pip install {' '.join(missing)}",
              file=sys.stderr)  # fmt: skip
        return 2
    for kind in ("onnx", "tflite", "node_data"):
        (options.out / kind).mkdir(parents=True, exist_ok=True)
    for name in stages:
        print(f"{name} ...", flush=True)
        _STAGES[name](options.out)
    return 0


def _missing(stages: list[str]) -> list[str]:
    needed = {package: None for name in stages for package in _NEEDS[name]}
    return [p for p in needed if importlib.util.find_spec(_MODULE_OF[p]) is None]


if __name__ == "__main__":
    sys.exit(main())
