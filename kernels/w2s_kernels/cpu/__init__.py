"""Numba kernels for NumPy arrays."""

from w2s_kernels.cpu import calibration, divergence, em, experts, gates, gram

__all__ = ["calibration", "divergence", "em", "experts", "gates", "gram"]
