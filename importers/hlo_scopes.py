"""Names that a framework left on an operation, as namespaces. For HLO and for MLIR locations.

JAX writes the stack of what was traced, with the primitive last:
``jit(train)/transpose(jvp(Model))/block_3/dot_general``. What wraps a function
says how it was traced, not where it belongs, so it is taken off; the backward
pass goes into a group of its own. Documentation of the names:
https://docs.jax.dev/en/latest/_autosummary/jax.named_scope.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from graphs.namespaces import split_path

MAX_NAME_CHARS = 4096
MAX_WRAPPERS = 32
BACKWARD = "backward"

# Tracing machinery: a scope of that name only repeats that there is a call.
_SILENT = {
    "closed_call", "core_call", "core_closed_call", "custom_jvp_call", "custom_jvp_call_jaxpr",
    "custom_vjp_call", "custom_vjp_call_jaxpr", "pjit", "xla_call",
}  # fmt: skip
_WRAPPERS = {"jit", "jvp", "pjit", "pmap", "remat", "transpose", "vmap", "xmap"}
_ENTRY = re.compile(r"p?jit\(.*\)\Z", re.DOTALL)
_WRAPPED = re.compile(r"(\w+)\((.*)\)\Z", re.DOTALL)
# A leaf of a tree of parameters: params['block_0']['kernel'], ws[0], state.mu.
_LEAF = re.compile(r"[A-Za-z_]\w*(?:\[[^\[\]]*\]|\.[A-Za-z_]\w*)+\Z")


@lru_cache(maxsize=65_536)
def namespace_of(name: str) -> str:
    """Return the namespace that the name of an operation states; empty for the top."""
    if "/" not in name:
        return ""
    parts = _parts(name[:MAX_NAME_CHARS])[:-1]
    if parts and _ENTRY.match(parts[0]):
        parts = parts[2 if parts[1:2] == ["jit(main)"] else 1 :]
    path: list[str] = []
    for part in parts:
        inner, is_backward = _unwrapped(part)
        if is_backward and BACKWARD not in path:
            path.append(BACKWARD)
        if inner and inner not in _SILENT:
            path.append(inner.replace("/", "\\/"))
    return "/".join(path)


def is_leaf_name(name: str) -> bool:
    """Return whether a name is that of a leaf in a tree of parameters."""
    return len(name) <= MAX_NAME_CHARS and _LEAF.match(name) is not None


def fold_single(spaces: Sequence[str | None]) -> list[str | None]:
    """Take away groups that would hold one node only: its op type says as much.

    Parameters
    ----------
    spaces : sequence of (str or None), length n
        Namespace of each operation; None, where it is not known, stays.
    """
    counts: dict[str, int] = {}
    for space in spaces:
        if space:
            counts[space] = counts.get(space, 0) + 1
    total = dict(counts)
    for path, n in counts.items():
        above = _around(path)
        while above:
            total[above] = total.get(above, 0) + n
            above = _around(above)
    kept: dict[str, str] = {}
    for path in counts:
        place = path
        while place and total[place] == 1:
            place = _around(place)
        kept[path] = place
    return [kept[space] if space else space for space in spaces]


def without_shared(spaces: Sequence[str | None]) -> list[str | None]:
    """Take away what the namespaces of all operations begin with.

    The body of a loop lies where the loop is: inside the graph of the body this
    says nothing.
    """
    known = {space for space in spaces if space is not None}
    if not known or "" in known:
        return list(spaces)
    low, high = split_path(min(known)), split_path(max(known))
    n_shared = 0
    for one, two in zip(low, high, strict=False):
        if one != two:
            break
        n_shared += 1
    kept = {path: "/".join(split_path(path)[n_shared:]) for path in known}
    return [None if space is None else kept[space] for space in spaces]


def _around(path: str) -> str:
    """Return the path without its last part; an escaped slash does not end a part."""
    at = path.rfind("/")
    while at > 0 and path[at - 1] == "\\":
        at = path.rfind("/", 0, at)
    return path[:at] if at > 0 else ""


def _parts(name: str) -> list[str]:
    """Split at slashes that are in no parentheses."""
    if "(" not in name:
        return name.split("/")
    parts: list[str] = []
    depth = 0
    for piece in name.split("/"):
        if depth > 0:
            parts[-1] += "/" + piece
        else:
            parts.append(piece)
        depth = max(0, depth + piece.count("(") - piece.count(")"))
    return parts


def _unwrapped(part: str) -> tuple[str, bool]:
    """Return ``Model, True`` for ``transpose(jvp(Model))``: what is wrapped, and if transposed."""
    is_backward = False
    for _ in range(MAX_WRAPPERS):
        found = _WRAPPED.match(part)
        if found is None or found[1] not in _WRAPPERS:
            break
        is_backward = is_backward or found[1] == "transpose"
        part = found[2]
    return part, is_backward
