"""Where a TFLite operator belongs: the hierarchy hidden in the names of its tensors.

TFLite's operators have no names. A converter names each tensor after the
operations it came from, ``model/conv2d/Conv2D``, and joins the names of what
it fused: ``model/relu/Relu;model/bn/FusedBatchNormV3;model/conv2d/Conv2D``.
Imports no framework.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphs.namespaces import split_path

# What converters call the operation, where TFLite calls it something else.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "AVERAGE_POOL_2D": ("avgpool", "averagepool"),
    "BATCH_MATMUL": ("matmul", "einsum", "dotgeneral"),
    "CONV_2D": ("conv2d", "convolution"),
    "CONV_3D": ("conv3d", "convolution"),
    "DEPTHWISE_CONV_2D": ("depthwise",),
    "FULLY_CONNECTED": ("matmul", "einsum", "dotgeneral", "linear"),
    "LOGISTIC": ("sigmoid", "logistic"),
    "MAX_POOL_2D": ("maxpool",),
    "TRANSPOSE_CONV": ("conv2dtranspose", "convtranspose", "convolution"),
}
MAX_PARTS = 64  # of a fused name; converters join a dozen
_NUMBERED_END = re.compile(r";\d*$")
_TRACED = re.compile(r"p?jit\(.*\)\Z", re.DOTALL)


def tensor_namespace(name: str, op_type: str = "") -> str:
    """Return the namespace that the name of an operator's output states; empty if none.

    Of a fused name the part counts whose operation is the operator's own: the
    convolution of a fused convolution, not its activation. If several are, the
    one whose namespace most other parts share; if none is, the namespace that
    all parts have in common. What JAX puts around a traced function,
    ``jit(wrapper)/jit(main)``, encloses everything and says nothing: it is left out.

    Parameters
    ----------
    name : str
        Tensor name. One that ends in ``;`` is made of module paths, as
        PyTorch's converter writes them: the last part is a module too.
    op_type : str, optional
        TFLite's name of the operator.
    """
    is_module = _NUMBERED_END.search(name) is not None
    parts = _NUMBERED_END.sub("", name).split(";", MAX_PARTS)[:MAX_PARTS]
    paths = [_without_tracer(split_path(part)) for part in parts if part]
    if not paths:
        return ""
    scopes = [path if is_module else path[:-1] for path in paths]
    if len(paths) > 1:
        words = _words(op_type)
        own = [i for i, path in enumerate(paths) if path and _is_named(path[-1], words)]
        if not own:
            return "/".join(common_scope(scopes))
        return "/".join(scopes[max(own, key=lambda i: _n_sharing(scopes, scopes[i]))])
    return "/".join(scopes[0])


def _without_tracer(path: list[str]) -> list[str]:
    n = 1 if path and _TRACED.match(path[0]) else 0
    return path[n + (n > 0 and path[1:2] == ["jit(main)"]) :]


def common_scope(scopes: Sequence[Sequence[str]]) -> list[str]:
    """Return the longest namespace that encloses all of `scopes`, each a list of parts."""
    shared = list(scopes[0]) if scopes else []
    for scope in scopes[1:]:
        n = 0
        while n < min(len(shared), len(scope)) and shared[n] == scope[n]:
            n += 1
        del shared[n:]
    return shared


def _words(op_type: str) -> tuple[str, ...]:
    return _SYNONYMS.get(op_type) or (op_type.lower().replace("_", "") or "\0",)


def _is_named(leaf: str, words: tuple[str, ...]) -> bool:
    plain = leaf.lower().replace("_", "")
    return any(word in plain for word in words)


def _n_sharing(scopes: list[list[str]], scope: list[str]) -> int:
    return sum(other[: len(scope)] == scope for other in scopes)
