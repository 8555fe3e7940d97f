"""`opscope measure`: exit statuses, bounds, and the files that scripts read."""

from __future__ import annotations

import argparse
import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

import importers
from dashboard.cli import main
from dashboard.measure_arguments import add_arguments
from dashboard.measured import Measured, MeasuredSet, over, to_csv, to_json, to_text
from importers.node_data import read_node_data
from measures.error_measures import ACCUMULATED_MEASURES
from sample_models import sample
from tests.helpers.repository import ROOT

LATENCY = ["latency_ms", "latency_p10_ms", "latency_p90_ms", "latency_share"]
ERRORS = ["sqnr_db", "mse", "rmse_over_scale", "cosine_distance", "max_abs_error"]
INT8, FLOAT = sample("digits_int8").path, sample("digits_float").path
QUICK = ["--repeat", "3", "--warm-up", "0", "--samples", "2"]


@pytest.fixture(scope="module")
def error_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The errors of the sample pair, as JSON and as CSV."""
    folder = tmp_path_factory.mktemp("errors")
    files = {ending: folder / f"errors.{ending}" for ending in ("json", "csv")}
    for path in files.values():
        command = ["measure", str(INT8), "--reference", str(FLOAT), "--out", str(path)]
        assert main([*command, "--inputs", str(_digits(folder)), *QUICK]) == 0
    return files


def _digits(folder: Path) -> Path:
    path = folder / "digits.npy"
    np.save(path, np.random.default_rng(0).uniform(0, 16, (3, 1, 8, 8)).astype(np.float32))
    return path


def test_json_has_one_set_a_measure(error_files: dict[str, Path]) -> None:
    """Sets bear the ids of their measures, accumulated and local errors apart."""
    sets = json.loads(error_files["json"].read_text())
    names = [one["name"] for one in sets]
    assert len(names) == len(set(names))
    assert {*ERRORS, "sqnr_db_local", "mse_local", "weight_sqnr_db"} <= set(names)
    assert all(set(one) == {"name", "results"} and one["results"] for one in sets)


def test_csv_has_one_column_a_measure(error_files: dict[str, Path]) -> None:
    """A row a node and a column a measure, with the numbers of the JSON."""
    with error_files["csv"].open() as file:
        rows = list(csv.DictReader(file))
    sets = {one["name"]: one["results"] for one in json.loads(error_files["json"].read_text())}
    assert set(rows[0]) == {"node", *sets}
    by_node = {row["node"]: row for row in rows}
    for name in ("mse", "sqnr_db_local"):
        finite = {k: float(r[name]) for k, r in by_node.items()
                  if r[name] and math.isfinite(float(r[name]))}  # fmt: skip
        assert finite == {key: one["value"] for key, one in sets[name].items()}


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_what_is_written_is_read_back(error_files: dict[str, Path], ending: str) -> None:
    """Every measure comes back as node data of the model, with no key unmatched."""
    model = importers.read(INT8)
    found = read_node_data(error_files[ending], f"errors.{ending}", model)
    by_label = {f"{one.name}_{one.unit}".strip("_").lower(): one for one in found}
    written = json.loads(error_files["json"].read_text())
    assert set(by_label) == {one["name"].lower() for one in written}
    assert all(one.unmatched == () for one in found)
    mse = next(one["results"] for one in written if one["name"] == "mse")
    values = by_label["mse"].values
    for key, one in mse.items():
        assert values[model.graphs[0].node_ids.index(key)] == one["value"]


def test_latency_is_measured_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a reference the times are taken, and the whole run stands beside their sum."""
    out = tmp_path / "latency.json"
    assert main(["measure", str(FLOAT), "--out", str(out), *QUICK]) == 0
    sets = json.loads(out.read_text())
    assert [one["name"] for one in sets] == LATENCY
    assert len(sets[0]["results"]) == sample("digits_float").expectation["n_operators"]
    text = capsys.readouterr().out
    assert "the whole run takes" in text and "random data" in text


def test_fused_kernels_are_written_on_all_their_nodes(tmp_path: Path) -> None:
    """With optimization on a further column tells the kernel's time, also of nodes without one."""
    out = tmp_path / "latency.csv"
    assert main(["measure", str(FLOAT), "--optimize", "extended", "--out", str(out), *QUICK]) == 0
    with out.open() as file:
        rows = {row["node"]: row for row in csv.DictReader(file)}
    conv, relu = rows["stem/conv"], rows["stem/conv_relu"]
    assert conv["latency_fused_ms"] == relu["latency_fused_ms"] == conv["latency_ms"]
    assert relu["latency_ms"] == "" and rows["head/dense"]["latency_ms"]


def test_a_node_above_a_bound_is_status_1_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    """For an error more is worse; every node that exceeds the bound is printed, no other."""
    command = ["measure", str(INT8), "--reference", str(FLOAT), *QUICK]
    assert main([*command, "--fail-above", "max_abs_error=0"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any("block1/conv1: max_abs_error" in line and "is above 0" in line for line in lines)
    assert main([*command, "--fail-above", "max_abs_error=1e9"]) == 0


def test_a_signal_to_noise_ratio_below_its_bound_is_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For a ratio less is worse, so the bound is a least value."""
    command = ["measure", str(INT8), "--reference", str(FLOAT), *QUICK]
    assert main([*command, "--fail-above", "sqnr_db=200"]) == 1
    assert "is below 200" in capsys.readouterr().err
    assert main([*command, "--fail-above", "sqnr_db=-200"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--error"], "--reference"),
        (["--reference", str(sample("digits_float_tflite").path)], "a float model in ONNX"),
        (["--fail-above", "speed=1"], "not speed"),
        (["--out", "times.parquet"], ".json or .csv"),
        (["--dim", "nothing=3"], "free dimensions"),
    ],
)
def test_what_cannot_be_measured_is_status_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing twin, another format, an unknown measure, file or dimension: one line says it."""
    assert main(["measure", str(INT8), *arguments, *QUICK]) == 2
    captured = capsys.readouterr()
    assert words in captured.err and captured.err.count("\n") == 1


def test_a_measure_that_fails_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where error has no twin, latency is taken and written all the same, and status is 2."""
    out = tmp_path / "latency.csv"
    command = ["measure", str(FLOAT), "--latency", "--error", "--out", str(out)]
    assert main([*command, *QUICK]) == 2
    assert out.read_text().startswith("node,latency_ms")
    assert "quantization error" in capsys.readouterr().err


def test_a_bound_on_what_failed_is_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1 would say that a node exceeds it; what was measured is written, and why not all."""
    broken, out = tmp_path / "broken.onnx", tmp_path / "latency.csv"
    broken.write_bytes(b"no model")
    command = ["measure", str(INT8), "--reference", str(broken), "--latency", "--out", str(out)]
    assert main([*command, "--fail-above", "sqnr_db=20", *QUICK]) == 2
    assert out.read_text().startswith("node,latency_ms")
    assert "broken.onnx" in capsys.readouterr().err


def test_a_bound_on_what_was_not_taken_keeps_what_was(tmp_path: Path) -> None:
    """The file is written before the bound is refused."""
    out = tmp_path / "latency.csv"
    command = ["measure", str(FLOAT), "--out", str(out), "--fail-above", "mse=1"]
    assert main([*command, *QUICK]) == 2
    assert out.read_text().startswith("node,latency_ms")


@pytest.mark.parametrize(
    "arguments",
    [["--repeat", "0"], ["--fail-above", "mse"], ["--dim", "=3"], ["--image-mean", "a"]],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    """The parser says what it wants, with status 2."""
    with pytest.raises(SystemExit) as caught:
        main(["measure", str(FLOAT), *arguments])
    assert caught.value.code == 2


def test_models_trained_apart_are_told(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output warns that the difference is no quantization error."""
    twins = [str(corpus / "tflite" / f"hello_world_{kind}.tflite") for kind in ("int8", "float")]
    assert main(["measure", twins[0], "--reference", twins[1], *QUICK]) == 0
    assert "WARNING: the weights are not the same model's" in capsys.readouterr().out


def test_values_that_json_lacks_are_left_out() -> None:
    """An exact tensor's ratio is infinite: absent from JSON, ``inf`` in CSV, below no bound."""
    found = Measured([MeasuredSet("sqnr_db", {"a": math.inf, "b": 3.0}, is_higher_worse=False)])
    assert json.loads(to_json(found)) == {"name": "sqnr_db", "results": {"b": {"value": 3.0}}}
    assert to_csv(found) == "node,sqnr_db\na,inf\nb,3\n"
    assert over(found, "sqnr_db", 5.0) == ["b: sqnr_db 3 is below 5"]
    assert to_text(found).splitlines()[-2:] == ["b           3", "a         inf"]


def test_a_name_from_a_file_stays_on_its_line() -> None:
    """Line breaks in a node's name cannot forge lines of the report."""
    found = Measured([MeasuredSet("mse", {"a\nopscope: all is well": 2.0})])
    assert len(over(found, "mse", 1.0)[0].splitlines()) == 1
    assert "\nopscope" not in to_text(found)


def test_the_page_on_measuring_names_every_option_and_measure() -> None:
    """docs/measuring.md explains what the command takes and gives."""
    text = (ROOT / "docs" / "measuring.md").read_text()
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    options = {one for action in parser._actions for one in action.option_strings}
    names = {*options, *LATENCY, *(one.id for one in ACCUMULATED_MEASURES), "_local", "weight_"}
    assert len(options) > 15
    assert sorted(name for name in names if f"`{name}" not in text and f"[{name}" not in text) == []
