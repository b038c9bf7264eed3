"""Plain NumPy: obviously right, and the oracle for the other backends."""

from w2s_kernels.reference import (
    calibration,
    divergence,
    em,
    experts,
    gates,
    gram,
    misfit,
    resample,
)

__all__ = ["calibration", "divergence", "em", "experts", "gates", "gram", "misfit", "resample"]
