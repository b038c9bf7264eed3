"""What a fitted mixture of experts says of its parameters: vector, intervals, summary table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from w2s_stats._summary import coefficient_table, head_table, normal_interval, summary_of
from w2s_stats._validation import check_choice
from w2s_stats.mixture._facts import head, notes

if TYPE_CHECKING:
    from statsmodels.iolib.summary import Summary


class _Part(NamedTuple):
    """Parameters that stand together in a table: the gate's, or one expert's."""

    expert: int  # -1 for the gate
    values: np.ndarray
    is_scale: np.ndarray


class SummaryMixin:
    """Inference for a fitted mixture of experts, theory 6.2."""

    param_names_: list[str]
    covariance_: np.ndarray | None
    covariance_robust_: np.ndarray | None
    weights_: np.ndarray

    def _parts(self) -> list[_Part]:
        """Every free parameter, in the order of the names."""
        own: Any = self._parameters  # type: ignore[attr-defined]
        # A gate that is tied to another one moves its intercepts only.
        n_gate = sum(name.startswith("gate[") for name in self.param_names_)
        affine = own.gate_affine[1:]
        gate = affine.ravel() if n_gate == affine.size else affine[:, 0]
        parts = [_Part(-1, gate, np.zeros(n_gate, dtype=bool))]
        for k in range(own.n_experts):
            values, is_scale = [], []
            for block in self._blocks_:  # type: ignore[attr-defined]
                for column in range(block.start, block.stop):
                    terms = [*own.coef[k, column]]
                    if self._model_.fit_intercept:  # type: ignore[attr-defined]
                        terms.insert(0, own.intercept[k, column])
                    scale = [own.scale[k, column]] if block.family == "gaussian" else []
                    values += terms + scale
                    is_scale += [False] * len(terms) + [True] * len(scale)
            parts.append(_Part(k, np.array(values), np.array(is_scale, dtype=bool)))
        return parts

    @property
    def params_(self) -> np.ndarray:
        """Free parameters as one vector, in the order of ``param_names_`` and ``covariance_``.

        The gate's come first (its reference, expert 0, has none), then each expert's: for each
        output the intercept, the slopes and, for a Gaussian one, the standard deviation.
        """
        check_is_fitted(self)
        return np.concatenate([part.values for part in self._parts()])

    def _standard_errors(self, cov_type: str) -> np.ndarray:
        check_is_fitted(self)
        check_choice("cov_type", cov_type, ("nonrobust", "robust"))
        covariance = self.covariance_ if cov_type == "nonrobust" else self.covariance_robust_
        if covariance is None:
            return np.full(len(self.param_names_), np.nan)
        with np.errstate(invalid="ignore"):
            return np.sqrt(np.diag(covariance))

    def conf_int(
        self, confidence_level: float = 0.95, *, cov_type: str = "nonrobust"
    ) -> np.ndarray:
        """Confidence intervals of the parameters, estimate plus or minus z standard errors.

        Parameters
        ----------
        confidence_level : float, default=0.95
        cov_type : {"nonrobust", "robust"}, default="nonrobust"
            Standard errors from ``covariance_`` or from ``covariance_robust_``.

        Returns
        -------
        ndarray of shape (n_parameters, 2)
            In the order of ``param_names_``; NaN where there is no standard error.

        Raises
        ------
        ValueError
            If `confidence_level` is not between 0 and 1, or `cov_type` is another word.
        sklearn.exceptions.NotFittedError
            Before ``fit``.

        Examples
        --------
        >>> from w2s_stats.datasets import load_tone
        >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
        >>> X, y = load_tone(return_X_y=True)
        >>> mixture = MixtureOfExpertsRegressor(random_state=0).fit(X, y)
        >>> mixture.param_names_[2], mixture.conf_int()[2].round(3)
        ('expert[0].y0.x0', array([0.023, 0.063]))
        """
        return normal_interval(self.params_, self._standard_errors(cov_type), confidence_level)

    def summary(self, *, cov_type: str = "nonrobust", confidence_level: float = 0.95) -> Summary:
        """Table of the fit in statsmodels' look: the run, the gate, and every expert.

        Standard errors come from the inverse of the observed information I of the log-likelihood
        at its maximum (theory 6.2), or from the sandwich I^-1 (sum_i w_i^2 s_i s_i') I^-1 over the
        rows' scores s_i, which holds for sampling weights and for a wrong model too.

        Parameters
        ----------
        cov_type : {"nonrobust", "robust"}, default="nonrobust"
            Inverse information, or sandwich.
        confidence_level : float, default=0.95
            Of the interval in the two last columns.

        Returns
        -------
        statsmodels.iolib.summary.Summary
            Prints as text; has ``as_text``, ``as_html``, ``as_latex``, ``as_csv`` and ``tables``.

        Raises
        ------
        ValueError
            If `confidence_level` is not between 0 and 1, or `cov_type` is another word.
        sklearn.exceptions.NotFittedError
            Before ``fit``.

        Notes
        -----
        z and P>|z| of a standard deviation are left blank: zero is at the edge of what it can be,
        where the normal law does not hold. A standard error that the data do not determine is NaN,
        and a note under the table says why.

        Examples
        --------
        >>> from w2s_stats.datasets import load_tone
        >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
        >>> X, y = load_tone(return_X_y=True)
        >>> mixture = MixtureOfExpertsRegressor(random_state=0).fit(X, y)
        >>> print(mixture.summary().tables[2])
        =========================================================================================
        expert 0, weight 0.698        coef    std err          z      P>|z|     [0.025     0.975]
        -----------------------------------------------------------------------------------------
        y0.intercept                1.9164      0.023     84.483      0.000      1.872      1.961
        y0.x0                       0.0425      0.010      4.160      0.000      0.023      0.063
        y0.scale                    0.0462      0.004                            0.039      0.054
        =========================================================================================
        """
        errors = self._standard_errors(cov_type)
        parts = [part for part in self._parts() if part.values.size]
        ends = np.cumsum([part.values.size for part in parts])
        shown = []
        for part, end in zip(parts, ends, strict=True):
            rows = slice(int(end) - part.values.size, int(end))
            names = self.param_names_[rows]
            title = "gate (against expert 0)"
            if part.expert >= 0:
                names = [name.removeprefix(f"expert[{part.expert}].") for name in names]
                title = f"expert {part.expert}, weight {self.weights_[part.expert]:.3f}"
            shown.append((title, names, part, errors[rows]))
        width = max(len(text) for title, names, _, _ in shown for text in (title, *names))
        tables = [head_table("Mixture of Experts", *head(self, cov_type), width)]
        for title, names, part, error in shown:
            tables.append(
                coefficient_table(
                    title,
                    names,
                    part.values,
                    error,
                    tested=~part.is_scale,
                    confidence_level=confidence_level,
                    name_width=width,
                )
            )
        is_scale = np.concatenate([part.is_scale for part in parts])
        return summary_of(tables, notes(self, cov_type, errors, is_scale))
