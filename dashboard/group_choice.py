"""The groups that `--expand` names. Knows namespaces, no layout and no widgets."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from graphs.errors import UnknownName
from graphs.namespaces import Namespaces, split_path

MAX_COMPARED = 5_000  # names that a misspelt one is compared with
MAX_COMPARED_CHARS = 100
MAX_SUGGESTED = 3


def expanded_by(names: Namespaces, texts: Sequence[str]) -> frozenset[int]:
    """Return the namespaces that are open.

    Parameters
    ----------
    names : Namespaces
    texts : sequence of str
        Each ``none``, ``all``, a path, or paths with commas between them. A path
        opens what is around it as well. Empty parts of paths are dropped, so
        that ``/all`` is a group of that name.

    Raises
    ------
    UnknownName
        There is no group of that path; the nearest ones are named.
    """
    index = {path: i for i, path in enumerate(names.paths)}
    wanted: set[int] = set()
    for text in texts:
        if text == "all":
            wanted.update(range(len(names)))
        elif text != "none":
            # A name may hold a comma: what is a path as a whole is not cut.
            paths = [text] if _canonical(text) in index else text.split(",")
            wanted.update(_index_of(names, index, path) for path in paths)
    is_open = names.with_ancestors(np.array(sorted(wanted), dtype=np.int64))
    return frozenset(np.flatnonzero(is_open).tolist()) - {0}


def _canonical(path: str) -> str:
    return "/".join(split_path(path.strip()))


def _index_of(names: Namespaces, index: dict[str, int], path: str) -> int:
    found = index.get(_canonical(path))
    if found is None:
        raise UnknownName("group", path, _nearest(names, index, split_path(path.strip())))
    return found


def _nearest(names: Namespaces, index: dict[str, int], parts: list[str]) -> list[str]:
    """Return paths near an unknown one: its first unknown part put right, or around its parts."""
    n_known = 0
    while "/".join(parts[: n_known + 1]) in index:
        n_known += 1
    around = index["/".join(parts[:n_known])]
    siblings = [names.paths[i] for i in np.flatnonzero(names.parent == around)]
    by_name = {split_path(path)[-1]: path for path in siblings}
    near = [by_name[name] for name in near_names(parts[n_known], list(by_name))]
    rest = "".join(f"/{part}" for part in parts[n_known + 1 :])
    near = [path + rest if path + rest in index else path for path in near]
    end = "/" + "/".join(parts)
    near += [path for path in names.paths if path.endswith(end)][:MAX_SUGGESTED]
    return (near or siblings)[:MAX_SUGGESTED]


def near_names(wanted: str, names: Sequence[str]) -> list[str]:
    """Return the few names that look most like the wanted one; of very many, of the first."""
    short = {name[:MAX_COMPARED_CHARS]: name for name in names[:MAX_COMPARED]}
    found = difflib.get_close_matches(wanted[:MAX_COMPARED_CHARS], short, MAX_SUGGESTED)
    return [short[name] for name in found]
