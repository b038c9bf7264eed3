"""Numba kernels for NumPy arrays."""

from w2s_kernels.cpu import em, experts, gates, gram

__all__ = ["em", "experts", "gates", "gram"]
