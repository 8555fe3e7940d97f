"""Tensors of torch as NumPy arrays, those types included that NumPy lacks.

torch is imported in functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def numpy_of(tensor: Any) -> NDArray[np.generic] | None:
    """Return a copy of a tensor's data; None for one without data, or of a kind that has none.

    Parameters
    ----------
    tensor : torch.Tensor or anything else
    """
    import torch

    if not isinstance(tensor, torch.Tensor) or not _has_data(tensor):
        return None
    plain = tensor.detach().to("cpu").resolve_conj().resolve_neg().contiguous()
    name = str(plain.dtype).removeprefix("torch.")
    if name.startswith(("bfloat16", "float8")):
        import ml_dtypes

        same_size = torch.int16 if plain.element_size() == 2 else torch.uint8
        raw: NDArray[np.generic] = plain.view(same_size).numpy().copy()
        extended: NDArray[np.generic] = raw.view(getattr(ml_dtypes, name))
        return extended
    found: NDArray[np.generic] = plain.numpy().copy()
    return found


def _has_data(tensor: Any) -> bool:
    """Return whether a tensor is dense and real: not fake, not meta, not sparse or quantized."""
    import torch
    from torch._subclasses import FakeTensor

    is_plain = tensor.layout == torch.strided and not tensor.is_quantized
    return is_plain and not tensor.is_meta and not isinstance(tensor, FakeTensor)
