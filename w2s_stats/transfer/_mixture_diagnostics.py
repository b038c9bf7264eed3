"""What a user must know before trusting a fitted mixture, and its matching: theory 6.8."""

from __future__ import annotations

import numpy as np

from w2s_stats.mixture._facts import starts_at_best
from w2s_stats.transfer._assignment import is_separated
from w2s_stats.transfer._diagnostics import Diagnostic
from w2s_stats.transfer._independence import independence
from w2s_stats.transfer._stages import Mixture, Stages, expert_means
from w2s_stats.transfer._target_stage import TargetStage

_MOST_ROWS = 5000
# Smallest singular value, of functions scaled to length one on the sample, that is not rounding
# and noise; and for gates, that lets the gate tell the concepts apart.
_INDEPENDENT, _TELLING = 0.01, 0.1
# Total variation, averaged over x, below which two experts are one.
_DISTINCT = 0.2
_FEWEST_STARTS = 5
_ROWS_PER_COEFFICIENT = 5.0


def mixture_diagnostics(mixture: Mixture, stages: Stages, domain: str) -> list[Diagnostic]:
    """Findings about one stage's mixture of experts.

    Parameters
    ----------
    mixture : MixtureOfExpertsRegressor or MixtureOfExpertsClassifier
        Fitted to the domain's labels.
    stages : Stages
    domain : {"source", "target"}

    Returns
    -------
    list of Diagnostic
        Their names begin with the domain: "convergence", "degenerate experts", "rows per
        coefficient", "information"; in a source that has weak labels "independent labels"; with
        several experts "starts", "distinct experts", "expert functions"; with a gate that depends
        on x "gate functions"; with class labels and a constant gate "distinct x".
    """
    rows, Y = stages.source_rows() if domain == "source" else stages.target_rows()
    few = np.linspace(0, len(rows) - 1, min(_MOST_ROWS, len(rows))).astype(int)
    X, Y_few = np.asarray(stages.data.X[rows[few]], dtype=np.float64), Y[few]
    found = [_convergence(mixture), _degenerate(mixture), _scarcity(mixture)]
    found.append(_information(mixture))
    if domain == "source" and Y.shape[1] > stages.n_columns:
        found.append(independence(mixture, X, Y_few, stages))
    if mixture.n_experts > 1:
        found += [_starts(mixture), _distinct(mixture, X, Y_few)]
        found.append(_functions(mixture, X, stages))
        if mixture.gate_coef_.shape[1]:
            found.append(_gates(mixture, X))
        elif stages.data.classes is not None:
            found.append(_distinct_x(mixture, stages.data.X[rows], Y.shape[1], stages))
    return [
        Diagnostic(
            f"{domain}: {f.name}", f.value, f.threshold, f.ok, f"In the {domain}, {f.sentence}"
        )
        for f in found
    ]


def target_diagnostics(source: Mixture, stage: TargetStage, stages: Stages) -> list[Diagnostic]:
    """Findings about the target's mixture and its matching, theory 6.3.

    Returns
    -------
    list of Diagnostic
        Those of :func:`mixture_diagnostics`, "matching" with several experts, and "gate and
        matching" with a gate that depends on x as well.
    """
    findings = mixture_diagnostics(stage.mixture, stages, "target")
    if source.n_experts == 1:
        return findings
    if stage.passed_over > 0:
        findings.append(
            Diagnostic(
                "target: likelihood",
                stage.passed_over,
                stage.mixture.n_parameters_,
                None,
                f"In the target, another start has a log-likelihood higher by "
                f"{stage.passed_over:.1f}, less than one for each of "
                f"{stage.mixture.n_parameters_} parameters; the one near the source's weak experts "
                "was kept.",
            )
        )
    found, error = stage.matching, stage.margin_error
    separated = is_separated(found, error)
    clear = {True: "is clear of 0", False: "is not clear of 0", None: "has no known error"}
    findings.append(
        Diagnostic(
            "matching",
            found.margin,
            1.645 * error,
            separated,
            f"The matching's margin {found.margin:.3g} {clear[separated]} (standard error "
            f"{error:.2g}); the assignment costs {found.total:.3g}, the second best "
            f"{found.runner_up:.3g}.",
        )
    )
    if source.gate_coef_.shape[1]:
        differ = float(np.sum(found.assignment != np.arange(source.n_experts)))
        followed = "the gate was followed" if stage.gate_says_otherwise else "the matching decides"
        findings.append(
            Diagnostic(
                "gate and matching",
                differ,
                0.0,
                differ == 0,
                "Gate and weak experts agree on which concept is which."
                if differ == 0
                else f"Gate and weak experts disagree on {differ:.0f} concepts; {followed}.",
            )
        )
    return findings


def _convergence(mixture: Mixture) -> Diagnostic:
    done = bool(mixture.converged_)
    words = "EM converged" if done else "EM stopped before it converged: raise max_iter"
    return Diagnostic(
        "convergence",
        mixture.n_iter_,
        mixture.max_iter,
        done,
        f"{words} ({mixture.n_iter_} passes of at most {mixture.max_iter}).",
    )


def _degenerate(mixture: Mixture) -> Diagnostic:
    n_bad = len(mixture.degenerate_experts_)
    words = f"{n_bad} experts explain no more rows than their coefficients, or have no variance."
    return Diagnostic(
        "degenerate experts",
        n_bad,
        0.0,
        n_bad == 0,
        words if n_bad else "every expert explains more rows than it has coefficients.",
    )


def _scarcity(mixture: Mixture) -> Diagnostic:
    """Few rows are where likelihoods have spurious maxima: an expert that fits them too well."""
    rarest = int(mixture.weights_.argmin())
    n_rows = float(mixture.weights_[rarest] * mixture.n_rows_)
    n_coefficients = mixture._parameters.coef.shape[2] + mixture.fit_intercept
    ok = n_rows >= _ROWS_PER_COEFFICIENT * n_coefficients
    words = (
        f"expert {rarest} has about {n_rows:.0f} rows for {n_coefficients} coefficients an output"
    )
    return Diagnostic(
        "rows per coefficient",
        n_rows / n_coefficients,
        _ROWS_PER_COEFFICIENT,
        ok,
        words + ("." if ok else ": its estimates are unsure, and may fit noise."),
    )


def _information(mixture: Mixture) -> Diagnostic:
    """A singular information leaves parameters without standard error (theory 6.2)."""
    if mixture.covariance_ is None:
        words = "the information matrix was not computed: there are too many parameters."
        return Diagnostic("information", np.nan, 0.0, None, words)
    n_open, n = int(np.isnan(np.diag(mixture.covariance_)).sum()), len(mixture.covariance_)
    words = f"the data do not determine {n_open} of {n} parameters (singular information)."
    return Diagnostic(
        "information",
        n_open / n if n else 0.0,
        0.0,
        n_open == 0,
        words if n_open else "the information matrix is regular.",
    )


def _starts(mixture: Mixture) -> Diagnostic:
    n, best = len(mixture.start_lower_bounds_), starts_at_best(mixture)
    higher = mixture.start_lower_bounds_.max() > mixture.lower_bound_ + 1e-6
    ok = True if best > 1 else None if higher or n < _FEWEST_STARTS else False
    words = f"{best} of {n} starts reached the best likelihood" + (
        "." if ok else "; a better one may have been missed: raise n_init."
    )
    return Diagnostic("starts", best / n, 2 / n, ok, words)


def _distinct(mixture: Mixture, X: np.ndarray, Y: np.ndarray) -> Diagnostic:
    """Near-duplicate experts: more experts than concepts (theory 6.7).

    Total variation between two experts' densities of the labels, averaged over x: how far the
    labels move the odds between the two, E|r - g| = 2 g (1 - g) TV for r, g the posterior and
    prior probabilities of one of the two.
    """
    resp, gate = mixture._posterior(X, Y)[0], mixture._gate_proba(X)
    known = ~np.isnan(Y).any(axis=1)
    least, pair = np.inf, (0, 1)
    for k in range(mixture.n_experts):
        for j in range(k):
            both = gate[:, k] + gate[:, j]
            prior = gate[:, k] / np.maximum(both, 1e-300)
            weight = (resp[:, k] + resp[:, j]) * known
            after = resp[:, k] / np.maximum(resp[:, k] + resp[:, j], 1e-300)
            moved = weight @ np.abs(after - prior)
            possible = weight @ (2.0 * prior * (1.0 - prior))
            distance = moved / possible if possible > 0 else np.inf
            if distance < least:
                least, pair = float(distance), (j, k)
    ok = None if np.isinf(least) else least >= _DISTINCT
    words = f"experts {pair[0]} and {pair[1]} are the closest, at a total variation of {least:.2f}"
    return Diagnostic(
        "distinct experts",
        least,
        _DISTINCT,
        ok,
        words + ("." if ok is not False else ": they may be one concept, fitted twice."),
    )


def _smallest_singular_value(functions: np.ndarray) -> float:
    """Of functions (n_points, n_functions), each scaled to length one."""
    length = np.linalg.norm(functions, axis=0)
    scaled = functions / np.where(length > 0, length, 1.0)
    return float(np.linalg.svd(scaled, compute_uv=False)[-1]) if len(scaled) >= 1 else 0.0


def _functions(mixture: Mixture, X: np.ndarray, stages: Stages) -> Diagnostic:
    """Linear independence of the experts' mean functions on the sample."""
    means = expert_means(mixture, X, stages.columns(0))
    if stages.data.classes is not None:
        means = means[:, 1:]
    value = _smallest_singular_value(means.reshape(len(means), -1).T)
    # Gaussian and Poisson densities tell experts apart whose means are dependent (x and -x).
    ok = True if value >= _INDEPENDENT else False if stages.data.classes is not None else None
    words = "are linearly independent" if ok else "are close to linearly dependent"
    return Diagnostic(
        "expert functions",
        value,
        _INDEPENDENT,
        ok,
        f"the experts' mean functions {words} (smallest singular value {value:.2g}).",
    )


def _gates(mixture: Mixture, X: np.ndarray) -> Diagnostic:
    """Linear independence of the gate functions: a gate that tells which expert is which."""
    value = _smallest_singular_value(mixture._gate_proba(X))
    telling = value >= _TELLING
    words = (
        "tells the concepts apart"
        if telling
        else "hardly depends on x, so that the order of concepts rests on the matching"
    )
    return Diagnostic(
        "gate functions",
        value,
        _TELLING,
        True if telling else None,
        f"the gate {words} (smallest singular value {value:.2g}).",
    )


def _distinct_x(mixture: Mixture, X: np.ndarray, n_columns: int, stages: Stages) -> Diagnostic:
    """Whether there are as many frequencies as parameters (theory 6.8).

    At each distinct x the labels have n_classes^n_labels - 1 free frequencies: two logistic experts
    of one binary label on one covariate need 5 distinct x.
    """
    n_classes = stages.n_columns + 1
    n_frequencies = n_classes ** (n_columns // stages.n_columns) - 1
    needed = -(-mixture.n_parameters_ // n_frequencies)
    n_distinct = len(np.unique(X[:_MOST_ROWS], axis=0))
    if n_distinct < needed:
        n_distinct = len(np.unique(X, axis=0))
    ok = n_distinct >= needed
    words = f"class labels at {n_distinct} distinct x"
    return Diagnostic(
        "distinct x",
        n_distinct,
        needed,
        ok,
        f"{words} determine {mixture.n_parameters_} parameters; {needed} are needed."
        if ok
        else f"{words} cannot determine {mixture.n_parameters_} parameters: {needed} are needed.",
    )
