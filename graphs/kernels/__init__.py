"""Compiled kernels: arrays in, arrays out. The ground of `graphs`; only here is numba imported."""

from graphs.kernels.preparing import PREPARATION
from graphs.kernels.warming import kept_in, warm

__all__ = ["PREPARATION", "kept_in", "warm"]
