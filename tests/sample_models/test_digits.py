"""The digits CNN: it works, its four files agree, and its pieces are sound."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sample_models import FOLDER, Sample, samples
from sample_models.make.accuracy import accuracy, scores
from sample_models.make.architecture import digits_cnn
from sample_models.make.digits import N_HELD_OUT, load_digits

CNNS = [one for one in samples() if one.name.startswith("digits")]


@pytest.mark.parametrize("one", CNNS, ids=lambda one: one.name)
def test_held_out_digits_are_named_rightly(one: Sample) -> None:
    """Accuracy on images that neither training nor calibration saw is 0.97 or more, as recorded."""
    found = accuracy(one, load_digits())
    record = json.loads((FOLDER / "node_data" / f"{one.name}.record.json").read_text())
    assert found >= 0.97
    assert found == pytest.approx(record["held_out_accuracy"], abs=2 / N_HELD_OUT)


def test_the_four_files_are_one_model() -> None:
    """Float files give equal probabilities, int8 files nearly so."""
    images = load_digits().held_out_images[:40]
    found = {one.name: scores(one, images) for one in CNNS}
    exact = found["digits_float"]
    np.testing.assert_allclose(found["digits_float_tflite"], exact, atol=1e-5)
    for name in ("digits_int8", "digits_int8_tflite"):
        assert np.abs(found[name] - exact).max() < 0.2, name


def test_held_out_images_are_in_no_other_part() -> None:
    """Training, calibration and held-out parts share no row, and none is lost."""
    digits = load_digits()
    n_train, n_held_out = len(digits.train_images), len(digits.held_out_images)
    assert (n_train + n_held_out, n_held_out) == (1797, N_HELD_OUT)
    train = {image.tobytes() for image in digits.train_images}
    assert not train & {image.tobytes() for image in digits.held_out_images}
    assert {image.tobytes() for image in digits.calibration_images} <= train


def test_steps_read_only_what_came_before() -> None:
    """The list of steps is in execution order, each named once."""
    known = {"image"}
    for step in digits_cnn():
        assert step.name not in known
        assert known.issuperset(step.inputs)
        known.add(step.name)
