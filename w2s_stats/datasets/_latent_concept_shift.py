"""Generated data with a shift of latent concepts, together with the truth (theory §6.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Bunch

from w2s_stats._validation import check_choice

from ._arguments import check_count, check_prior, check_real, seed_of
from ._latent_sample import assemble
from ._latent_truth import SEPARATION, draw_truth, triangular_prior

_EXPERTS = ("gaussian", "poisson", "bernoulli", "multinomial")
_GATES = ("constant", "softmax", "gaussian")
_TRUTH_STREAM, _ROW_STREAMS = 0, (1, 2)


def make_latent_concept_shift(
    n_source: int = 1000,
    n_target: int = 1000,
    *,
    n_features: int = 5,
    n_experts: int = 3,
    expert: str = "gaussian",
    gate: str = "constant",
    n_outputs: int = 1,
    n_classes: int | None = None,
    source_prior: ArrayLike | None = None,
    target_prior: ArrayLike | None = None,
    separation: float | None = None,
    noise: float = 0.3,
    weak_shift: float = 0.5,
    weak_drift: float = 0.0,
    weak_noise: float = 0.5,
    gate_scale: float = 1.5,
    gold: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    r"""Make a source and a target sample that differ in how often each latent concept occurs.

    The model of theory §6.1. In both domains :math:`X \sim N(0, I)` and

    .. math::

        p(k|x) \propto \pi^p_k\, g(x; \eta_k), \qquad
        q(k|x) \propto \pi^q_k\, g(x; \eta_k), \\
        Y | x, k \sim \varphi(y; x, \theta_k), \qquad
        Y' | x, k \sim \varphi(y'; x, \theta_k^{wp}) \text{ in the source, }
        \varphi(y'; x, \theta_k^{wq}) \text{ in the target,}

    with Y and Y' independent given X and K. The labels Y of the target are hidden in ``y`` and
    kept in ``y_gold``. The default setting is the one of theory §6.7: three Gaussian experts in
    five dimensions, a constant gate, and concepts .6, .3, .1 in the source that turn into
    .1, .3, .6 in the target.

    The parameters are drawn before the rows, from a stream of their own: the same seed gives the
    same truth whatever `n_source` and `n_target` are. For fresh rows of the same truth use
    :func:`sample_latent_concept_shift`.

    Parameters
    ----------
    n_source : int, default=1000
        Rows of the source, >= 1: without them there is no strong label to learn from.
    n_target : int, default=1000
        Rows of the target, >= 0.
    n_features : int, default=5
        Columns of X, >= 1.
    n_experts : int, default=3
        Number of concepts, >= 1.
    expert : {"gaussian", "poisson", "bernoulli", "multinomial"}, default="gaussian"
        Family of the experts: identity, log and logit links.
    gate : {"constant", "softmax", "gaussian"}, default="constant"
        Gate function g: 1, the exponential of a linear function, or the density of
        N(gate_mean[k], gate_covariance[k]) at x. It sets p(k|x) only; X stays N(0, I).
    n_outputs : int, default=1
        Columns of y for Gaussian and Poisson experts, independent given X and K.
    n_classes : int or None, default=None
        Classes: 2 for "bernoulli", >= 2 for "multinomial" (None: 3), None for the others.
    source_prior, target_prior : array-like of shape (n_experts,) or None, default=None
        The priors of the two domains. The source's are > 0, the target's may hold zeros. Left
        out: proportional to the triangular numbers, falling in the source, rising in the target.
    separation : float or None, default=None
        Root mean square over X of the difference between two experts' linear predictors, > 0
        (exact while ``n_experts <= (n_features + 1) * n_outputs``). Left out: 2 for Gaussian,
        1.5 for Poisson, 4 for logistic experts.
    noise : float, default=0.3
        Standard deviation of Y given x and k, > 0; Gaussian experts only.
    weak_shift : float, default=0.5
        Root mean square over X of a weak expert's predictor minus the strong one's, >= 0.
    weak_drift : float, default=0.0
        The same between the weak experts of target and source, >= 0.
    weak_noise : float, default=0.5
        Standard deviation of Y' given x and k, > 0; Gaussian experts only.
    gate_scale : float, default=1.5
        Norm of the softmax gate's coefficient rows or of the Gaussian gate's means, >= 0.
    gold : bool, default=True
        Whether the result holds ``y_gold``.
    random_state : int, RandomState instance or None, default=None
        Seed of truth and rows.

    Returns
    -------
    Bunch
        Source rows first, then target rows; n_samples = n_source + n_target.

        X : ndarray of shape (n_samples, n_features)
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Strong labels; NaN (Gaussian, Poisson) or -1 (classes) in target rows.
        y_weak : ndarray like y
            Weak labels of all rows.
        y_gold : ndarray like y
            Strong labels of all rows.
        sample_domain : ndarray of int, shape (n_samples,)
            1 in the source, -1 in the target.
        concept : ndarray of int, shape (n_samples,)
            The latent K.
        source_gate, target_gate : ndarray of shape (n_samples, n_experts)
            p(k|x) and q(k|x) at every row.
        target_mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            E_Q[Y|x]; absent for classes.
        target_proba : ndarray of shape (n_samples, n_classes)
            Q(y|x); for classes only.
        coef : ndarray of shape (n_experts, n_outputs, n_features)
            Strong experts. "bernoulli": one row, the log odds of class 1; "multinomial":
            n_classes rows, the first zero.
        intercept : ndarray of shape (n_experts, n_outputs)
        scale : ndarray of shape (n_experts, n_outputs) or None
            Standard deviations; None unless Gaussian.
        source_weak_coef, source_weak_intercept, source_weak_scale : like coef, intercept, scale
        target_weak_coef, target_weak_intercept, target_weak_scale : like coef, intercept, scale
        gate_coef : ndarray of shape (n_experts, n_features) or None
            Of log g; zero for the constant gate, its first row zero for the softmax gate.
        gate_intercept : ndarray of shape (n_experts,) or None
        gate_mean : ndarray of shape (n_experts, n_features) or None
        gate_covariance : ndarray of shape (n_experts, n_features, n_features) or None
        source_prior, target_prior : ndarray of shape (n_experts,)
        source_frequencies, target_frequencies : ndarray of shape (n_experts,)
            Shares of the concepts among the drawn rows (NaN for a domain without rows).
        expert, gate, n_classes
            As in the call.
        DESCR : str

    Raises
    ------
    ValueError
        If an argument is outside the range above; the message names it.

    See Also
    --------
    sample_latent_concept_shift : Fresh rows of the same truth.
    make_concept_shift : A controlled shift of real data.

    References
    ----------
    .. [1] Somerstep et al. (2025), a transfer learning framework for weak-to-strong
       generalization, section 2.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> data = make_latent_concept_shift(5000, 5000, random_state=0)
    >>> data.target_prior.round(2)
    array([0.1, 0.3, 0.6])
    >>> strong = data.X @ data.coef[:, 0].T + data.intercept[:, 0]
    >>> error = ((strong @ data.source_prior - data.target_mean) ** 2).mean()
    >>> round(float(error), 1)  # what the source alone gets wrong about E_Q[Y|x]
    1.0
    """
    n_source = check_count(n_source, "n_source", 1)
    n_target = check_count(n_target, "n_target", 0)
    n_features = check_count(n_features, "n_features", 1)
    n_experts = check_count(n_experts, "n_experts", 1)
    n_outputs = check_count(n_outputs, "n_outputs", 1)
    check_choice("expert", expert, _EXPERTS)
    check_choice("gate", gate, _GATES)
    n_classes = _check_classes(n_classes, n_outputs, expert)
    falling = triangular_prior(n_experts)
    source = falling if source_prior is None else source_prior
    target = falling[::-1] if target_prior is None else target_prior
    priors = {
        "source_prior": check_prior(source, "source_prior", n_experts, positive=True),
        "target_prior": check_prior(target, "target_prior", n_experts, positive=False),
    }
    separation = SEPARATION[expert] if separation is None else separation
    sizes = {
        "separation": check_real(separation, "separation", positive=True),
        "noise": check_real(noise, "noise", positive=True),
        "weak_shift": check_real(weak_shift, "weak_shift"),
        "weak_drift": check_real(weak_drift, "weak_drift"),
        "weak_noise": check_real(weak_noise, "weak_noise", positive=True),
        "gate_scale": check_real(gate_scale, "gate_scale"),
    }
    seed = seed_of(random_state)
    truth = draw_truth(
        np.random.default_rng([seed, _TRUTH_STREAM]),
        n_features=n_features,
        n_experts=n_experts,
        expert=expert,
        gate=gate,
        n_outputs=n_outputs,
        n_classes=n_classes,
        **sizes,
    )
    return assemble(truth | priors, n_source, n_target, gold, seed, _ROW_STREAMS)


def _check_classes(n_classes: Any, n_outputs: int, expert: str) -> int | None:
    if expert in ("gaussian", "poisson"):
        if n_classes is not None:
            raise ValueError(f"n_classes must be None for expert={expert!r}, got {n_classes!r}.")
        return None
    if n_outputs != 1:
        raise ValueError(f"n_outputs must be 1 for expert={expert!r}, got {n_outputs}.")
    if expert == "multinomial":
        return check_count(3 if n_classes is None else n_classes, "n_classes", 2)
    if n_classes not in (None, 2):
        raise ValueError(f"n_classes must be 2 or None for expert='bernoulli', got {n_classes!r}.")
    return 2
