"""Statistics of weak-to-strong generalization.

A weak model labels data and a strong model learns from those labels. The subpackages answer what
the strong model really learned, how far it can be trusted and which way of learning is best. Each
is imported by name (``from w2s_stats.mixture import MixtureOfExpertsRegressor``); this module
holds nothing but the version, so that importing it costs nothing.
"""

__version__ = "0.1.0"
