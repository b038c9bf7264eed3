"""Whether y and y' are independent within concepts, as the model has it (theory 6.1)."""

from __future__ import annotations

import numpy as np

from w2s_stats.transfer._diagnostics import Diagnostic
from w2s_stats.transfer._stages import Mixture, Stages, expert_means

# A correlation that biases the weak experts, and that chance does not make.
_STRONG, _SIGNIFICANT = 0.2, 3.0


def independence(mixture: Mixture, X: np.ndarray, Y: np.ndarray, stages: Stages) -> Diagnostic:
    """Largest correlation of the residuals of y and y' within a concept, in the source.

    corr_k = sum_i r_ik e_ik e'_ik / sqrt(sum_i r_ik e_ik^2 sum_i r_ik e'_ik^2), r the posterior
    given both labels, e and e' their residuals. Under the model E[r_ik e_ik e'_ik | x] is
    p(k | x) E[e | k] E[e' | k] = 0. A weak model that shares the strong one's errors breaks it, and
    concepts then take up the correlation.
    """
    resp = mixture._posterior(X, Y)[0].T
    residuals = []
    for label in (0, 1):
        columns = stages.columns(label)
        means = expert_means(mixture, X, columns, label)
        means = means if stages.data.classes is None else means[:, 1:]
        residuals.append(Y[:, columns].T - means)
    strong, weak = residuals
    value, expert, z = 0.0, 0, 0.0
    for k in range(mixture.n_experts):
        for e in strong[k]:
            for f in weak[k]:
                known = ~np.isnan(e * f)
                r = resp[k, known]
                spread = np.sqrt((r @ e[known] ** 2) * (r @ f[known] ** 2))
                correlation = float(r @ (e[known] * f[known]) / spread) if spread > 0 else 0.0
                if abs(correlation) > abs(value):
                    value, expert = correlation, k
                    z = correlation * float(r.sum()) / np.sqrt(float(r @ r))
    ok = bool(abs(value) < _STRONG or abs(z) < _SIGNIFICANT)
    words = f"errors of y and y' correlate by {value:.2f} within concept {expert}"
    return Diagnostic(
        "independent labels",
        value,
        _STRONG,
        ok,
        f"{words}." if ok else f"{words}, where the model has them independent given x.",
    )
