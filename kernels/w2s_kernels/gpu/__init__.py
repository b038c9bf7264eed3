"""CUDA kernels for CuPy arrays, by the names of ``reference`` and ``cpu``.

Nothing is compiled, and CuPy is not imported, before the first call. What a kernel returns stays on
the device: an array of one number, which `int` or `float` waits for.
"""

from w2s_kernels.gpu import calibration, divergence, em, experts, gates, gram, misfit, resample
from w2s_kernels.gpu._sums import MOST_FEATURES

__all__ = [
    "MOST_FEATURES",
    "calibration",
    "divergence",
    "em",
    "experts",
    "gates",
    "gram",
    "misfit",
    "resample",
]
