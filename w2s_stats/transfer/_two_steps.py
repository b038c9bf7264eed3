"""Standard errors of the target's fit that carry those of the source's gate (theory 6.2)."""

from __future__ import annotations

import numpy as np

from w2s_stats.em import measure
from w2s_stats.mixture._covariance import covariances
from w2s_stats.mixture._model import Model, build
from w2s_stats.mixture._units import to_theta
from w2s_stats.transfer._stages import Mixture, Stages


def carry_gate_error(stages: Stages, source: Mixture, target: Mixture) -> None:
    """Add to the target's covariances what the source's errors in the gate's slopes bring.

    The target's fit takes these slopes, eta, as known. With theta its own parameters and V the
    inverse information of the target's likelihood in theta and eta together,

        Cov(theta) = V[theta | eta] + A Cov(eta) A',  A = d theta / d eta = V[theta, eta] V[eta]^-1,

    as the two samples are independent (Murphy and Topel 1985). The gate's intercepts bring
    nothing: log rho takes them up. NaN where V is singular or columns of X are collinear.
    """
    n_slopes = source.gate_coef_.shape[1]
    if n_slopes == 0 or source.covariance_ is None or target.covariance_ is None:
        return
    joint = _joint_covariance(stages, target)
    place = np.arange((source.n_experts - 1) * (1 + n_slopes)).reshape(-1, 1 + n_slopes)
    slopes = place[:, 1:].ravel()
    # A constant column's slope is zero without error. Collinear columns' slopes have errors that
    # nobody knows one by one: NaN.
    slopes = slopes[np.tile(source.gate_coef_.any(axis=0), source.n_experts - 1)]
    own = np.delete(np.arange(len(joint)), place[:, 1:].ravel())
    if np.isnan(joint[np.ix_(slopes, slopes)]).any():
        moved = np.full((len(own), len(slopes)), np.nan)
    else:
        moved = np.linalg.solve(joint[np.ix_(slopes, slopes)], joint[np.ix_(slopes, own)]).T
    for name in ("covariance_", "covariance_robust_"):
        error = getattr(source, name)[np.ix_(slopes, slopes)]
        setattr(target, name, getattr(target, name) + moved @ error @ moved.T)


def _joint_covariance(stages: Stages, target: Mixture) -> np.ndarray:
    """Inverse information of the target's fit, were its gate free; the gate's parameters first."""
    rows, Y = stages.target_rows()
    X, weight = stages.data.X[rows], stages.data.weight_of(rows)
    gaussian = np.zeros(Y.shape[1], dtype=bool)
    for block in target._blocks_:
        gaussian[block.outputs] = block.family == "gaussian"
    coordinates = measure(X, Y, weight, center=target.fit_intercept, standardise=gaussian)
    model = Model(
        target.n_experts, target._blocks_, target.gate, target.fit_intercept, target.var_floor
    )
    mixture = build(model, X, Y, weight, coordinates, keep=False)
    joint, _ = covariances(model, mixture, to_theta(model, mixture, target._parameters))
    assert joint is not None
    return joint
