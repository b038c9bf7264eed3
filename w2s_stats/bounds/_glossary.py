"""Words of tables and pictures that a reader may not know, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

# What stands in a table or a picture, and the sentence that explains it there.
_WORDS = {
    "skew-widened": (
        "skew-widened: the end on the side of the longer tail is moved outwards, as few rows show "
        "little of the tail."
    ),
    "prediction-powered": (
        "prediction-powered: rows without a gold label count by a guess, corrected on the rows "
        "that have one."
    ),
    "delta, normal": "delta: the estimate as a linear function of means.",
    "conservative": "conservative: covers at least as often as the level says.",
    "any n": "any n: holds for every number of rows, not for large ones only.",
    "envelope": "envelope: the least and the largest gain that any truth allows, row by row.",
    "sharp, C": (
        "sharp: plus and minus the smallest constant C that is true, times the mean root of "
        "KL(weak || student) or the root of its mean."
    ),
    "printed, C": "printed: the same with the constant of Theorem 1 of Yao et al. (2025).",
    "[C24]": "[C24]: Charikar, Pabbaraju and Shiragur (2024).",
    "H and u": (
        "H: distance of the student from that of infinitely many rows; u: how far a mean over its "
        "rows can be from that over all."
    ),
    "2 v": "v: how far a mean over the student's rows can be from that over all.",
    "epsilon": "epsilon: mean squared distance of the truth from the best of the class.",
    "bracket": "bracket, 1 - E r: at least 0 where the student is the best of a convex class.",
    "condition": (
        "condition: the inner product that Theorem 3 of Yao et al. (2025) asks to be at least 0; "
        "r is truth over student."
    ),
    "F_": "F*: truth, F_w: weak model, F_sw: student, F_s: the best of its class.",
    "L mean distance": (
        "L mean distance: the mean of |student - weak model|, times the most that the error "
        "changes with it."
    ),
    "Pinsker": "Pinsker, Bretagnolle-Huber: limits of that distance by a KL divergence.",
    "Theorem B.1": "Theorems 4.1, B.1: of Lang, Sontag and Vijayaraghavan (2024).",
}

# The same in other letters.
_SPELLINGS = {"√(ε": "epsilon", "H = u": "H and u", "1 - E_weak r": "bracket"}


def explained(texts: Iterable[str]) -> list[str]:
    """Sentences for the words that stand in some of these texts, in the order of the glossary.

    Examples
    --------
    >>> from w2s_stats.bounds._glossary import explained
    >>> explained(["gain, any n", "Wilson"])
    ['any n: holds for every number of rows, not for large ones only.']
    """
    said = " ".join(texts)
    said += " ".join(word for spelling, word in _SPELLINGS.items() if spelling in said)
    return [sentence for word, sentence in _WORDS.items() if word in said]
