"""Plain NumPy: obviously right, and the oracle for the other backends."""

from w2s_kernels.reference import calibration, divergence, em, experts, gates, gram

__all__ = ["calibration", "divergence", "em", "experts", "gates", "gram"]
