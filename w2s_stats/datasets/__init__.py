"""Data with the truth beside it: generators, embedded data, readers of real data (theory §6.1)."""

from ._concept_shift import make_concept_shift
from ._esol import load_esol
from ._latent_concept_shift import make_latent_concept_shift
from ._latent_sample import sample_latent_concept_shift
from ._tone import load_tone

__all__ = [
    "load_esol",
    "load_tone",
    "make_concept_shift",
    "make_latent_concept_shift",
    "sample_latent_concept_shift",
]
