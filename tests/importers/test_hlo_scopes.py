"""Names that frameworks leave on operations, as namespaces."""

from __future__ import annotations

import pytest

from importers.hlo_scopes import fold_single, is_leaf_name, namespace_of, without_shared


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jit(f)/jit(main)/block_3/attn/dot_general", "block_3/attn"),
        ("jit(f)/block_3/mul", "block_3"),
        (
            "jit(train)/jit(main)/transpose(jvp(Model))/block_3/dot_general",
            "backward/Model/block_3",
        ),
        ("jit(train)/jvp(Model)/block_3/dot_general", "Model/block_3"),
        ("jit(f)/jvp()/mul", ""),
        ("jit(f)/transpose(jvp())/mul", "backward"),
        ("jit(f)/vmap(jit(silu))/exp", "silu"),
        ("jit(f)/while/body/closed_call/layer/add", "while/body/layer"),
        ("jit(f)/transpose(jvp(a/b))/mul", "backward/a\\/b"),
        ("model/conv1/Conv2D", "model/conv1"),
        ("jit(f)/mul", ""),
        ("aten__mul", ""),
        ("", ""),
    ],
)
def test_wrappers_are_taken_off(name, expected):
    """What wraps a traced function is no group; the backward pass is one of its own."""
    assert namespace_of(name) == expected


def test_leaves_of_parameter_trees():
    """Names with a path into a tree are leaves, plain names are not."""
    leaves = ["params['block_0']['w']", "ws[0]", "state.mu"]
    assert all(map(is_leaf_name, leaves))
    assert not any(map(is_leaf_name, ["x", "jit(f)/add", "x y[0]", ""]))


def test_groups_of_one_are_folded():
    """A group with one member goes away, with all around it that hold no other."""
    assert fold_single(["a/b/c", "a/b/d", "e/f", None, "a"]) == ["a/b", "a/b", "", None, "a"]
    assert fold_single(["a/b", "a/b", "x\\/y", ""]) == ["a/b", "a/b", "", ""]


def test_what_all_share_is_taken_away():
    """Inside a loop's body the path to the loop says nothing."""
    assert without_shared(["m/w/a", "m/w/b", None]) == ["a", "b", None]
    assert without_shared(["m/w", "m/w/b"]) == ["", "b"]
    assert without_shared(["", "m"]) == ["", "m"]
    assert without_shared([None]) == [None]
