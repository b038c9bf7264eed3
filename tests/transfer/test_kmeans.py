"""Clusters of the source's outputs, and the one that the weak outputs point to (theory 6.9)."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from w2s_stats.transfer import KMeansConceptAssigner


@parametrize_with_checks([KMeansConceptAssigner(random_state=0)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def make_outputs(n_weak=40, toward=(0.0, 2.0, 0.0), seed=0):
    """Three clusters around 5 e_k, and weak outputs around `toward`."""
    random = np.random.default_rng(seed)
    concept = np.repeat([0, 1, 2], 60)
    source = 5.0 * np.eye(3)[concept] + random.normal(size=(180, 3))
    weak = np.asarray(toward) + random.normal(size=(n_weak, 3))
    return np.concatenate([source, weak]), np.repeat([1, -1], [180, n_weak]), concept


def test_the_concept_of_the_weak_outputs_is_found():
    X, domain, concept = make_outputs()
    model = KMeansConceptAssigner(3, random_state=0).fit(X, sample_domain=domain)
    np.testing.assert_array_equal(model.concept_rows_, np.flatnonzero(concept == 1))
    assert model.labels_.shape == (220,)
    assert model.concept_ == model.labels_[60]
    np.testing.assert_array_equal(model.predict(X), model.labels_)
    low, high = model.margin_interval_
    assert 0 < low < model.margin_ < high


def test_it_is_kmeans_and_the_largest_cosine():
    X, domain, _ = make_outputs()
    model = KMeansConceptAssigner(3, n_init=4, random_state=1).fit(X, sample_domain=domain)
    plain = KMeans(3, n_init=4, random_state=1).fit(X[:180])
    np.testing.assert_allclose(model.cluster_centers_, plain.cluster_centers_)
    np.testing.assert_array_equal(model.labels_[:180], plain.labels_)
    mean = X[180:].mean(axis=0)
    cosine = plain.cluster_centers_ @ mean
    cosine /= np.linalg.norm(plain.cluster_centers_, axis=1) * np.linalg.norm(mean)
    np.testing.assert_allclose(model.similarity_, cosine)
    assert model.concept_ == cosine.argmax()
    assert model.margin_ == pytest.approx(np.subtract(*np.sort(cosine)[:-3:-1]))
    assert model.inertia_ == pytest.approx(plain.inertia_)


def test_rows_in_any_order():
    X, domain, concept = make_outputs()
    order = np.random.default_rng(3).permutation(len(X))
    model = KMeansConceptAssigner(3, random_state=0).fit(X[order], sample_domain=domain[order])
    np.testing.assert_array_equal(np.sort(order[model.concept_rows_]), np.flatnonzero(concept == 1))


def test_the_margin_interval_covers():
    """The delta method's interval holds the margin of a large sample nineteen times in twenty."""
    toward = (1.0, 1.4, 0.2)
    X, domain, _ = make_outputs(n_weak=200_000, toward=toward)
    large = KMeansConceptAssigner(3, n_init=1, random_state=0).fit(X, sample_domain=domain)
    random = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        # The same clusters, fresh weak outputs.
        weak = toward + random.normal(size=(60, 3))
        fresh = KMeansConceptAssigner(3)
        fresh._set_concept(large.cluster_centers_, weak)
        if fresh.concept_ == large.concept_:
            hits += fresh.margin_interval_[0] <= large.margin_ <= fresh.margin_interval_[1]
    assert 0.91 <= hits / 300 <= 0.985


def test_without_weak_outputs_there_are_clusters_only():
    X, domain, _ = make_outputs()
    model = KMeansConceptAssigner(3, random_state=0).fit(X[domain > 0])
    assert model.concept_ == -1 and len(model.concept_rows_) == 0
    assert np.isnan(model.margin_) and np.isnan(model.similarity_).all()


def test_one_concept_and_one_weak_output():
    X, domain, _ = make_outputs(n_weak=1)
    one = KMeansConceptAssigner(1, random_state=0).fit(X, sample_domain=domain)
    assert one.concept_ == 0 and np.isnan(one.margin_)
    np.testing.assert_array_equal(one.concept_rows_, np.arange(180))
    three = KMeansConceptAssigner(3, random_state=0).fit(X, sample_domain=domain)
    assert np.isfinite(three.margin_) and np.isnan(three.margin_interval_).all()


def test_a_mean_of_length_zero_points_nowhere():
    X, _, _ = make_outputs()
    X, domain = np.concatenate([X[:180], np.zeros((5, 3))]), np.repeat([1, -1], [180, 5])
    model = KMeansConceptAssigner(3, random_state=0).fit(X, sample_domain=domain)
    np.testing.assert_array_equal(model.similarity_, 0.0)
    assert model.margin_ == 0.0


@pytest.mark.parametrize("routing", [False, True])
def test_behind_a_scaler(routing):
    X, domain, concept = make_outputs()
    pipeline = make_pipeline(
        StandardScaler(with_mean=False), KMeansConceptAssigner(3, random_state=0)
    )
    name = "sample_domain" if routing else "kmeansconceptassigner__sample_domain"
    with sklearn.config_context(enable_metadata_routing=routing):
        pipeline.fit(X, **{name: domain})
    np.testing.assert_array_equal(pipeline[-1].concept_rows_, np.flatnonzero(concept == 1))


@pytest.mark.parametrize(
    ("X", "domain", "said"),
    [
        (np.ones((9, 2)), None, r"n_concepts=3 needs.*n_samples=9 with 1 distinct"),
        (np.eye(4), [-1, -1, -1, -1], "sample_domain must mark at least one source row"),
        (np.eye(4), [1, 1, 1], r"sample_domain must have one integer for each of the 4 rows"),
        (np.eye(4), [1, 1, 0.5, -1], r"sample_domain must hold integers"),
        (np.full((4, 2), np.nan), None, "X must hold finite numbers; found NaN in row 0, column 0"),
    ],
)
def test_bad_input_is_told(X, domain, said):
    model = KMeansConceptAssigner(3)
    with pytest.raises(ValueError, match=said):
        model.fit(X, sample_domain=domain)
    assert not hasattr(model, "labels_")
