"""Namespaces from TensorFlow's name scopes: `a/b/MatMul` lies in `a/b`.

A node may bear the name of a scope: TensorFlow puts the helpers of an operation
(`dense/MatMul/ReadVariableOp`) and the parts of a loop under its name. Then the
node joins its scope; and a scope that holds nothing but one node, or a node and
its helpers, is no group of its own. Imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Sequence

# Operations that feed, read or route one value for the operation under whose name they lie.
HELPERS = frozenset(
    {"Assign", "AssignVariableOp", "Cast", "Const", "Enter", "Exit", "Fill", "Identity"}
    | {"IsVariableInitialized", "NextIteration", "Pack", "ReadVariableOp", "Shape", "Switch"}
    | {"VarHandleOp", "VarIsInitializedOp", "Variable", "VariableV2"}
)
MAX_HELPERS = 8
MAX_SCOPE_PARTS = 64  # the namespaces' own limit


def scope_of(name: str) -> str:
    """Return the scope in which a name lies; empty at the top."""
    return name.rpartition("/")[0]


def namespaces_of(names: Sequence[str], op_types: Sequence[str]) -> list[str]:
    """Return the namespace of each node.

    Parameters
    ----------
    names, op_types : sequence of str
        One a node.
    """
    scopes = [scope_of(name) for name in names]
    known = _with_ancestors(set(scopes) - {""})
    places = [name if name in known else scope for name, scope in zip(names, scopes, strict=True)]
    folded = _folded(names, places, op_types, known)
    return [folded.get(place, place) for place in places]


def _with_ancestors(scopes: set[str]) -> set[str]:
    known: set[str] = set()
    for scope in scopes:
        while scope and scope not in known:
            known.add(scope)
            scope = scope_of(scope)
    return known


def _folded(
    names: Sequence[str], places: Sequence[str], op_types: Sequence[str], known: set[str]
) -> dict[str, str]:
    """Return for each scope that is no group of its own the one that takes its nodes."""
    n_members = dict.fromkeys(known, 0)
    n_others = dict.fromkeys(known, 0)  # members that are neither helpers nor the scope's own node
    is_own = dict.fromkeys(known, False)
    is_own_other = dict.fromkeys(known, False)
    for name, place, op_type in zip(names, places, op_types, strict=True):
        if not place:
            continue
        n_members[place] += 1
        if name == place:
            is_own[place] = True
            is_own_other[place] |= op_type not in HELPERS
        elif op_type not in HELPERS:
            n_others[place] += 1
    into: dict[str, str] = {}
    for scope in sorted(known, key=lambda one: -one.count("/")):
        around = scope_of(scope)
        n = n_members[scope]
        is_helped = is_own[scope] and not n_others[scope] and n <= MAX_HELPERS + 1
        if n > 1 and not is_helped:
            if around:
                n_members[around] += 1
                n_others[around] += 1
            continue
        into[scope] = around
        if around:
            n_members[around] += n
            n_others[around] += n_others[scope] + is_own_other[scope]
    return {scope: _end(scope, into) for scope in into}


def _end(scope: str, into: dict[str, str]) -> str:
    while scope in into:
        scope = into[scope]
    return scope


def common_scope(scopes: Sequence[str]) -> str:
    """Return the innermost namespace that holds all of `scopes`."""
    shared: list[str] | None = None
    for scope in dict.fromkeys(scopes):
        parts = scope.split("/")
        if shared is None:
            shared = parts
            continue
        n = 0
        while n < min(len(shared), len(parts)) and shared[n] == parts[n]:
            n += 1
        del shared[n:]
    return "/".join(shared or [])
