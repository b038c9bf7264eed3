"""What a user must know before trusting a fit: findings about the data, theory 6.8."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution

from w2s_stats.transfer._domains import TwoSamples

# A bias of the weak labels is reported beyond this p-value.
_SIGNIFICANT = 0.01


@dataclass(frozen=True)
class Diagnostic:
    """One finding about a fit, to be read before its predictions are.

    Attributes
    ----------
    name : str
        What was looked at; a fit has each name once.
    value : float
        What was found.
    threshold : float
        What it was held against; NaN where the value only informs.
    ok : bool or None
        Whether the fit passes; None where nothing could be, or need be, decided.
    sentence : str
        The finding in words.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import ConceptDeconvolutionRegressor
    >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
    >>> data = make_latent_concept_shift(300, 300, random_state=0)
    >>> model = ConceptDeconvolutionRegressor(MixtureOfExpertsRegressor(3), random_state=0)
    >>> model = model.fit(data.X, data.y, y_weak=data.y_weak, sample_domain=data.sample_domain)
    >>> for finding in model.diagnostics_:
    ...     if finding.ok is False:
    ...         print(f"{finding.name}: {finding.value:.1f}, below {finding.threshold:.1f}")
    source: rows per coefficient: 3.1, below 5.0
    """

    name: str
    value: float
    threshold: float
    ok: bool | None
    sentence: str


def sample_diagnostics(data: TwoSamples) -> list[Diagnostic]:
    """Findings about the rows alone, whatever the strategy: sizes and coverage.

    Parameters
    ----------
    data : TwoSamples

    Returns
    -------
    list of Diagnostic
        "source rows" always; "target rows" and "weak labels" if there is a target.
    """
    n_coefficients = data.X.shape[1] + 1
    n_source = int((data.source & data.strong).sum())
    findings = [
        Diagnostic(
            "source rows",
            n_source,
            n_coefficients,
            n_source > n_coefficients,
            f"{n_source} source rows have a strong label; an expert has {n_coefficients} "
            "coefficients.",
        )
    ]
    if not data.target.any():
        return findings
    n_target, n_weak = int(data.target.sum()), int((data.target & data.weak).sum())
    findings.append(
        Diagnostic(
            "target rows",
            n_weak,
            n_coefficients,
            n_weak > n_coefficients if n_weak else None,
            f"{n_weak} target rows have a weak label; an expert has {n_coefficients} coefficients.",
        )
    )
    findings.append(
        Diagnostic(
            "weak labels",
            n_weak / n_target,
            1.0,
            True if n_weak == n_target else None,
            f"{n_weak / n_target:.0%} of the target rows have a weak label"
            + ("." if n_weak == n_target else "; the others are taken to miss it at random."),
        )
    )
    return findings


def weak_bias_diagnostics(data: TwoSamples) -> list[Diagnostic]:
    """Whether weak labels may stand for strong ones, E[y' - y | x] = 0 in the source.

    Of interest to strategies that train on weak labels as they are (theory 6.5). An F test of the
    difference's regression on x.

    Parameters
    ----------
    data : TwoSamples

    Returns
    -------
    list of Diagnostic
        "weak bias", or nothing where too few source rows have both labels.
    """
    rows = data.source & data.strong & data.weak
    n, p = int(rows.sum()), data.X.shape[1] + 1
    if n <= 2 * p or data.y_weak is None:
        return []
    strong = data.y[rows] if data.classes is None else np.eye(len(data.classes))[data.y[rows]]
    difference = (data.y_weak[rows] - strong).reshape(n, -1)
    design = np.column_stack([np.ones(n), data.X[rows]])
    root = np.sqrt(np.ones(n) if data.weight is None else data.weight[rows])[:, None]
    coef = np.linalg.lstsq(design * root, difference * root, rcond=None)[0]
    explained = ((design @ coef * root) ** 2).sum(axis=0)
    residual = (((difference - design @ coef) * root) ** 2).sum(axis=0)
    varies = explained + residual > 0
    ratio = explained[varies] / p / np.maximum(residual[varies] / (n - p), 1e-300)
    p_value = float(f_distribution.sf(ratio, p, n - p).min(initial=1.0) * max(varies.sum(), 1))
    p_value = min(p_value, 1.0)
    biased = p_value < _SIGNIFICANT
    words = (
        "differ from strong ones by more than noise: what is trained on them learns that bias."
        if biased
        else "show no bias that is linear in x."
    )
    return [
        Diagnostic(
            "weak bias",
            p_value,
            _SIGNIFICANT,
            not biased,
            f"In the source, weak labels {words} (p = {p_value:.2g})",
        )
    ]
