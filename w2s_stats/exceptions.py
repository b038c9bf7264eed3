"""Errors and warnings, with their words."""

from __future__ import annotations

import sys
import warnings

# Whose lines are not the user's: ours, and what passes our fits on.
_BETWEEN = {"w2s_stats", "sklearn", "joblib"}


class LikelihoodFellError(RuntimeError):
    """The log-likelihood fell by more than rounding at a step that cannot lower it."""

    def __init__(self, before: float, after: float, n_iter: int) -> None:
        super().__init__(
            f"The mean log-likelihood fell from {before!r} to {after!r} at pass {n_iter}, which EM "
            "cannot do: an expert's or a gate's M-step does not raise its part of the likelihood."
        )
        self.before, self.after, self.n_iter = before, after, n_iter

    def __reduce__(self) -> tuple:
        return type(self), (self.before, self.after, self.n_iter)


class DegenerateFitWarning(UserWarning):
    """Every start ended with an expert that explains too few rows, or has no variance left."""


class UnderdeterminedFitWarning(UserWarning):
    """There are fewer rows than coefficients; the fit of minimum norm was taken."""


class SeparationWarning(UserWarning):
    """Labels or gates are separated: coefficients grow without bound."""


class AmbiguousMatchingWarning(UserWarning):
    """The target's experts could be matched to the source's concepts in another way as well."""


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user that led here, past this package's and scikit-learn's."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
