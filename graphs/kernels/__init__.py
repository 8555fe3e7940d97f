"""Compiled kernels: arrays in, arrays out. The ground of `graphs`; only here is numba imported."""

from graphs.kernels.warming import warm

__all__ = ["warm"]
