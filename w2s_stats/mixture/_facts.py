"""What stands over and under a mixture's coefficients: facts of the fit, and warnings."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_stats._summary import number

# Starts whose mean log-likelihoods agree to this have reached the same maximum.
_SAME = 1e-6


def families(mixture: Any) -> str:
    """Names of the experts' families, each once, in the order of the outputs."""
    names: dict[str, None] = {}
    for block in mixture._blocks_:
        one_class = block.family == "multinomial" and block.stop - block.start == 1
        names["bernoulli" if one_class else block.family] = None
    return ", ".join(names)


def starts_at_best(mixture: Any) -> int:
    """How many starts reached the mean log-likelihood of the one that was kept."""
    kind = mixture.degenerate_starts_ == bool(mixture.degenerate_experts_.size)
    near = np.abs(mixture.start_lower_bounds_ - mixture.lower_bound_) <= _SAME
    return int(np.sum(kind & near))


Facts = list[tuple[str, str]]


def head(mixture: Any, cov_type: str) -> tuple[Facts, Facts]:
    """Facts over the coefficients, in two columns."""
    n = mixture.n_rows_
    log_likelihood = (mixture.lower_bound_ + mixture._penalty_) * n
    joint = hasattr(mixture, "gate_means_")
    # The likelihood of (x, y) takes expert 0's mean and covariance of x, too.
    n_parameters = mixture.n_parameters_ + mixture._n_reference_
    likelihood = "Log-Lik. of (x, y):" if joint else "Log-Likelihood:"
    left = [
        ("Model:", type(mixture).__name__),
        ("Experts:", f"{len(mixture.weights_)} {families(mixture)}"),
        ("Gate:", mixture._model_.gate),
        ("Sum of weights:", number(n)) if mixture._weighted_ else ("No. Observations:", str(n)),
        ("No. Parameters:", str(n_parameters)),
        ("Covariance Type:", cov_type),
        ("Converged:", str(bool(mixture.converged_))),
    ]
    right = [
        (likelihood, number(log_likelihood, 4)),
        ("AIC:", number(-2.0 * log_likelihood + 2.0 * n_parameters, 4)),
        ("BIC:", number(-2.0 * log_likelihood + np.log(n) * n_parameters, 4)),
        ("Passes over Data:", str(mixture.n_iter_)),
        ("Starts:", str(len(mixture.start_lower_bounds_))),
        ("  at the best:", str(starts_at_best(mixture))),
        ("  degenerate:", str(int(np.sum(mixture.degenerate_starts_)))),
    ]
    return left, right


def notes(mixture: Any, cov_type: str, errors: np.ndarray, is_scale: np.ndarray) -> list[str]:
    """Sentences under the table: what the numbers take for granted, and what went wrong."""
    out = []
    if np.isnan(errors).all():
        pass  # the reason stands below
    elif cov_type == "robust":
        out.append("Standard errors are robust (sandwich of the information and the scores).")
    else:
        density = " of the likelihood of (x, y)" if hasattr(mixture, "gate_means_") else ""
        out.append(f"Standard errors come from the inverse observed information{density}.")
    if len(mixture.weights_) > 1:
        out.append(
            "Experts stand by falling mean gate probability (weight); the gate's coefficients "
            "are log-odds against expert 0."
        )
    out += _warnings_of_run(mixture)
    if mixture._weighted_ and cov_type == "nonrobust":
        out.append('Weights count as numbers of rows; for sampling weights take cov_type="robust".')
    return out + _reasons_for_nan(mixture, errors, is_scale)


def _warnings_of_run(mixture: Any) -> list[str]:
    out = []
    if not mixture.converged_:
        out.append(
            f"EM stopped at max_iter, after {mixture.n_iter_} passes, before it converged: this is "
            "no maximum, and standard errors hold at a maximum only."
        )
    if mixture._model_.gate_penalty > 0:
        out.append(
            "The fit maximises the log-likelihood less a penalty on the gate's slopes "
            "(gate_penalty); log-likelihood, AIC and BIC are without it."
        )
    n_starts, n_best = len(mixture.start_lower_bounds_), starts_at_best(mixture)
    if n_best == 1 and n_starts > 1:
        out.append(
            f"Only one of {n_starts} starts reached this log-likelihood: a larger n_init may find "
            "a better one."
        )
    for k in mixture.degenerate_experts_:
        out.append(
            f"Expert {k} is degenerate: it has no more rows than coefficients, or a variance at "
            "its floor; no start found anything better. Use fewer experts or more rows."
        )
    return out


def _reasons_for_nan(mixture: Any, errors: np.ndarray, is_scale: np.ndarray) -> list[str]:
    missing = np.isnan(errors)
    if not missing.any():
        return []
    if mixture.covariance_ is None:
        return [f"No standard errors: they are left out for as many as {errors.size} parameters."]
    if missing.all() and not mixture.converged_:
        return ["No standard errors: the observed information is not positive definite there."]
    if missing.all():
        return [
            "No standard errors: the observed information is singular. Two experts may be alike, "
            "an expert may have no rows, or a label or the gate may be separated."
        ]
    out = []
    if missing[is_scale].any():
        out.append("A standard deviation at its floor (var_floor) has no standard error.")
    if missing[~is_scale].any():
        out.append(
            "Constant or collinear columns of X (or, for a Gaussian gate, of their products) leave "
            "coefficients undetermined: those have no standard error, and the coefficients of "
            "minimum norm are shown."
        )
    return out
