"""Plain NumPy: obviously right, and the oracle for the other backends."""

from w2s_kernels.reference import em, experts, gates, gram

__all__ = ["em", "experts", "gates", "gram"]
