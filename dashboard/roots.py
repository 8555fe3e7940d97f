"""Which server paths the page may open: inside a root, links resolved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from graphs.errors import ReadError
from importers.base import FOLDER_FILES, model_file

MAX_LISTED = 500
MAX_FOLDERS = 2000
_STANDS_FOR_FOLDER = frozenset(FOLDER_FILES)
_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})


def resolve(text: str, roots: Sequence[Path], allowed: Sequence[Path] = ()) -> Path:
    """Return the file, or folder that is a model, that `text` names: absolute, or under a root.

    Parameters
    ----------
    text : str
        From the page or the URL, so untrusted.
    roots : sequence of Path
        Resolved folders.
    allowed : sequence of Path
        Single files that may be opened although they lie outside.

    Raises
    ------
    ReadError
        It lies outside every root, or does not exist there. Both are told in
        the same words, so that the page cannot be used to look around.
    """
    found = _first(text, roots)
    if found is not None:
        return found
    for file in allowed:
        if text == str(file) and model_file(file) is not None:
            return file
    known = ", ".join(str(root) for root in roots)
    raise ReadError(
        text, f"there is no such file inside {known}. Start the server with --root DIR for others"
    )


def resolve_folder(text: str, roots: Sequence[Path]) -> Path:
    """Return the folder inside a root that `text` names, none of whose files leads outside.

    Raises
    ------
    ReadError
        As `resolve` does, and where a link in it leads out of every root.
    """
    for root in roots:
        found = _resolved(root, text)
        if found is None or not _is_inside(found, roots) or not found.is_dir():
            continue
        if all(_is_inside(one.resolve(), roots) for one in found.iterdir() if one.is_symlink()):
            return found
    known = ", ".join(str(root) for root in roots)
    raise ReadError(text, f"there is no such folder inside {known}, or a link in it leads outside")


def reference_of(path: Path, roots: Sequence[Path]) -> str:
    """Return what `?model=` may name to open `path` again."""
    real = path.resolve()
    for root in roots:
        if real.is_relative_to(root):
            relative = str(real.relative_to(root))
            # Another root may come first and hold a file of the same relative name.
            return relative if _first(relative, roots) == real else str(real)
    return str(path)


def list_files(
    roots: Sequence[Path],
    extensions: Sequence[str],
    *,
    most: int = MAX_LISTED,
    most_folders: int = MAX_FOLDERS,
) -> list[str]:
    """Return references of up to `most` files with these extensions; hidden folders are skipped.

    A folder that is a model is one entry, and what lies in it is none.
    """
    found: list[str] = []
    n_folders = 0
    for root in roots:
        for folder, inner, files in os.walk(root):
            n_folders += 1
            if n_folders > most_folders:
                return found
            inner[:] = sorted(d for d in inner if d[:1] != "." and d not in _SKIPPED)
            names = sorted(file for file in files if file.lower().endswith(tuple(extensions)))
            if not _STANDS_FOR_FOLDER.isdisjoint(files):
                names, inner[:] = [""], []
            for file in names:
                path = Path(folder, file)
                if _is_model(path, roots):
                    found.append(reference_of(path, roots))
                    if len(found) >= most:
                        return found
    return found


def _first(text: str, roots: Sequence[Path]) -> Path | None:
    """Return the first file of that name inside the roots."""
    for root in roots:
        found = _resolved(root, text)
        if found is not None and _is_inside(found, roots) and _is_model(found, roots):
            return found
    return None


def _is_model(path: Path, roots: Sequence[Path]) -> bool:
    """Return whether a path is a file, or a folder whose model is no link that leads outside."""
    file = model_file(path)
    return file is not None and _is_inside(file.resolve(), roots)


def _resolved(root: Path, text: str) -> Path | None:
    try:
        return (root / text).resolve()
    except (OSError, ValueError, RuntimeError):
        return None  # a NUL character, a loop of links


def _is_inside(path: Path, roots: Sequence[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)
