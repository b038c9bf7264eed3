"""Which latent concept the target asks for, read off embeddings of outputs (theory 6.9)."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.stats import norm
from sklearn.base import BaseEstimator, ClusterMixin, _fit_context
from sklearn.cluster import KMeans
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from w2s_stats._validation import (
    check_features,
    check_sizes,
    count_distinct,
    row_keys,
    whole_or_nothing,
)
from w2s_stats.transfer._domains import find_source


class KMeansConceptAssigner(ClusterMixin, BaseEstimator):
    """Cluster the source's outputs, and name the cluster that the weak outputs point to.

    K-means with k-means++ starts on the embeddings of the source's outputs; with centroids c_k and
    the mean m of the embeddings of the weak model's outputs in the target, the concept is

    argmax_k cos(c_k, m)  (theory 6.9).

    For labels that are texts, or anything else without a density, where the target can be taken to
    have a single concept: fit or fine-tune on the source rows that `concept_rows_` names. Source
    and weak outputs arrive stacked, so that a scaler or a projection in front treats both alike.
    The cosine depends on where the origin of the embeddings lies.

    Parameters
    ----------
    n_concepts : int, default=2
        Clusters of the source, >= 1.
    n_init : int, default=10
        Starts of K-means; the one of smallest inertia is kept.
    max_iter : int, default=300
        Most passes of K-means in one start.
    confidence_level : float, default=0.95
        Level of `margin_interval_`, in (0, 1).
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    labels_ : ndarray of int, shape (n_samples,)
        Cluster of every row in the order of the input; target rows go to the nearest centroid.
    cluster_centers_ : ndarray of shape (n_concepts, n_features)
    concept_ : int
        The target's concept; -1 where there were no target rows.
    concept_rows_ : ndarray of int
        Source rows of that cluster, as positions in the input; empty without target rows.
    similarity_ : ndarray of shape (n_concepts,)
        cos(c_k, m), 0 where c_k or m has length zero; NaN without target rows.
    margin_ : float
        Largest similarity minus the second largest; NaN with one concept or without target rows.
    margin_interval_ : tuple of float
        Normal interval of the margin by the delta method: target rows are taken as independent
        draws, the clusters as given. Where it reaches 0, another concept fits about as well.
    inertia_ : float
        Sum of squared distances of the source rows from their centroids.
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X has string column names.

    Raises
    ------
    ValueError
        If there is no source row, or there are fewer distinct source rows than concepts.

    References
    ----------
    Somerstep et al. (2025), section 4.2. Arthur and Vassilvitskii (2007), k-means++.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.transfer import KMeansConceptAssigner
    >>> random = np.random.default_rng(0)
    >>> source = random.normal(size=(300, 2)) + np.repeat([[0, 4], [4, 0], [-4, -4]], 100, axis=0)
    >>> weak = random.normal(size=(50, 2)) + [2, 0.5]
    >>> outputs, domain = np.concatenate([source, weak]), np.repeat([1, -1], [300, 50])
    >>> assigner = KMeansConceptAssigner(3, random_state=0).fit(outputs, sample_domain=domain)
    >>> round(float(assigner.similarity_.max()), 2)
    0.97
    >>> rows = assigner.concept_rows_
    >>> len(rows), float(np.mean((rows >= 100) & (rows < 200)))
    (100, 1.0)
    """

    __metadata_request__fit: ClassVar[dict] = {"sample_domain": True}

    _parameter_constraints: ClassVar[dict] = {
        "n_concepts": [Interval(Integral, 1, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_concepts: int = 2,
        *,
        n_init: int = 10,
        max_iter: int = 300,
        confidence_level: float = 0.95,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_concepts = n_concepts
        self.n_init = n_init
        self.max_iter = max_iter
        self.confidence_level = confidence_level
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    @whole_or_nothing
    def fit(self, X: Any, y: Any = None, *, sample_domain: Any = None) -> KMeansConceptAssigner:
        """Cluster the source rows, then hold the centroids against the mean of the target rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Embeddings of the source's outputs and of the weak model's outputs in the target.
        y : Ignored
        sample_domain : array-like of int of shape (n_samples,) or None
            >= 0 for the source's outputs, < 0 for weak outputs in the target. None: all source.

        Returns
        -------
        self
        """
        X = check_features(self, X)
        check_sizes(X, "X")
        source = np.ones(len(X), dtype=bool)
        if sample_domain is not None:
            source = find_source(sample_domain, len(X))
        found = count_distinct(row_keys(X[source]), self.n_concepts)
        if found < self.n_concepts:
            raise ValueError(
                f"n_concepts={self.n_concepts} needs at least as many distinct source rows of X; "
                f"found n_samples={source.sum()} with {found} distinct."
            )
        clusters = KMeans(
            self.n_concepts,
            n_init=self.n_init,
            max_iter=self.max_iter,
            random_state=self.random_state,
        ).fit(X[source])
        labels = np.empty(len(X), dtype=clusters.labels_.dtype)
        labels[source] = clusters.labels_
        if not source.all():
            labels[~source] = clusters.predict(X[~source])
        self._set_concept(clusters.cluster_centers_, X[~source])
        self.clusters_ = clusters
        self.labels_ = labels
        self.cluster_centers_ = clusters.cluster_centers_
        self.concept_rows_ = np.flatnonzero(source & (labels == self.concept_))
        self.inertia_ = float(clusters.inertia_)
        self.n_iter_ = int(clusters.n_iter_)
        return self

    def _set_concept(self, centers: np.ndarray, weak: np.ndarray) -> None:
        """Similarities, the best of them, and how far it is ahead."""
        self.similarity_ = np.full(len(centers), np.nan)
        self.concept_, self.margin_, self.margin_interval_ = -1, np.nan, (np.nan, np.nan)
        if not len(weak):
            return
        directions = _unit(centers.astype(np.float64))
        mean = weak.mean(axis=0, dtype=np.float64)
        self.similarity_ = directions @ _unit(mean)
        order = np.argsort(-self.similarity_, kind="stable")
        self.concept_ = int(order[0])
        if len(order) == 1:
            return
        ahead = directions[order[0]] - directions[order[1]]
        self.margin_ = float(ahead @ _unit(mean))
        # The gradient of ahead . m / |m| with respect to m; its spread over rows is the error's.
        length = np.linalg.norm(mean)
        if length == 0 or len(weak) == 1:
            return
        gradient = (ahead - self.margin_ * mean / length) / length
        error = float((weak @ gradient).std(ddof=1)) / np.sqrt(len(weak))
        reach = float(norm.isf((1 - self.confidence_level) / 2)) * error
        self.margin_interval_ = (self.margin_ - reach, self.margin_ + reach)

    def predict(self, X: Any) -> np.ndarray:
        """Nearest centroid of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of int, shape (n_samples,)
        """
        check_is_fitted(self)
        X = check_features(self, X, reset=False)
        return np.asarray(self.clusters_.predict(X))


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
