"""Every malformed file of the corpus: what it must end in, within 5 seconds and 500 MB each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.helpers.importer_contract import Outcome, check_limits, outcomes

# File -> error, and words of its message; no error: words of one of the notes.
EXPECTED: dict[str, tuple[str, str]] = {
    "buffer_index_and_huge_shape.tflite": ("", "A tensor names a buffer that does not exist"),
    "config_not_json.keras": ("DamagedSource", "config.json is no valid JSON"),
    "cyclic.onnx": ("", "in a cycle"),
    "cyclic.tflite": ("", "A tensor is read before it is produced"),
    "cyclic_dangling_dup.pb": ("", "in a cycle"),
    "dangling_inputs.onnx": ("", "An input that nothing produces"),
    "duplicate_names_and_outputs.onnx": ("", "one name"),
    "empty.onnx": ("UnknownFormat", "an empty file"),
    "external_data_missing.onnx": ("", "no such file beside the model"),
    "external_data_traversal.onnx": ("", "outside the model's folder"),
    "future_schema.pt2": ("", "The schema is newer"),
    "html_404.onnx": ("UnknownFormat", "HTML page"),
    "huge_dataset_claim.h5": ("", "A weight cannot be read"),
    "huge_dims_claim.onnx": ("", "more elements than the file can hold"),
    "lambda_bytecode.keras": ("", ""),
    "lfs_pointer.tflite": ("UnknownFormat", "Run: git lfs pull"),
    "me_missing_sources_dup_ids.json": ("", "comes from a node that does not exist: ghost"),
    "me_script_in_labels.json": ("", ""),
    "model_json_garbage.pt2": ("DamagedSource", "models/model.json is no exported program"),
    "nodedata_nan_inf.json": ("ReadError", "node data"),
    "non_utf8_names.onnx": ("", "not UTF-8"),
    "pickle_canary.pt": ("UnknownFormat", "which are a pickle"),
    "random_bytes.pb": ("UnknownFormat", "binary data"),
    "subgraphs_nested_600_deep.onnx": ("UnsupportedFeature", "nested deeper"),
    "tensor_index_out_of_range.tflite": ("", "refers to a tensor that does not exist"),
    "tflite_named_as.onnx": ("", ""),
    "truncated.h5": ("DamagedSource", "truncated file"),
    "truncated.hlo": ("DamagedSource", "no instruction"),
    "truncated.mlir": ("DamagedSource", "ends inside"),
    "truncated.onnx": ("DamagedSource", "cut"),
    "truncated.tflite": ("DamagedSource", "outside of it"),
    "truncated_zip.pt2": ("DamagedSource", "cut or corrupt"),
    "unknown_dialect_pretty.mlir": ("", "A value is used that nothing produces"),
    "wrong_magic.tflite": ("UnknownFormat", "By its name it should be TFLite"),
}


@pytest.fixture(scope="module")
def found(corpus: Path) -> dict[str, Outcome]:
    """What became of each file, each opened in a process of its own, two at a time."""
    paths = sorted(path for path in (corpus / "malformed").iterdir() if path.is_file())
    with ThreadPoolExecutor(2) as pool:
        return {name: one for each in pool.map(outcomes, [[path] for path in paths])
                for name, one in each.items()}  # fmt: skip


def test_the_table_is_complete(found: dict[str, Outcome]) -> None:
    """Every malformed file has its row, so that none is forgotten."""
    assert sorted(found) == sorted(EXPECTED)


def test_every_file_stays_within_its_limits(found: dict[str, Outcome]) -> None:
    """No file takes longer than 5 seconds, more than 500 MB, or ends in an error but ours."""
    for outcome in found.values():
        check_limits(outcome)


def test_every_file_ends_as_it_should(found: dict[str, Outcome]) -> None:
    """A graph with a note, or an error that says what is wrong."""
    wrong = []
    for name, (error, words) in EXPECTED.items():
        one = found[name]
        said = [one.message] if error else one.notes
        is_told = not words or any(words in text for text in said)
        if one.error != error or not is_told:
            wrong.append(f"{name}: {one.error} {one.message} {one.notes}")
    assert wrong == []


def test_no_pickle_is_executed(found: dict[str, Outcome]) -> None:
    """Opening the pickle that would leave a file behind leaves none."""
    assert found["pickle_canary.pt"].error in ("UnknownFormat", "ReadError", "UnsupportedFeature")
    assert not any(
        Path(one, "PICKLE_WAS_EXECUTED").exists() for one in (".", Path(__file__).parent)
    )
