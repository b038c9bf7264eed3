"""What the regressor and the classifier share: fitting, gates, posteriors, criteria, summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from w2s_stats._arrays import array_module, beside, beside_X, softmax, to_host
from w2s_stats._validation import (
    check_columns,
    check_counts,
    check_distinct_rows,
    check_features_anywhere,
    check_integer,
    check_observed,
    check_seed,
    check_weight,
    warn_columns,
)
from w2s_stats.datasets._latent_rows import draw_categories
from w2s_stats.em import Coordinates, Mixture
from w2s_stats.mixture._criteria import CriteriaMixin
from w2s_stats.mixture._fit import Fit, fit_mixture
from w2s_stats.mixture._model import Model, build
from w2s_stats.mixture._parameters import (
    Block,
    Parameters,
    gate_feature_names,
    parameter_names,
)
from w2s_stats.mixture._summary import SummaryMixin
from w2s_stats.mixture._units import to_theta

_CHUNK = 1 << 16


class BaseMixtureOfExperts(CriteriaMixin, SummaryMixin, BaseEstimator):
    """Maximum likelihood for p(y | x) = sum_k p(k | x) phi(y; x, theta_k), theory 6.1 and 6.2."""

    _parameter_constraints: ClassVar[dict] = {
        "n_experts": [Interval(Integral, 1, None, closed="left")],
        "gate": [StrOptions({"constant", "softmax", "gaussian", "gaussian-joint"})],
        "fit_intercept": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"random", "kmeans"})],
        "var_floor": [Interval(Real, 0, None, closed="neither")],
        "gate_penalty": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
        ],
        "verbose": ["verbose"],
    }

    # --- what a subclass knows about its labels -------------------------------------------------

    def _blocks(self, Y: np.ndarray) -> tuple[Block, ...]:
        """Families of the columns of the label array."""
        raise NotImplementedError

    def _encode(self, y: Any, n_samples: int) -> np.ndarray:
        """Labels as the experts see them, (n_samples, n_columns) with NaN where missing."""
        raise NotImplementedError

    def _set_experts(self, parameters: Parameters) -> None:
        """Set coef_, intercept_ and scale_ from the experts' parameters."""
        raise NotImplementedError

    def _expert_parameters(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients, intercepts and scales by column, from the fitted attributes."""
        raise NotImplementedError

    def _column_names(self) -> list[str]:
        raise NotImplementedError

    _label_names: list[str] | None = None

    def _label_name(self, column: int) -> str:
        """The name of a column of y, its own or y0, y1, ..."""
        return f"y{column}" if self._label_names is None else self._label_names[column]

    # --- fitting --------------------------------------------------------------------------------

    def _fit_encoded(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        sample_weight: Any,
        *,
        tied_to: Parameters | None = None,
        guesses: Sequence[Parameters] = (),
        n_init: int | None = None,
    ) -> Fit:
        """Fit to checked X and encoded labels; with `tied_to`, only the gate's prior moves.

        The sizes of their numbers are the caller's to check. The starts are the guesses and
        `n_init` random ones (None: the constructor's number). Rows without a label say nothing of
        p(y | x) and count nowhere, but where x is modelled too.
        """
        for name in ("n_experts", "n_init"):
            check_integer(name, getattr(self, name), 1)  # scikit-learn takes True for one
        weight = check_weight(sample_weight, X)
        Y = beside(Y, X)
        check_observed(Y, weight)
        weighted = weight is not None
        if self.gate != "gaussian-joint" or tied_to is not None:
            weight = _of_labelled(weight, Y)
        check_distinct_rows(X, Y, weight, self.n_experts)
        names = self._names_of_features(X.shape[1])
        warn_columns(X, names, fit_intercept=self.fit_intercept)
        model = Model(
            self.n_experts,
            self._blocks(Y),
            self.gate,
            self.fit_intercept,
            self.var_floor,
            self.gate_penalty,
            tied_to,
        )
        fit = fit_mixture(
            model,
            X,
            Y,
            weight,
            tol=self.tol,
            max_iter=self.max_iter,
            n_init=self.n_init if n_init is None else n_init,
            init=self.init,
            random_state=check_seed(self.random_state),
            n_jobs=self.n_jobs,
            verbose=self.verbose,
            guesses=guesses,
        )
        self._set_fitted(fit, model)
        self._weighted_ = weighted
        n_rows = len(X) if weight is None else float(weight.sum())
        self.n_rows_ = n_rows if weighted else int(n_rows)
        return fit

    def _set_fitted(self, fit: Fit, model: Model) -> None:
        self._set_experts(fit.parameters)
        self.gate_coef_ = fit.parameters.gate_coef
        self.gate_intercept_ = fit.parameters.gate_intercept
        for name in ("gate_prior_", "gate_means_", "gate_covariances_"):
            self.__dict__.pop(name, None)  # of an earlier fit with another gate
        if fit.parameters.gate_mean is not None:
            self.gate_prior_ = fit.parameters.gate_prior
            self.gate_means_ = fit.parameters.gate_mean
            self.gate_covariances_ = fit.parameters.gate_covariance
        self.weights_ = fit.weights
        self._penalty_ = fit.penalty
        self.lower_bound_ = float(fit.lower_bounds[-1])
        self.lower_bounds_ = fit.lower_bounds
        self.n_iter_ = fit.n_iter
        self.converged_ = fit.converged
        self.start_lower_bounds_ = fit.start_bounds
        self.degenerate_starts_ = fit.degenerate_starts
        self.degenerate_experts_ = np.flatnonzero(fit.degenerate)
        self.covariance_ = fit.covariance
        self.covariance_robust_ = fit.covariance_robust
        self.n_parameters_ = fit.n_parameters - fit.n_reference
        self._n_reference_ = fit.n_reference
        self._model_ = model
        self._blocks_ = model.blocks
        gate = "constant" if model.tied_to is not None else model.gate
        self.param_names_ = parameter_names(
            model.n_experts,
            model.blocks,
            self._names_of_features(fit.parameters.coef.shape[2]),
            self._column_names(),
            gate_feature_names(self._names_of_features(fit.parameters.coef.shape[2]), gate),
            fit_intercept=model.fit_intercept,
        )

    def _names_of_features(self, n_features: int) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        return [f"x{j}" for j in range(n_features)] if names is None else [str(n) for n in names]

    # --- the fitted mixture ---------------------------------------------------------------------

    @property
    def _parameters(self) -> Parameters:
        coef, intercept, scale = self._expert_parameters()
        return Parameters(coef, intercept, scale, self.gate_coef_, self.gate_intercept_)

    def _check_X(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return check_features_anywhere(self, X, reset=False)

    def _labels(self, y: Any, X: np.ndarray) -> np.ndarray:
        """Encoded labels, where X lies, for a mixture that is fitted."""
        return self._check_encoded(beside(self._encode(y, len(X)), X))

    def _check_encoded(self, Y: np.ndarray, name: str = "y") -> np.ndarray:
        """Return encoded labels if they are of the number and kind that was fitted."""
        check_columns(Y, self._blocks_[-1].stop, name=name)
        for block in self._blocks_:
            if block.family == "poisson":
                check_counts(Y[:, block.outputs], name=name)
        return Y

    def _chunks(self, X: np.ndarray) -> Iterator[slice]:
        for start in range(0, len(X), _CHUNK):
            yield slice(start, min(start + _CHUNK, len(X)))

    @beside_X
    def gate_proba(self, X: Any) -> np.ndarray:
        """Probability of each expert given x alone, p(k | x).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_experts)
        """
        X = self._check_X(X)
        xp = array_module(X)
        out = xp.empty((len(X), len(self.gate_intercept_)))
        for rows in self._chunks(X):
            out[rows] = self._gate_proba(xp.asarray(X[rows], dtype=np.float64))
        return out

    def _gate_proba(self, X: np.ndarray) -> np.ndarray:
        features = X[:, : self.gate_coef_.shape[1]]
        if self.gate_coef_.shape[1] > X.shape[1]:
            i, j = np.triu_indices(X.shape[1])
            features = np.concatenate([X, X[:, i] * X[:, j]], axis=1)
        coef, intercept = beside(self.gate_coef_, X), beside(self.gate_intercept_, X)
        return softmax(features @ coef.T + intercept, axis=1)

    def _draw_expert(self, X: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        return draw_categories(random, to_host(self.gate_proba(X)))

    def _posterior(self, X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Responsibilities and log-evidences by the kernels, in the data's own units."""
        model, mixture = self._in_own_units(X, Y)
        theta = mixture.split(to_theta(model, mixture, self._parameters))
        xp = mixture.tiles.xp
        resp = xp.empty((len(X), len(self.gate_intercept_)))
        log_prob = xp.empty(len(X))

        def pass_lane(lane: range) -> None:
            room = mixture.room
            for number in lane:
                tile = mixture.tiles.load(number, room)
                _, log_joint, evidence = mixture.log_joint(tile, theta, room)
                mixture.kernels.em.posterior(log_joint, np.ones_like(tile.weight), evidence)
                rows = slice(*mixture.tiles.bounds[number])
                resp[rows], log_prob[rows] = log_joint.T, evidence

        mixture.tiles.map_lanes(pass_lane, parallel=True)
        return resp, log_prob

    def _in_own_units(self, X: np.ndarray, Y: np.ndarray) -> tuple[Model, Mixture]:
        d, m = X.shape[1], Y.shape[1]
        coordinates = Coordinates(
            np.zeros(d), np.eye(d), np.eye(d), np.zeros(m), np.ones(m), np.zeros(m), np.ones(m), 1.0
        )
        # What was fitted, whatever the constructor's parameters are by now.
        gate = {0: "constant", d: "softmax"}.get(self.gate_coef_.shape[1], "gaussian")
        model = Model(len(self.gate_intercept_), self._blocks_, gate, var_floor=1e-300)
        return model, build(model, X, Y, None, coordinates, keep=False)

    @beside_X
    def responsibilities(self, X: Any, y: Any) -> np.ndarray:
        """Probability of each expert given x and y, p(k | x, y) (a missing y says nothing).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        ndarray of shape (n_samples, n_experts)
            Rows sum to one.
        """
        X = self._check_X(X)
        return self._densities(X, y)[0]

    @beside_X
    def log_prob(self, X: Any, y: Any) -> np.ndarray:
        """Log-density of each row, log p(y | x); missing entries of y drop out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        X = self._check_X(X)
        return self._densities(X, y)[1]

    def _densities(self, X: np.ndarray, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """p(k | x, y), (n_samples, n_experts), and log p(y | x), of checked X."""
        return self._densities_of(X, self._labels(y, X))

    def _densities_of(self, X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        resp, log_prob = self._posterior(X, Y)
        return resp, log_prob + self._log_base(Y)

    def _log_base(self, Y: np.ndarray) -> np.ndarray | float:
        """The part of log p(y | x) that is the same for all experts and parameters."""
        return 0.0

    @beside_X
    def log_likelihood(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Weighted sum of the rows' log-densities."""
        log_prob = self.log_prob(X, y)
        return float(self._weights_of(sample_weight, log_prob) @ log_prob)

    def _weights_of(self, sample_weight: Any, rows: np.ndarray) -> np.ndarray:
        weight = check_weight(sample_weight, rows)
        return array_module(rows).ones(len(rows)) if weight is None else weight

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.non_deterministic = False
        return tags


def _of_labelled(weight: np.ndarray | None, Y: np.ndarray) -> np.ndarray | None:
    """Weights that are zero in the rows without any label."""
    missing = np.isnan(Y).all(axis=1)
    if not missing.any():
        return weight
    return 1.0 * ~missing if weight is None else weight * ~missing


def names_of_labels(y: Any) -> list[str] | None:
    """Names of a data frame's columns, or of a series; None where one is no text."""
    columns = getattr(y, "columns", None)
    names = [getattr(y, "name", None)] if columns is None else list(columns)
    texts = [name for name in names if isinstance(name, str)]
    return texts if len(texts) == len(names) else None
