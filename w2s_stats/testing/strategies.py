"""Hypothesis strategies for predictions, models, classes of functions and shifted concepts.

All shrink: what a failing test reports is small. Sizes may be integers or strategies.
"""

from w2s_stats.testing._classes import (
    convex_classes,
    hull_triples,
    linear_classes,
    linear_triples,
)
from w2s_stats.testing._problems import latent_concept_problems
from w2s_stats.testing._rows import probability_rows, real_rows
from w2s_stats.testing._triples import ModelTriple, model_triples

__all__ = [
    "ModelTriple",
    "convex_classes",
    "hull_triples",
    "latent_concept_problems",
    "linear_classes",
    "linear_triples",
    "model_triples",
    "probability_rows",
    "real_rows",
]
