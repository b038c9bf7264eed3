"""Divergences between predictions: mean KL, output KL, squared, and the Bregman family."""

from w2s_stats.divergences._bregman import Bregman, Range, Separable
from w2s_stats.divergences._kl import kl_divergence
from w2s_stats.divergences._members import KL, BinaryKL, GeneralizedKL, ItakuraSaito, Squared
from w2s_stats.divergences._outputs import output_kl_divergence, squared_distance

__all__ = [
    "KL",
    "BinaryKL",
    "Bregman",
    "GeneralizedKL",
    "ItakuraSaito",
    "Range",
    "Separable",
    "Squared",
    "kl_divergence",
    "output_kl_divergence",
    "squared_distance",
]
