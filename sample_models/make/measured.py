"""Measure the samples on this machine and write their node data, with what it was taken with.

For each sample NAME: ``node_data/NAME.MEASURE.json``, Model Explorer's node data,
and ``node_data/NAME.record.json``. The numbers come from `measures` alone. Needs
`onnx`, `onnxruntime`, `ai-edge-litert` and, for the held-out digits, `scikit-learn`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measures.latency import Latency, LatencySettings, measure_latency
from measures.node_data_json import node_data_json
from measures.quantization import ERROR_MEASURES, measure_error
from sample_models import FOLDER, Sample, samples
from sample_models.make.accuracy import accuracy
from sample_models.make.cnn_onnx import as_onnx_input
from sample_models.make.decoder import SEED, SEQUENCE, VOCABULARY
from sample_models.make.digits import Digits, load_digits

# A batch makes nodes long enough to outweigh what measuring them adds.
ONNX_BATCH = 32
DECODER_BATCH = 32
N_REPEATS, N_WARMUP = 200, 20
DECODER_REPEATS, DECODER_WARMUP = 40, 5
MAX_DRIFT, MAX_ATTEMPTS = 0.08, 5
Record = dict[str, Any]
# (sample, all samples, file of its inputs, texts to write by name) -> what its record gains
Take = Callable[[Sample, Sequence[Sample], Path, dict[str, str]], Record]


def write_latency(folder: Path) -> None:
    """Time every sample of the manifest; `folder` takes all that was measured, or nothing."""
    _write(folder, lambda one, _, inputs, texts: _latency(one, inputs, texts))


def write_errors(folder: Path) -> None:
    """Take errors of every quantized sample, and the accuracy of every one that has one."""
    digits = load_digits()

    def take(one: Sample, made: Sequence[Sample], inputs: Path, texts: dict[str, str]) -> Record:
        record: Record = {}
        if one.reference:
            twin = next(other for other in made if other.name == one.reference)
            record |= _error(one, twin, inputs, texts)
        if one.name != "decoder":
            record["held_out_accuracy"] = accuracy(one, digits)
        return record

    _write(folder, take)


def _write(folder: Path, take: Take) -> None:
    """Add to each sample's record what `take` returns, and write the texts that it adds."""
    digits = load_digits()
    texts: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        made = [replace(one, path=folder / one.path.relative_to(FOLDER)) for one in samples()]
        for one in made:
            inputs = Path(name) / f"{one.name}.npz"
            np.savez(inputs, **_inputs(one, digits))
            file = folder / "node_data" / f"{one.name}.record.json"
            record = json.loads(file.read_text()) if file.exists() else {}
            record |= take(one, made, inputs, texts)
            texts[f"{one.name}.record"] = json.dumps(record, indent=1) + "\n"
    for name, text in texts.items():
        (folder / "node_data" / f"{name}.json").write_text(text, encoding="utf-8")


def _inputs(one: Sample, digits: Digits) -> dict[str, NDArray[np.generic]]:
    if one.name == "decoder":
        random = np.random.default_rng(SEED)
        return {"tokens": random.integers(0, VOCABULARY, (DECODER_BATCH, SEQUENCE))}
    images = digits.held_out_images
    return {"image": as_onnx_input(images) if one.format == "ONNX" else images}


def _latency(one: Sample, inputs: Path, texts: dict[str, str]) -> dict[str, Any]:
    if one.name == "decoder":
        settings = LatencySettings(DECODER_REPEATS, DECODER_WARMUP, batch=DECODER_BATCH)
    else:
        batch = ONNX_BATCH if one.format == "ONNX" else 1
        settings = LatencySettings(N_REPEATS, N_WARMUP, batch=batch)
    found = _undisturbed(one, inputs, settings)
    texts[f"{one.name}.latency_ms"] = node_data_json("latency", "ms", found.values())
    return {
        "latency": {
            "whole_ms": round(found.whole_ms, 6),
            "whole_cpu_ms": round(found.whole_cpu_ms, 6),
            "nodes_over_whole": round(found.coverage, 4),
            "other_ms": found.other_ms,
            "skipped": dict(found.skipped),
            **asdict(found.conditions),
        }
    }


def _undisturbed(one: Sample, inputs: Path, settings: LatencySettings) -> Latency:
    """Measure until the nodes sum to the whole run: on a busy machine the two drift apart."""
    for _ in range(MAX_ATTEMPTS):
        found = measure_latency(one.path, one.format, inputs, settings)
        if abs(found.coverage - 1) <= MAX_DRIFT:
            return found
    raise SystemExit(f"{one.name}: this machine is too busy to measure on; try again later")


def _error(one: Sample, twin: Sample, inputs: Path, texts: dict[str, str]) -> dict[str, Any]:
    found = measure_error(one.path, twin.path, one.format, inputs)
    for measure in ERROR_MEASURES:
        text = node_data_json(measure.name, measure.unit, found.values(measure))
        texts[f"{one.name}.{measure.id}"] = text
    return {"quantization_error": asdict(found.conditions)}
