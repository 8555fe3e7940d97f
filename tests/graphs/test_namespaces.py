"""The namespace tree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.namespaces import MAX_DEPTH, Namespaces, build_namespaces, split_path
from tests.helpers.random_graphs import PARTS, paths

raw_paths = st.lists(st.sampled_from([*PARTS, "", "a\\"]), max_size=5).map("/".join)


def naive_split(path: str) -> list[str]:
    """Split letter by letter: an oracle."""
    parts, part = [], ""
    for i, letter in enumerate(path):
        if letter == "/" and (i == 0 or path[i - 1] != "\\"):
            parts.append(part)
            part = ""
        else:
            part += letter
    return [p for p in [*parts, part] if p]


@given(raw_paths)
def test_split_path_drops_empty_parts_and_keeps_escaped_slashes(path: str) -> None:
    """A path splits at each slash that no backslash precedes."""
    assert split_path(path) == naive_split(path)


@given(st.lists(raw_paths, unique=True, max_size=12))
def test_the_tree_holds_each_path_and_what_encloses_it(given_paths: list[str]) -> None:
    """The tree's paths are the root, the given ones and all their beginnings, each once."""
    names, index_of = build_namespaces(given_paths)
    wanted = {""}
    for path in given_paths:
        parts = naive_split(path)
        wanted |= {"/".join(parts[:k]) for k in range(len(parts) + 1)}
        assert names.paths[index_of[path]] == "/".join(parts)
    assert sorted(names.paths) == sorted(wanted)


@given(st.lists(raw_paths, unique=True, max_size=12))
def test_the_tree_is_in_preorder(given_paths: list[str]) -> None:
    """Parents come first, a subtree is the range up to `end`, depth counts the parts."""
    names, _ = build_namespaces(given_paths)
    for i, path in enumerate(names.paths):
        parts = naive_split(path)
        assert names.depth[i] == len(parts)
        assert names.name(i) == (parts[-1].replace("\\/", "/") if parts else "")
        if i:
            assert names.paths[names.parent[i]] == "/".join(parts[:-1])
        inside = [j for j, p in enumerate(names.paths) if naive_split(p)[: len(parts)] == parts]
        assert inside == list(range(i, names.end[i]))


@given(st.lists(paths, unique=True, min_size=1, max_size=12), st.data())
def test_ancestors_and_masks_agree(given_paths: list[str], data: st.DataObject) -> None:
    """`with_ancestors` marks exactly what `ancestors` lists, the rows themselves and the root."""
    names, _ = build_namespaces(given_paths)
    rows = data.draw(st.lists(st.integers(0, len(names) - 1), max_size=4))
    wanted = {0, *rows} | {a for row in rows for a in names.ancestors(row)}
    mask = names.with_ancestors(np.array(rows, dtype=np.int32))
    assert set(np.flatnonzero(mask).tolist()) == wanted


def test_siblings_keep_the_order_of_first_appearance() -> None:
    """Groups are listed as the file has them, not by the alphabet."""
    names, _ = build_namespaces(["z", "a/late", "z/in", "a"])
    assert names.paths == ("", "z", "z/in", "a", "a/late")


def test_a_path_that_is_nested_too_deeply_is_folded() -> None:
    """A hostile path of 100,000 parts makes a tree of `MAX_DEPTH`, and nothing overflows."""
    names, index_of = build_namespaces(["/".join(["p"] * 100_000)])
    assert len(names) == MAX_DEPTH + 1
    assert names.depth.max() == MAX_DEPTH
    assert index_of["/".join(["p"] * 100_000)] == MAX_DEPTH


def test_a_number_is_shown_with_what_it_counts() -> None:
    """A block of a list is titled after the list; every other name stands for itself."""
    names, index = build_namespaces(["layers/0/mlp", "layers/1@2", "7"])
    titles = {path: names.title(i) for path, i in index.items()}
    assert titles == {"layers/0/mlp": "mlp", "layers/1@2": "layers.1@2", "7": "7"}


def test_an_unknown_path_is_a_key_error() -> None:
    """Asking for a path that is not there names it."""
    names: Namespaces = build_namespaces(["a"])[0]
    assert names.index("a") == 1
    with pytest.raises(KeyError, match="nowhere"):
        names.index("nowhere")
