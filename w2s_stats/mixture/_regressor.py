"""Mixtures of regressions and of experts for real and count labels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin, _fit_context

from w2s_stats._arrays import array_module, beside, beside_X, log_factorial, to_host
from w2s_stats._validation import (
    check_choice,
    check_counts,
    check_features_anywhere,
    check_labels,
    check_seed,
    check_sizes,
    check_weight,
    whole_or_nothing,
)
from w2s_stats.mixture._base import BaseMixtureOfExperts, names_of_labels
from w2s_stats.mixture._parameters import Block, Parameters
from w2s_stats.mixture._score import r2_of_known

_HIGHEST = 300.0  # logarithm of a Poisson rate, in the kernels too


class MixtureOfExpertsRegressor(RegressorMixin, BaseMixtureOfExperts):
    """Mixture of experts for real or count labels, by maximum likelihood.

    p(y | x) = sum_k p(k | x) prod_m phi(y_m; x, theta_k)  (theory 6.1),

    fitted by EM (theory 6.2). With a constant gate it is a mixture of regressions, as R's flexmix
    fits it; with a softmax gate a mixture of experts (flexmix's concomitant model). Experts come
    out by falling mean gate probability, so that two fits compare.

    Parameters
    ----------
    n_experts : int, default=2
    expert : {"gaussian", "poisson"} or a list with one for each column of y, default="gaussian"
        "gaussian": y_m ~ N(coef @ x, scale^2), a scale of its own for every expert;
        "poisson": y_m ~ Poisson(exp(coef @ x)).
    gate : {"constant", "softmax", "gaussian", "gaussian-joint"}, default="constant"
        "constant": p(k | x) = pi_k. "softmax": log p(k | x) linear in x. "gaussian": quadratic in
        x, which is all that the conditional likelihood identifies of p(k | x) proportional to
        pi_k N(x; mu_k, Sigma_k) (theory 6.2). "gaussian-joint": those mu_k and Sigma_k, by
        maximising the likelihood of (x, y): a model of x too, and standard errors of that.
    fit_intercept : bool, default=True
        Whether the experts have intercepts; a gate always has.
    tol : float, default=1e-8
        The fit has converged when Aitken's estimate of the rise of the mean log-likelihood still to
        come is below `tol`.
    max_iter : int, default=1000
        Passes over the data in one start after which no step begins (one may take several). The
        race among starts, where passes are cheap, has its own.
    n_init : int, default=10
        Number of starts; the best is kept. It need not be the highest maximum there is, least of
        all with more experts than the data have: `summary` tells how many starts reached it.
    init : {"random", "kmeans"}, default="random"
        "random": labels from a hash of (seed, the bits of the row's x and y), so that permuting,
        duplicating or chunking rows changes nothing. "kmeans": clusters of the standardised (x, y).
    var_floor : float, default=1e-6
        Least variance of an expert, relative to var(y): without it the likelihood is unbounded.
    gate_penalty : float, default=0.0
        Half of it times the sum of squares of the gate's slopes (on whitened features, around their
        mean over experts) is taken off the log-likelihood. A little keeps a separated gate finite.
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
        Starts run at a time. None: one after the other, each on all cores.
    verbose : int, default=0
        Above 0, a line is printed for every start.

    Attributes
    ----------
    coef_ : ndarray of shape (n_experts, n_outputs, n_features)
    intercept_ : ndarray of shape (n_experts, n_outputs)
    scale_ : ndarray of shape (n_experts, n_outputs)
        Standard deviations (maximum likelihood); NaN for a Poisson output.
    weights_ : ndarray of shape (n_experts,)
        Mean gate probabilities, falling.
    gate_coef_ : ndarray of shape (n_experts, n_gate_features)
        Row 0 is the reference, zeros. No columns for a constant gate; x for a softmax gate; x and
        x_i x_j (i <= j) for a Gaussian one.
    gate_intercept_ : ndarray of shape (n_experts,)
    covariance_ : ndarray of shape (n_parameters, n_parameters) or None
        Inverse observed information in the order of `param_names_`; NaN where a parameter is not
        determined; None beyond 1,500 parameters.
    covariance_robust_ : ndarray or None
        The sandwich, right for a misspecified model too. It takes weights for those of single
        independent rows, as sampling weights are: a row of weight 2 is one draw here, the same row
        given twice is two. (`covariance_` counts either as two.)
    param_names_ : list of str
        With the names of y's columns where it has any.
    n_parameters_ : int
        Free parameters of gate and experts, as AIC and BIC count them: those of constant and
        collinear columns are not free.
    gate_prior_, gate_means_, gate_covariances_ : ndarray
        pi_k, mu_k and Sigma_k, with gate="gaussian-joint" only.
    lower_bound_ : float
        Mean log-likelihood (less the penalty; of (x, y) with gate="gaussian-joint").
    lower_bounds_ : ndarray
        Its history in the kept start, which never falls by more than rounding.
    start_lower_bounds_ : ndarray of shape (n_starts,)
        Where each start ended: n_init of them (one with a single expert), twice as many where the
        first all degenerated.
    degenerate_starts_ : ndarray of bool of shape (n_starts,)
        Starts that ended with a degenerate expert; they rank after all others.
    degenerate_experts_ : ndarray of int
        Experts of the kept fit that are degenerate: no more rows than coefficients, or no variance.
    n_iter_ : int
        Passes over the data in the kept start.
    n_rows_ : int or float
        Rows that have a label (with gate="gaussian-joint" all rows), or the sum of their weights.
    converged_ : bool
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If there are fewer distinct rows than experts, if an output has no label, if counts are not
        counts, if a weight is negative.

    Notes
    -----
    Entries of y that are NaN are missing and drop out of the likelihood (missing at random); a row
    without any counts nowhere (with gate="gaussian-joint" its x does).
    `sample_weight` counts rows: weight 2 is the row twice (only not in `covariance_robust_`). X may
    be a memory-mapped file larger than memory: it is read in tiles, and nothing of size n_samples x
    n_experts is kept (but with init="kmeans", which takes a copy of X).

    Where columns of X are constant or collinear, or more than the rows, many coefficients predict
    alike, and those of minimum norm (of standardised columns) are taken; that of a constant column
    is 0. Where all of the many agree there is a standard error (an intercept has one if x = 0 lies
    on the plane of the rows, constant columns left aside); elsewhere it is NaN.

    Arrays of CuPy's are fitted on their GPU, and X stays there: a pass over it takes the parameters
    there and brings the vector of its sums back, once. y and sample_weight go where X is. Fitted
    attributes are NumPy arrays; what has a row for each row of X (`predict`, `gate_proba`,
    `responsibilities`, `log_prob`) is of X's kind. `sample`, and the clusters of init="kmeans", are
    made on the host; starts run one after the other.

    On small data each of the `n_init` starts is the winner of a race among many, run for a few
    passes each; a start that cannot reach the best any more is given up.

    References
    ----------
    Jacobs, Jordan, Nowlan and Hinton (1991), Adaptive mixtures of local experts.
    Gruen and Leisch (2008), FlexMix version 2.

    Examples
    --------
    Cohen's (1980) tone data, whose two lines are two ways of tuning:

    >>> from w2s_stats.datasets import load_tone
    >>> from w2s_stats.mixture import MixtureOfExpertsRegressor
    >>> X, y = load_tone(return_X_y=True)
    >>> model = MixtureOfExpertsRegressor(2, random_state=0).fit(X, y)
    >>> model.coef_[:, 0, 0].round(3)
    array([0.043, 0.992])
    >>> round(model.log_likelihood(X, y), 4)
    141.1984
    """

    _parameter_constraints: ClassVar[dict] = {
        **BaseMixtureOfExperts._parameter_constraints,
        "expert": [str, list, tuple],
    }

    def __init__(
        self,
        n_experts: int = 2,
        *,
        expert: str | list[str] | tuple[str, ...] = "gaussian",
        gate: str = "constant",
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 1000,
        n_init: int = 10,
        init: str = "random",
        var_floor: float = 1e-6,
        gate_penalty: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_experts = n_experts
        self.expert = expert
        self.gate = gate
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.n_init = n_init
        self.init = init
        self.var_floor = var_floor
        self.gate_penalty = gate_penalty
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    @whole_or_nothing
    @beside_X
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MixtureOfExpertsRegressor:
        """Fit by EM from `n_init` starts and keep the best.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            NaN where missing; outputs are independent given x and the expert.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        self
        """
        X = check_features_anywhere(self, X)
        names = names_of_labels(y)
        y = beside(check_labels(y, len(X)), X)
        weight = check_weight(sample_weight, X)
        check_sizes(X, "X")
        check_sizes(y, "y")
        if weight is not None:
            check_sizes(weight, "sample_weight")
        self._label_names = names
        Y = y.reshape(len(X), -1)
        for column, family in enumerate(self._families(Y.shape[1])):
            if family == "poisson":
                check_counts(Y[:, column])
        self._fit_encoded(X, Y, weight)
        self._one_output_ = y.ndim == 1
        return self

    def _families(self, n_outputs: int) -> list[str]:
        expert = self.expert
        families = [expert] * n_outputs if isinstance(expert, str) else list(expert)
        for family in families:
            if family in ("binomial", "bernoulli", "multinomial"):
                raise ValueError(
                    f"expert={family!r} is for class labels: use MixtureOfExpertsClassifier; "
                    "MixtureOfExpertsRegressor has gaussian and poisson."
                )
            check_choice("expert", family, ("gaussian", "poisson"))
        if len(families) != n_outputs:
            raise ValueError(
                f"expert must be one family or one for each of the {n_outputs} columns of y, found "
                f"{len(families)}."
            )
        return families

    def _fitted_families(self) -> list[str]:
        """Family of each output of the fit, whatever the constructor's parameters are by now."""
        return [b.family for b in self._blocks_ for _ in range(b.start, b.stop)]

    def _encode(self, y: Any, n_samples: int) -> np.ndarray:
        return check_labels(y, n_samples).reshape(n_samples, -1)

    def _blocks(self, Y: np.ndarray) -> tuple[Block, ...]:
        """Neighbouring Gaussian outputs without gaps share their second moments."""
        blocks: list[Block] = []
        shared = False
        for column, family in enumerate(self._families(Y.shape[1])):
            complete = family == "gaussian" and not np.isnan(Y[:, column]).any()
            if complete and shared:
                blocks[-1] = Block(family, blocks[-1].start, column + 1)
            else:
                blocks.append(Block(family, column, column + 1))
            shared = complete
        return tuple(blocks)

    def _set_experts(self, parameters: Parameters) -> None:
        self.coef_ = parameters.coef
        self.intercept_ = parameters.intercept
        self.scale_ = parameters.scale

    def _expert_parameters(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.coef_, self.intercept_, self.scale_

    def _column_names(self) -> list[str]:
        return [self._label_name(m) for m in range(self.coef_.shape[1])]

    def _log_base(self, Y: np.ndarray) -> np.ndarray | float:
        counts = [m for m, f in enumerate(self._fitted_families()) if f == "poisson"]
        return -np.nansum(log_factorial(Y[:, counts]), axis=1) if counts else 0.0

    def _expert_means(self, X: np.ndarray) -> np.ndarray:
        """E[y_m | x, k], (n_experts, n_outputs, n_samples)."""
        eta = beside(self.coef_, X) @ X.T + beside(self.intercept_, X)[:, :, None]
        for m, family in enumerate(self._fitted_families()):
            if family == "poisson":
                eta[:, m] = np.exp(np.minimum(eta[:, m], _HIGHEST))
        return eta

    @beside_X
    def predict(self, X: Any) -> np.ndarray:
        """Mean of y given x, sum_k p(k | x) E[y | x, k].

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        X = self._check_X(X)
        xp = array_module(X)
        out = xp.empty((len(X), self.coef_.shape[1]))
        for rows in self._chunks(X):
            x = xp.asarray(X[rows], dtype=np.float64)
            out[rows] = np.einsum("nk,kmn->nm", self._gate_proba(x), self._expert_means(x))
        return out[:, 0] if self._one_output_ else out

    @beside_X
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Coefficient of determination of the prediction, over the rows whose label is known.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Rows with a NaN are left out.
        sample_weight : array-like of shape (n_samples,) or None

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If no row has a label.
        """
        return r2_of_known(y, self.predict(X), sample_weight)

    @beside_X
    def sample(
        self, X: Any, random_state: int | np.random.RandomState | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw labels, and the experts they come from, for given X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        random_state : int, RandomState or None

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        expert : ndarray of shape (n_samples,)
        """
        X = to_host(self._check_X(X))
        random = check_seed(random_state)
        expert = self._draw_expert(X, random)
        mean = self._expert_means(np.asarray(X, dtype=np.float64))[expert, :, np.arange(len(X))]
        Y = np.empty_like(mean)
        for m, family in enumerate(self._fitted_families()):
            if family == "poisson":
                Y[:, m] = random.poisson(mean[:, m])
            else:
                Y[:, m] = random.normal(mean[:, m], self.scale_[expert, m])
        return (Y[:, 0] if self._one_output_ else Y), expert

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags
