"""Assignments against enumeration; the margin's error against repeated samples (theory 6.3)."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import ConceptDeconvolutionRegressor
from w2s_stats.transfer._matching import margin_of, match_experts, parameter_cost, prediction_cost

costs = st.integers(1, 5).flatmap(
    lambda k: arrays(float, (k, k), elements=st.floats(0, 100, width=32))
)


def total(cost, order):
    return sum(cost[k, j] for k, j in enumerate(order))


@given(costs)
def test_optimal_assignment_and_runner_up_by_enumeration(cost):
    found = match_experts(cost)
    ranked = sorted(total(cost, order) for order in permutations(range(len(cost))))
    assert sorted(found.assignment) == list(range(len(cost)))
    assert found.total == pytest.approx(ranked[0])
    assert total(cost, found.assignment) == pytest.approx(ranked[0])
    if len(cost) == 1:
        assert found.runner_up == np.inf
    else:
        assert found.runner_up == pytest.approx(ranked[1])


@given(costs)
def test_margins_by_enumeration(cost):
    for matching in ("optimal", "nearest"):
        found = match_experts(cost, matching)
        k = range(len(cost))
        others = [cost[i, j] for i in k for j in k if j != found.assignment[i]]
        chosen = [cost[i, found.assignment[i]] for i in k]
        assert found.margin == min(others, default=np.inf) - max(chosen)
        assert found.margin == margin_of(cost, found.assignment)
        for i in k:
            rest = [cost[i, j] for j in k if j != found.assignment[i]]
            assert found.row_margins[i] == min(rest, default=np.inf) - chosen[i]


@given(costs)
def test_nearest_takes_every_rows_least_cost(cost):
    found = match_experts(cost, "nearest")
    assert found.total == pytest.approx(cost.min(axis=1).sum())
    assert found.runner_up >= found.total
    assert found.total <= match_experts(cost).total + 1e-9


@given(costs, st.randoms(use_true_random=False))
def test_relabelling_the_target_relabels_the_assignment(cost, random):
    order = list(range(len(cost)))
    random.shuffle(order)
    there, here = match_experts(cost[:, order]), match_experts(cost)
    assert there.total == pytest.approx(here.total)
    assert there.runner_up == pytest.approx(here.runner_up)


def test_one_expert_taken_twice():
    found = match_experts(np.array([[1.0, 3.0], [0.5, 2.0]]), "nearest")
    assert found.assignment.tolist() == [0, 0]
    assert found.row_margins.tolist() == [2.0, 1.5]
    assert found.runner_up == 3.0


def test_costs_written_out():
    random = np.random.default_rng(0)
    a, b, weight = random.random((3, 2, 7)), random.random((3, 2, 7)), random.random(7)
    cost = prediction_cost(a, b, weight)
    for k in range(3):
        for j in range(3):
            each = [((a[k, :, i] - b[j, :, i]) ** 2).sum() for i in range(7)]
            assert cost[k, j] == pytest.approx(np.dot(weight, each) / weight.sum())
            assert parameter_cost(a, b)[k, j] == pytest.approx(((a[k] - b[j]) ** 2).sum())


def test_the_margins_error_is_its_spread_over_samples():
    """By parameters: costs of predictions vary with the x of the sample as well."""
    truth = make_latent_concept_shift(1, 1, n_features=2, n_experts=2, random_state=5)
    margins, errors = [], []
    for seed in range(24):
        data = sample_latent_concept_shift(truth, 400, 400, random_state=seed)
        source_model = MixtureOfExpertsRegressor(2, n_init=1, tol=1e-6)
        model = ConceptDeconvolutionRegressor(source_model, distance="parameters", random_state=0)
        model.fit(data.X, data.y, y_weak=data.y_weak, sample_domain=data.sample_domain)
        margins.append(model.margin_)
        errors.append(model.margin_error_)
    assert 0.65 < np.mean(errors) / np.std(margins, ddof=1) < 1.5
