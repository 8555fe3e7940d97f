"""Cutting single operators out of a TFLite model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from measures.runners.single_op import OperatorCutter
from sample_models import sample

NAMES = ["digits_float_tflite", "digits_int8_tflite"]


def _runner(**source: Any) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    made = Interpreter(
        **source,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    made.allocate_tensors()
    return made


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_alone_computes_what_it_does_in_the_model(name: str) -> None:
    """Fed with its recorded inputs, each operator gives its recorded output exactly."""
    path = sample(name).path
    whole = _runner(model_path=str(path))
    given = whole.get_input_details()[0]
    random = np.random.default_rng(0)
    whole.set_tensor(given["index"], random.integers(0, 16, given["shape"]).astype(given["dtype"]))
    whole.invoke()
    cutter = OperatorCutter(path.read_bytes())
    assert cutter.n_operators == sample(name).expectation["n_operators"]
    for i in range(cutter.n_operators):
        content, tensors = cutter.model_of(i)
        alone = _runner(model_content=content)
        for details, tensor in zip(alone.get_input_details(), tensors, strict=True):
            alone.set_tensor(details["index"], whole.get_tensor(tensor))
        alone.invoke()
        produced = int(whole._get_op_details(i)["outputs"][0])
        result = alone.get_tensor(alone.get_output_details()[0]["index"])
        np.testing.assert_array_equal(result, whole.get_tensor(produced))


def test_the_empty_model_runs_and_does_nothing() -> None:
    """The model without operators, which gives the cost of a call, can be called."""
    content, tensors = OperatorCutter(sample(NAMES[0]).path.read_bytes()).model_of(None)
    runner = _runner(model_content=content)
    assert runner._get_ops_details() == []
    assert len(tensors) == 1
    runner.invoke()


def test_operators_that_need_more_than_their_inputs_are_refused() -> None:
    """A call of another subgraph and a kept state cannot run alone, and say why."""
    from ai_edge_litert import schema_py_generated as schema

    cutter = OperatorCutter(sample(NAMES[0]).path.read_bytes())
    assert cutter.refusal(0) == ""
    operator = cutter._graph.operators[0]
    cutter._graph.tensors[int(operator.inputs[0])].isVariable = True
    assert "state" in cutter.refusal(0)
    operator.builtinOptions = schema.WhileOptionsT()
    assert "another subgraph" in cutter.refusal(0)
