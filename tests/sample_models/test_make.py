"""The scripts that make the samples."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sample_models import FOLDER, sample
from sample_models.make import __main__ as make
from sample_models.make.architecture import digits_cnn
from sample_models.make.cnn_onnx import write_float, write_int8
from sample_models.make.digits import load_digits
from sample_models.make.train import Weights


def test_the_decoder_comes_out_as_it_is_shipped(tmp_path: Path) -> None:
    """The same seed gives the same graph and weights, byte for byte on the same version."""
    assert make.main(["--only", "decoder", "--out", str(tmp_path)]) == 0
    shipped = sample("decoder").path
    assert (tmp_path / "onnx" / "decoder.onnx").read_bytes() == shipped.read_bytes()


def test_the_decoder_looks_back_only() -> None:
    """Changing a token changes no output before it and some output after it."""
    import onnxruntime as ort

    runner = ort.InferenceSession(str(sample("decoder").path), providers=["CPUExecutionProvider"])
    tokens = np.arange(128)[np.newaxis]
    changed = tokens.copy()
    changed[0, 70] = 3
    first, second = (runner.run(None, {"tokens": t})[0][0] for t in (tokens, changed))
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first[:70], second[:70])
    assert np.abs(first[70:] - second[70:]).max(axis=1).all()


def test_blocks_of_the_decoder_are_equal() -> None:
    """Every block has the same operators in the same order."""
    import onnx

    blocks: dict[str, list[tuple[str, str]]] = {}
    for node in onnx.load(sample("decoder").path).graph.node:
        top, *rest = node.name.split("/")
        if top == "layers":
            blocks.setdefault(rest[0], []).append((node.op_type, "/".join(rest[1:])))
    assert len(blocks) == 48
    assert all(block == blocks["0"] for block in blocks.values())


def test_the_onnx_files_follow_from_their_weights(tmp_path: Path) -> None:
    """Written again from the weights that the float file holds, both ONNX files are equal."""
    weights = _weights(sample("digits_float").path)
    again = tmp_path / "float.onnx"
    write_float(again, digits_cnn(), weights)
    assert again.read_bytes() == sample("digits_float").path.read_bytes()
    write_int8(tmp_path / "int8.onnx", again, load_digits().calibration_images)
    assert (tmp_path / "int8.onnx").read_bytes() == sample("digits_int8").path.read_bytes()


def _weights(path: Path) -> dict[str, Weights]:
    """Return the weights in the layout that training gives, read off the ONNX file."""
    import onnx
    from onnx import numpy_helper

    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    back = {"conv": (2, 3, 1, 0), "depthwise": (2, 3, 0, 1), "dense": (1, 0)}
    return {
        step.name: Weights(
            tensors[f"{step.name}_weight"].transpose(back[step.op]), tensors[f"{step.name}_bias"]
        )
        for step in digits_cnn()
        if step.op in back
    }


def test_a_missing_package_is_named_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The install line is on standard error, the status is 2, and nothing was written."""
    monkeypatch.setattr(make, "_MODULE_OF", {**make._MODULE_OF, "tensorflow": "no_such_module"})
    assert make.main(["--out", str(tmp_path / "new")]) == 2
    assert "pip install tensorflow" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_listing_the_samples_imports_no_framework() -> None:
    """The page lists samples on opening: that must cost nothing."""
    code = (
        "import json, sys, sample_models; sample_models.samples();"
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FOLDER.parent
    )
    assert not {"numpy", "onnx", "onnxruntime", "tensorflow"} & set(json.loads(done.stdout))
