"""Hostile PyTorch programs: what torch would execute while loading or running is refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from graphs.errors import MeasureError, NotRunnable
from measures.latency import LatencySettings, measure_latency
from measures.runners.torch_guards import check_expression, is_operator
from measures.runners.worker import Limits

FORMAT = "PyTorch ExportedProgram"
QUICK = LatencySettings(n_repeats=1, n_warmup=0)


class Doubled(torch.nn.Module):
    """A sum."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return twice x."""
        return x + x


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved program with a free dimension."""
    path = tmp_path_factory.mktemp("torch") / "doubled.pt2"
    shapes = {"x": {0: torch.export.Dim("rows", min=2, max=64)}}
    program = torch.export.export(Doubled(), (torch.ones(4, 3),), dynamic_shapes=shapes)
    torch.export.save(program, path)
    return path


def _edited(honest: Path, path: Path, change: Callable[[Any], None]) -> Path:
    """Copy an archive, its program changed."""
    with zipfile.ZipFile(honest) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename.endswith("models/model.json"):
                program = json.loads(content)
                change(program)
                content = json.dumps(program).encode()
            new.writestr(info.filename, content)
    return path


def _everywhere(value: Any, key: str, text: str) -> None:
    """Set a text under a key wherever the key is."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            one.update({key: text} if isinstance(one.get(key), str) else {})
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _renamed(program: Any, name: str) -> None:
    """Rename the input wherever it is named."""
    graph = program["graph_module"]["graph"]
    graph["tensor_values"][name] = graph["tensor_values"].pop("x")
    waiting: list[Any] = [program]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            one.update({k: name for k, v in one.items() if v == "x" and k in ("name", "as_name")})
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def test_an_honest_program_runs(honest: Path, tmp_path: Path) -> None:
    """What the other tests change is what makes them fail."""
    path = _edited(honest, tmp_path / "same.pt2", lambda program: None)
    assert measure_latency(path, FORMAT, settings=QUICK).keys == ("add",)


def _refused(path: Path, mark: Path, words: str) -> None:
    with pytest.raises(MeasureError, match=words):
        measure_latency(path, FORMAT, settings=QUICK)
    assert not mark.exists()


def test_a_shape_is_not_evaluated(honest: Path, tmp_path: Path) -> None:
    """Python in the place of a shape's expression does not run."""
    mark = tmp_path / "mark"
    code = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    path = _edited(honest, tmp_path / "a.pt2", lambda p: _everywhere(p, "expr_str", code))
    _refused(path, mark, "arithmetic")


def test_a_name_is_not_executed(honest: Path, tmp_path: Path) -> None:
    """Python in the place of an input's name does not get into the code that torch writes."""
    mark = tmp_path / "mark"
    name = f"x=__import__('pathlib').Path({str(mark)!r}).touch()"
    path = _edited(honest, tmp_path / "a.pt2", lambda p: _renamed(p, name))
    _refused(path, mark, "names that are names")


def test_only_operators_are_called(honest: Path, tmp_path: Path) -> None:
    """A function of torch that is no operator, and one that reads files, are refused."""
    mark = tmp_path / "mark"
    for target in ("torch.os.abort", "torch.ops.aten.from_file.default", "torch.hub.list"):
        path = _edited(
            honest, tmp_path / "a.pt2", lambda p, target=target: _everywhere(p, "target", target)
        )
        with pytest.raises(NotRunnable):
            measure_latency(path, FORMAT, settings=QUICK)
    assert not mark.exists()


@pytest.mark.parametrize(
    "text",
    ["s0", "-2*s0 + 1", "Add(Mul(Integer(2), Symbol('s0', positive=True)), Integer(1))",
     "Eq(Mod(s0, 2), 0)", "Max(1, s0//2)", "s0**2"],
)  # fmt: skip
def test_arithmetic_is_let_through(text: str) -> None:
    """What torch writes of shapes passes."""
    check_expression(text)


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "s0.__class__", "eval('1')", "[x for x in (1,)]", "lambda: 0", "(1",
     "S('x')", "9**9**9", "s0[0]", "f'{s0}'", "(s0 := 1)", "0" * 20_000, "(" * 5_000],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    """Attributes, other calls, comprehensions, towers of powers and endless texts are refused."""
    with pytest.raises(NotRunnable, match="arithmetic"):
        check_expression(text)


def test_operators_are_told_from_functions() -> None:
    """Operators on tensors and sizes may be called; what else torch knows may not."""
    aten = torch.ops.aten
    assert all(map(is_operator, (aten.add.Tensor, torch.sym_max, torch.ops.higher_order.cond)))
    assert not any(map(is_operator, (aten.from_file.default, torch.load, print, exec, "add")))
    assert not is_operator(torch.ops.higher_order.call_torchbind)


def test_damaged_programs_end_as_errors(corpus: Path) -> None:
    """Whatever a damaged file does to torch, our error comes back."""
    files = sorted((corpus / "malformed").glob("*.pt2"))
    assert len(files) >= 3
    for path in files:
        with pytest.raises(MeasureError):
            measure_latency(path, FORMAT, None, QUICK, Limits(60, 4 << 30))
