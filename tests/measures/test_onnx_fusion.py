"""Latency with graph optimization on: a fused kernel's time goes to the nodes it stands for."""

from __future__ import annotations

import onnxruntime
import pytest

from graphs.errors import NotRunnable
from measures.latency import LatencySettings, measure_latency
from sample_models import sample

OPERATORS = {"digits_float": 33, "digits_int8": 98}


def _settings(optimization: str, **more: object) -> LatencySettings:
    return LatencySettings(n_repeats=5, n_warmup=1, optimization=optimization, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["basic", "extended", "all"])
@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_node_is_accounted_for(name: str, level: str) -> None:
    """Each operator of the file has a time, is in the kernel of one that has, or is told gone."""
    plain = measure_latency(sample(name).path, "ONNX", settings=_settings("off"))
    found = measure_latency(sample(name).path, "ONNX", settings=_settings(level))
    assert len(plain.keys) == OPERATORS[name] and plain.fused == {}
    timed, fused, gone = set(found.keys), set(found.fused), set(found.skipped)
    assert timed | fused | gone == set(plain.keys)
    assert not timed & fused and not timed & gone and not fused & gone
    assert set(found.fused.values()) <= timed


def test_an_activation_is_fused_into_its_convolution() -> None:
    """A Relu behind a Conv has no kernel of its own; the Conv bears its time."""
    found = measure_latency(sample("digits_float").path, "ONNX", settings=_settings("extended"))
    assert found.fused["stem/conv_relu"] == "stem/conv"
    assert "stem/conv" in found.keys
    assert "optimization extended" in found.conditions.method


def test_a_fused_kernel_is_on_every_node_that_it_computes() -> None:
    """Each node of a fused kernel has its time; nodes with a kernel of their own have none."""
    found = measure_latency(sample("digits_float").path, "ONNX", settings=_settings("extended"))
    kernels, times = found.fused_ms(), found.values()
    assert kernels["stem/conv_relu"] == kernels["stem/conv"] == times["stem/conv"]
    assert set(kernels) == set(found.fused) | set(found.fused.values())
    plain = measure_latency(sample("digits_float").path, "ONNX", settings=_settings("off"))
    assert plain.fused_ms() == {}


def test_what_the_runtime_adds_is_other_time() -> None:
    """Reordering for blocked kernels is no node's time, and is not lost."""
    found = measure_latency(sample("digits_float").path, "ONNX", settings=_settings("all"))
    assert found.other_ms >= 0.0
    assert found.median_ms.sum() > 0


def test_a_level_or_provider_that_is_not_there_is_refused() -> None:
    """The error names those that are."""
    path = sample("digits_float").path
    with pytest.raises(NotRunnable, match="off, basic, extended, all"):
        measure_latency(path, "ONNX", settings=_settings("most"))
    with pytest.raises(NotRunnable, match=onnxruntime.get_available_providers()[-1]):
        measure_latency(path, "ONNX", settings=_settings("off", providers=("NoSuchProvider",)))
