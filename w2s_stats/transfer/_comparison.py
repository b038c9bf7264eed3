"""What a comparison of strategies found: a table, intervals, and which strategy to trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s_stats._summary import number, plain_table, summary_of
from w2s_stats.transfer._diagnostics import Diagnostic
from w2s_stats.transfer._intervals import MeanInterval, mean_interval

if TYPE_CHECKING:
    from pandas import DataFrame
    from statsmodels.iolib.summary import Summary
    from statsmodels.iolib.table import SimpleTable


@dataclass(frozen=True)
class StrategyResult:
    """One row of the table; numbers that are not known are NaN.

    In `table` of `StrategyComparison`, where there is an example.

    Attributes
    ----------
    strategy : str
    error, error_lower, error_upper : float
        Mean loss on held-out target rows with gold labels, and its interval.
    difference, difference_lower, difference_upper : float
        Error minus that of the reference strategy on the same rows, and its paired interval.
    weak_log_likelihood, weak_log_likelihood_lower, weak_log_likelihood_upper : float
        Mean of log q(y' | x) on held-out target rows, where the strategy models y'; -inf, without
        interval, where a fit held one of these labels for impossible.
    fit_time : float
        Seconds of one fit to all rows.
    is_oracle : bool
        Whether it learns from gold labels, so that it is a ceiling and not a choice.
    failure : str
        The error that stopped it; empty if none did.
    diagnostics : tuple of Diagnostic
        Of the fit to all rows (theory 6.8).
    warnings : tuple of str
        Of the fit to all rows.
    """

    strategy: str
    error: float
    error_lower: float
    error_upper: float
    difference: float
    difference_lower: float
    difference_upper: float
    weak_log_likelihood: float
    weak_log_likelihood_lower: float
    weak_log_likelihood_upper: float
    fit_time: float
    is_oracle: bool
    failure: str
    diagnostics: tuple[Diagnostic, ...]
    warnings: tuple[str, ...]

    @property
    def failed_checks(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that the fit did not pass."""
        return tuple(found for found in self.diagnostics if found.ok is False)


@dataclass(frozen=True)
class StrategyComparison:
    """Strategies side by side, as :func:`compare_strategies` found them.

    Attributes
    ----------
    table : tuple of StrategyResult
        A row for each strategy, in the order in which they were given.
    trusted_ : str or None
        The strategy to use; None where nothing found so far lets one be trusted.
    recommendation : tuple of str
        Which strategy to trust and why, in sentences; the first is the verdict.
    estimators_ : dict of str to estimator
        Fitted to all rows; without those that failed.
    metric : str
        "mean squared error" or "error rate": what `error` is.
    weak_labels : MeanInterval
        Error of the weak labels themselves on the rows with gold labels.
    reference : str
        The strategy that differences are taken from.
    n_source, n_target, n_gold : int
        Rows of the source, of the target, and target rows of positive weight with gold labels.
    n_splits : int
        Folds of the target.
    interval : str
        Method of the intervals, "t" or "bootstrap".
    confidence_level : float
    losses_ : dict of str to ndarray of shape (n_samples,)
        Held-out loss of every row, NaN where there is none.
    weight : ndarray of shape (n_samples,) or None
        Weights of the rows in every mean.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import SourceOnlyRegressor, WeakTrainingRegressor
    >>> from w2s_stats.transfer import compare_strategies
    >>> data = make_latent_concept_shift(500, 500, random_state=0)
    >>> comparison = compare_strategies(
    ...     data.X,
    ...     data.y,
    ...     y_weak=data.y_weak,
    ...     y_gold=data.y_gold,
    ...     strategies={"source": SourceOnlyRegressor(), "weak": WeakTrainingRegressor()},
    ...     random_state=0,
    ... )
    >>> round(comparison["source"].error, 2), round(comparison["weak"].error, 2)
    (2.32, 1.5)
    >>> print(comparison.recommendation[1])
    Chance does not explain its lead over the others (paired intervals, 95% together).
    """

    table: tuple[StrategyResult, ...]
    trusted_: str | None
    recommendation: tuple[str, ...]
    estimators_: Mapping[str, Any] = field(repr=False)
    metric: str
    weak_labels: MeanInterval
    reference: str
    n_source: int
    n_target: int
    n_gold: int
    n_splits: int
    interval: str
    confidence_level: float
    losses_: Mapping[str, np.ndarray] = field(repr=False)
    weight: np.ndarray | None = field(repr=False, default=None)

    def __getitem__(self, strategy: str) -> StrategyResult:
        for row in self.table:
            if row.strategy == strategy:
                return row
        names = ", ".join(row.strategy for row in self.table)
        raise KeyError(f"strategy must be one of {names}; found {strategy!r}.")

    def difference(self, strategy: str, other: str) -> MeanInterval:
        """Error of a strategy minus that of another one, on the rows where both were judged.

        Parameters
        ----------
        strategy, other : str
            Names of rows of the table.

        Returns
        -------
        MeanInterval
            Paired: the interval is of the mean of the rows' differences.
        """
        return mean_interval(
            self.losses_[self[strategy].strategy] - self.losses_[self[other].strategy],
            self.weight,
            confidence_level=self.confidence_level,
            method=self.interval,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything but estimators and rows' losses, as JSON can hold it.

        NaN and infinity become None.

        Returns
        -------
        dict
        """
        kept = ("metric", "n_source", "n_target", "n_gold", "n_splits", "interval", "reference")
        found = {
            "trusted": self.trusted_,
            "recommendation": list(self.recommendation),
            "strategies": [asdict(row) for row in self.table],
            "weak_labels": asdict(self.weak_labels),
            "confidence_level": self.confidence_level,
            **{name: getattr(self, name) for name in kept},
        }
        return _plain(found)

    def to_frame(self) -> DataFrame:
        """Return the table's numbers as a DataFrame, indexed by strategy; needs pandas."""
        import pandas as pd

        rows = [{k: v for k, v in asdict(row).items() if k not in _LISTS} for row in self.table]
        return pd.DataFrame(rows).set_index("strategy")

    def summary(self) -> Summary:
        """Return the table, the recommendation and how the numbers came about, to be printed.

        Returns
        -------
        statsmodels.iolib.summary.Summary
        """
        tail = 0.5 - 0.5 * self.confidence_level
        ends = [f"[{tail:.6g}", f"{1 - tail:.6g}]"]
        tables = []
        if self.n_gold:
            cells = [
                [
                    _cell(getattr(row, kind + end))
                    for kind in ("error", "difference")
                    for end in _ENDS
                ]
                for row in self.table
            ]
            tables.append(self._table("Error", ["error", *ends, "difference", *ends], cells))
        cells = []
        for row in self.table:
            decided = [found for found in row.diagnostics if found.ok is not None]
            passed = f"{len(decided) - len(row.failed_checks)} of {len(decided)}"
            weak = [_cell(getattr(row, "weak_log_likelihood" + end)) for end in _ENDS]
            cells.append([*weak, f"{row.fit_time:.2f}", passed if decided else ""])
        headers = ["log q(y'|x)", *ends, "time (s)", "checks"]
        tables.append(self._table("Fit", headers, cells))
        return summary_of(tables, [*self.recommendation, *self._notes()])

    def _table(self, corner: str, headers: list[str], cells: list[list[str]]) -> SimpleTable:
        title = "Comparison of strategies" if corner == "Error" or not self.n_gold else ""
        return plain_table(title, corner, [row.strategy for row in self.table], headers, cells)

    def _notes(self) -> list[str]:
        notes = []
        if self.n_gold:
            notes += [
                f"error: {self.metric} on {self.n_gold} target rows with gold labels, each held "
                f"out from the fit ({self.n_splits} folds; the {self.n_source} source rows are in "
                f"every fit). difference: to the error of {self.reference} on the same rows.",
                f"Intervals at {100 * self.confidence_level:g}%: {_METHODS[self.interval]}; they "
                "take the fits as given.",
            ]
        if not all(np.isnan(row.weak_log_likelihood) for row in self.table):
            notes.append(
                "log q(y'|x): mean log-likelihood of held-out weak labels, where they are modelled."
            )
        notes += [f"{row.strategy} failed: {row.failure}" for row in self.table if row.failure]
        said: dict[str, list[str]] = {}
        for row in self.table:
            for words in row.warnings:
                said.setdefault(words, []).append(row.strategy)
        return notes + [f"Warning of {', '.join(who)}: {words}" for words, who in said.items()]

    def __str__(self) -> str:
        return str(self.summary())


_ENDS = ("", "_lower", "_upper")
_LISTS = ("diagnostics", "warnings")
_METHODS = {
    "t": "t intervals of means over rows, Wilson's for error rates",
    "bootstrap": "bootstrap-t of 2,000 resamples of rows",
}


def _cell(value: float, digits: int = 4) -> str:
    return "" if np.isnan(value) else number(value, digits)


def _plain(value: Any) -> Any:
    """The same with Python's own types and without NaN or infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
