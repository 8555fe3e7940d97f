"""Which server paths the page may open."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.roots import list_files, reference_of, resolve
from graphs.errors import ReadError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a model in a folder, beside a secret outside."""
    inside = tmp_path / "root" / "models"
    inside.mkdir(parents=True)
    (inside / "a.onnx").write_bytes(b"x")
    (tmp_path / "secret.onnx").write_bytes(b"x")
    return (tmp_path / "root").resolve()


def test_relative_and_absolute_paths_inside_a_root(root: Path) -> None:
    """Both ways to name a file inside work and give one reference."""
    file = root / "models" / "a.onnx"
    assert resolve("models/a.onnx", [root]) == file
    assert resolve(str(file), [root]) == file
    assert reference_of(file, [root]) == str(Path("models/a.onnx"))


@pytest.mark.parametrize(
    "text", ["../secret.onnx", "models/../../secret.onnx", "/etc/passwd", "\0"]
)
def test_outside_is_refused(root: Path, text: str) -> None:
    """Traversal, absolute paths and NUL characters do not leave the root."""
    with pytest.raises(ReadError, match="no such file inside"):
        resolve(text, [root])


def test_a_link_that_leads_outside_is_refused(root: Path) -> None:
    """Links are resolved before the root is compared."""
    (root / "link.onnx").symlink_to(root.parent / "secret.onnx")
    (root / "folder").symlink_to(root.parent)
    for text in ("link.onnx", "folder/secret.onnx"):
        with pytest.raises(ReadError):
            resolve(text, [root])
    assert list_files([root], [".onnx"]) == [str(Path("models/a.onnx"))]


def test_missing_and_outside_are_told_in_the_same_words(root: Path) -> None:
    """The page cannot be used to find out which files exist."""
    said = []
    for text in ("../secret.onnx", "../nothing.onnx"):
        with pytest.raises(ReadError) as caught:
            resolve(text, [root])
        said.append(caught.value.reason)
    assert said[0] == said[1]


def test_what_the_server_was_started_with_may_lie_outside(root: Path) -> None:
    """A file on the command line is opened by its own path, and no other beside it."""
    given = root.parent / "secret.onnx"
    assert resolve(str(given), [root], [given]) == given


def test_the_list_is_bounded(root: Path) -> None:
    """A root with a million folders does not hold the page up."""
    for i in range(30):
        (root / f"f{i}").mkdir()
        (root / f"f{i}" / "m.onnx").write_bytes(b"")
    assert len(list_files([root], [".onnx"], most=7)) == 7
    assert list_files([root], [".onnx"], most_folders=1) == []


def test_a_folder_that_is_a_model_opens(root: Path) -> None:
    """A SavedModel is its folder: it resolves, and is listed once, without what lies in it."""
    folder = root / "saved"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"x")
    (folder / "variables" / "other.pb").write_bytes(b"x")
    assert resolve("saved", [root]) == folder
    assert list_files([root], [".pb", ".onnx"]) == [str(Path("models/a.onnx")), "saved"]
    with pytest.raises(ReadError):
        resolve("models", [root])


def test_a_folder_whose_model_lies_outside_is_refused(root: Path) -> None:
    """A link in place of a folder's model leads nowhere."""
    (root / "saved").mkdir()
    (root / "saved" / "saved_model.pb").symlink_to(root.parent / "secret.onnx")
    with pytest.raises(ReadError):
        resolve("saved", [root])
    assert list_files([root], [".pb"]) == []
