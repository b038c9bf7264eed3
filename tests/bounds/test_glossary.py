"""Words that a table uses are explained in its notes, and no others."""

import numpy as np
import pytest

from w2s_stats.bounds import KLSandwich, OutputKLGain
from w2s_stats.bounds._glossary import explained
from w2s_stats.selection import rank_weak_models

RNG = np.random.default_rng(0)
WEAK, STUDENT, TRUTH = RNG.dirichlet(np.ones(3), size=(3, 30))


@pytest.mark.parametrize(
    ("result", "words", "others"),
    [
        (
            lambda: KLSandwich().fit(WEAK, STUDENT, TRUTH),
            ["skew-widened:", "envelope:", "sharp:", "printed:"],
            ["bracket,", "prediction-powered:"],
        ),
        (
            lambda: OutputKLGain().fit(*(a[:, 0] for a in (WEAK, STUDENT, TRUTH))),
            ["bracket,", "condition:", "F*: truth"],
            ["sharp:", "any n:"],
        ),
        (
            lambda: rank_weak_models(
                [WEAK, STUDENT], [STUDENT, WEAK], np.where(np.arange(30) < 20, 1, np.nan)
            ),
            ["prediction-powered:", "skew-widened:"],
            ["envelope:", "conservative:"],
        ),
    ],
    ids=["KLSandwich", "OutputKLGain", "ranking"],
)
def test_words_of_a_table_are_explained_below_it(result, words, others):
    below = str(result().summary()).partition("Notes:")[2]
    assert all(f"] {word}" in below for word in words)
    assert not any(f"] {word}" in below for word in others)


def test_the_same_word_in_other_letters():
    assert explained(["− 2 √(ε misfit)"]) == explained(["2 sqrt(epsilon misfit)"]) != []
    assert explained(["gain", "Wilson"]) == []
