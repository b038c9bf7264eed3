"""Numba kernels for NumPy arrays."""

from w2s_kernels.cpu import calibration, divergence, em, experts, gates, gram, misfit, resample

__all__ = ["calibration", "divergence", "em", "experts", "gates", "gram", "misfit", "resample"]
