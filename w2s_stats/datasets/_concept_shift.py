"""Turn real (X, y) with a fitted mixture into a source and a target with shifted concepts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import NotFittedError
from sklearn.utils import Bunch

from ._arguments import check_finite, check_real, seed_of
from ._latent_rows import draw_categories, draw_labels
from ._split import count_target, split_by_concept
from ._weak_experts import mixture_means, weaken_experts

_NEEDED = ("responsibilities", "gate_proba", "coef_", "intercept_", "scale_")
_FAMILIES = ("gaussian", "poisson")


def make_concept_shift(
    X: ArrayLike,
    y: ArrayLike,
    mixture: Any,
    *,
    target_prior: ArrayLike | None = None,
    target_size: float | int = 0.5,
    weak_shift: float = 0.5,
    weak_shrink: float = 0.5,
    weak_noise: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    r"""Split real data into a source and a target in which latent concepts are shifted.

    X and the strong labels y stay as measured. What is made is the latent concept of each row,
    its domain, and the weak label (theory §6.1):

    1. *Concept*: :math:`k_i` is drawn from the mixture's responsibilities
       :math:`p(k | x_i, y_i)`. Drawn and not the most probable one, so that y given x and k
       follows the fitted expert as far as the mixture is right.
    2. *Domain*: the target gets fixed numbers of each concept's rows, n_target times
       `target_prior` rounded to whole rows, chosen at random without replacement; the source
       keeps the others.
    3. *Weak labels*, in both domains: :math:`Y' | x, k \sim \varphi(y'; x, \theta_k^w)`, given x
       and k independent of y, with, for k = 0, ..., K-1, each output on its link's scale,

       .. math::

           \beta_k^w = \Bigl(1 - s\,\frac{k+1}{K}\Bigr)\beta_k, \qquad
           b_k^w = b_k + (\beta_k - \beta_k^w)^\top \bar x + \delta u, \qquad
           \sigma_k^w = \tau \sigma_k ,

       s = `weak_shrink`, :math:`\delta` = `weak_shift`, :math:`\tau` = `weak_noise`, u the
       standard deviation of y for Gaussian experts and 1 for Poisson experts. So the weak model
       reads every concept too high and flattens it around the mean of X, the last one most.

    With a constant gate the concept is independent of x and p(x) = q(x) holds as the theory
    wants. With another gate, rows chosen by concept have other x as well: q(x) then differs from
    p(x), and only p(y|x,k) and the weak experts are shared.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Inputs, finite.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Strong labels, finite.
    mixture : MixtureOfExpertsRegressor
        Fitted on (X, y) or on like data. Used are ``responsibilities(X, y)``, ``gate_proba(X)``,
        ``coef_``, ``intercept_``, ``scale_`` and ``expert``.
    target_prior : array-like of shape (n_experts,) or None, default=None
        Concept frequencies wanted in the target, in the order of the mixture's experts. Left
        out: from the pool's frequencies towards triangular numbers that rise with k (.25, .75
        for two experts), as far as leaves a fifth of every concept's rows in the source.
    target_size : float or int, default=0.5
        Share of the rows in (0, 1), or number of rows, that go to the target.
    weak_shift : float, default=0.5
        Offset of the weak experts, >= 0, in units of u.
    weak_shrink : float, default=0.5
        Shrinkage of the last expert's slopes, in [0, 1]; the k-th expert's is (k+1)/K of it.
    weak_noise : float, default=1.0
        Weak standard deviation over the strong expert's, > 0; Gaussian experts only.
    random_state : int, RandomState instance or None, default=None
        Seed of concepts, split and weak labels.

    Returns
    -------
    Bunch
        Rows in the order of X.

        X, y_gold : ndarray
            The data as passed.
        y : ndarray like y_gold
            NaN in target rows.
        y_weak : ndarray like y_gold
            Weak labels of all rows.
        sample_domain : ndarray of int, shape (n_samples,)
            1 in the source, -1 in the target.
        concept : ndarray of int, shape (n_samples,)
            The drawn concepts.
        coef, intercept, scale : ndarray
            The fitted strong experts, shapes (n_experts, n_outputs, n_features) and
            (n_experts, n_outputs).
        source_weak_coef, source_weak_intercept, source_weak_scale : ndarray
        target_weak_coef, target_weak_intercept, target_weak_scale : ndarray
            The weak experts, the same in both domains.
        target_prior : ndarray of shape (n_experts,)
            The frequencies aimed at.
        source_prior : ndarray of shape (n_experts,)
            What the split leaves in the source: `source_frequencies`.
        source_frequencies, target_frequencies : ndarray of shape (n_experts,)
            Realised shares of the concepts.
        source_gate, target_gate : ndarray of shape (n_samples, n_experts)
            The fitted gate p(k|x), reweighted by each domain's frequencies over its mean.
        target_mean : ndarray like y_gold
            sum_k q(k|x) mu_k(x) with the fitted experts: E_Q[Y|x] as far as the mixture is right.
        expert : list of str
            Family of each output.
        DESCR : str

    Raises
    ------
    NotFittedError
        If `mixture` has no fitted attributes.
    ValueError
        If data and mixture do not fit together, an argument is out of range, or a concept has
        too few rows for `target_prior`.

    See Also
    --------
    make_latent_concept_shift : Generated data of the same kind.

    Examples
    --------
    >>> from w2s_stats.datasets import load_tone, make_concept_shift
    >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
    >>> X, y = load_tone(return_X_y=True)
    >>> mixture = MixtureOfExpertsRegressor(n_experts=2, random_state=0).fit(X, y)
    >>> data = make_concept_shift(X, y, mixture, target_prior=[0.5, 0.5], random_state=0)
    >>> int((data.sample_domain < 0).sum()), data.target_prior
    (75, array([0.5, 0.5]))
    """
    X = check_finite(X, "X", (2,))
    y = check_finite(y, "y", (1, 2))
    families = _check_mixture(X, y, mixture)
    n_target = count_target(target_size, X.shape[0])
    weak_shift = check_real(weak_shift, "weak_shift")
    weak_noise = check_real(weak_noise, "weak_noise", positive=True)
    weak_shrink = check_real(weak_shrink, "weak_shrink")
    if weak_shrink > 1:
        raise ValueError(f"weak_shrink must be a number in [0, 1], got {weak_shrink}.")
    rng = np.random.default_rng(seed_of(random_state))

    strong = {key: np.array(getattr(mixture, f"{key}_")) for key in ("coef", "intercept", "scale")}
    n_experts = strong["coef"].shape[0]
    concept = draw_categories(rng, np.asarray(mixture.responsibilities(X, y)))
    in_target, prior = split_by_concept(rng, concept, n_experts, n_target, target_prior)
    weak = weaken_experts(X, y, strong, families, weak_shift, weak_shrink, weak_noise)
    weak_mean = mixture_means(X, weak, families)[np.arange(X.shape[0]), concept]
    y_weak = np.column_stack(
        [
            draw_labels(rng, weak_mean[:, [o]], weak["scale"][concept][:, [o]], family)
            for o, family in enumerate(families)
        ]
    ).reshape(y.shape)

    frequencies = {
        name: np.bincount(concept[rows], minlength=n_experts) / rows.sum()
        for name, rows in (("source", ~in_target), ("target", in_target))
    }
    gate = np.asarray(mixture.gate_proba(X))
    gates = {name: gate * (share / gate.mean(axis=0)) for name, share in frequencies.items()}
    gates = {name: moved / moved.sum(axis=1, keepdims=True) for name, moved in gates.items()}
    target_mean = np.einsum("nk,nko->no", gates["target"], mixture_means(X, strong, families))
    hidden = in_target if y.ndim == 1 else in_target[:, None]
    return Bunch(
        X=X,
        y=np.where(hidden, np.nan, y),
        y_weak=y_weak,
        y_gold=y,
        sample_domain=np.where(in_target, -1, 1),
        concept=concept,
        **strong,
        **{f"source_weak_{key}": value.copy() for key, value in weak.items()},
        **{f"target_weak_{key}": value for key, value in weak.items()},
        source_prior=frequencies["source"].copy(),
        target_prior=prior,
        source_frequencies=frequencies["source"],
        target_frequencies=frequencies["target"],
        source_gate=gates["source"],
        target_gate=gates["target"],
        target_mean=target_mean.reshape(y.shape),
        expert=families,
        DESCR=_describe(X.shape[0], n_target, frequencies),
    )


def _check_mixture(X: np.ndarray, y: np.ndarray, mixture: Any) -> list[str]:
    """Return the family of each output, or raise where mixture and data do not fit together."""
    if y.shape[0] != X.shape[0]:
        raise ValueError(f"y must have the {X.shape[0]} rows of X, got {y.shape[0]}.")
    absent = [name for name in _NEEDED if not hasattr(mixture, name)]
    if absent:
        raise NotFittedError(
            "mixture must be a fitted MixtureOfExpertsRegressor, but this "
            f"{type(mixture).__name__} has no {absent[0]}."
        )
    n_outputs, n_features = np.shape(mixture.coef_)[1:]
    if X.shape[1] != n_features:
        raise ValueError(f"X must have the {n_features} columns of mixture, got {X.shape[1]}.")
    columns = 1 if y.ndim == 1 else y.shape[1]
    if columns != n_outputs:
        raise ValueError(f"y must have the {n_outputs} outputs of mixture, got {columns}.")
    families = _families(mixture, n_outputs)
    for family in families:
        if family not in _FAMILIES:
            raise ValueError(
                f"mixture must have Gaussian or Poisson experts, got expert={family!r}."
            )
    return families


def _families(mixture: Any, n_outputs: int) -> list[str]:
    """As they were fitted: `expert` may have been set to another one since."""
    if hasattr(mixture, "_fitted_families"):
        return mixture._fitted_families()
    expert = getattr(mixture, "expert", "gaussian")
    return [expert] * n_outputs if isinstance(expert, str) else list(expert)


def _describe(n_samples: int, n_target: int, frequencies: dict[str, np.ndarray]) -> str:
    return (
        f"Measured data under a made shift of concepts (theory §6.1): {n_samples - n_target} "
        f"source rows and {n_target} target rows. X and y_gold are as measured; concepts were "
        "drawn from a fitted mixture, weak labels from weakened experts. Concept frequencies are "
        f"{frequencies['source'].round(4).tolist()} in the source and "
        f"{frequencies['target'].round(4).tolist()} in the target."
    )
