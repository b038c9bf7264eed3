"""Algorithm 1 is consistent under a shift of concepts, and the baselines are not (theory 6.7)."""

import json

import numpy as np
import pytest

from w2s_stats.experiments import ConsistencyResult, consistency_experiment
from w2s_stats.experiments.consistency import STRATEGIES


@pytest.fixture(scope="module")
def result():
    """A small run that shows the rate, with the calls of its progress."""
    calls = []
    found = consistency_experiment(
        (300, 1000, 4000),
        n_replicates=3,
        slope_from=300,
        n_init=1,
        random_state=0,
        progress=lambda *call: calls.append(call),
    )
    return found, calls


def slope(result, strategy):
    return result.slopes[result.strategies.index(strategy)]


@pytest.mark.slow
def test_deconvolution_falls_like_one_over_n(result):
    assert slope(result[0], "concept deconvolution") <= -0.8
    assert slope(result[0], "oracle") <= -0.8


@pytest.mark.parametrize(
    "strategy", ["label refinement", "weak training", "weak labels alone", "source only"]
)
@pytest.mark.slow
def test_the_others_level_off(result, strategy):
    found = result[0]
    assert found.last_slopes[found.strategies.index(strategy)] > -0.5


@pytest.mark.slow
def test_deconvolution_is_best_of_what_one_can_have(result):
    last = dict(zip(result[0].strategies, result[0].mean_errors[:, -1], strict=True))
    ours = last.pop("concept deconvolution")
    last.pop("oracle")
    assert ours < 0.002 and ours < 0.1 * min(last.values())
    assert last["label refinement"] < 0.5 * last["weak training"]


@pytest.mark.slow
def test_progress_counts_every_fit(result):
    found, calls = result
    total = found.errors.size
    assert [(done, of) for _, done, of in calls] == [(i + 1, total) for i in range(total)]
    assert calls[-1][0] == "oracle, n = 4000"


@pytest.mark.slow
def test_a_softmax_gate():
    found = consistency_experiment(
        (500, 4000),
        n_replicates=2,
        gate="softmax",
        strategies=["concept deconvolution", "weak training"],
        slope_from=500,
        n_init=1,
        random_state=0,
    )
    assert slope(found, "concept deconvolution") <= -0.8
    assert slope(found, "weak training") > -0.5


def test_the_same_seed_gives_the_same_numbers():
    settings = {"n_replicates": 1, "strategies": ["source only", "oracle"]}
    first = consistency_experiment((60, 120), random_state=3, **settings)
    again = consistency_experiment((120, 60), random_state=3, **settings)
    np.testing.assert_array_equal(first.errors, again.errors)
    other = consistency_experiment((60, 120), random_state=4, **settings)
    assert (first.errors != other.errors).all()


def exact(slopes, n_replicates, noise=0.0):
    sizes = np.array([100, 1000, 10_000])
    errors = sizes[None, :, None] ** np.array(slopes)[:, None, None] * np.ones(n_replicates)
    errors *= 1 + noise * np.linspace(-1, 1, n_replicates)
    return ConsistencyResult(sizes, tuple("abc"[: len(slopes)]), errors, slope_from=100)


def test_slopes_and_intervals_of_exact_power_laws():
    found = exact([-1.0, -0.6, 0.0], 3)
    np.testing.assert_allclose(found.slopes, [-1.0, -0.6, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.slope_intervals, found.slopes[:, None] * [1, 1], atol=1e-12)
    assert found.readings == ["falls about like 1/n", "falls slowly", "levels off"]


def test_what_cannot_be_told_is_not():
    sizes, errors = np.array([10, 100]), np.array([[[1.0, 1.0], [0.3, 0.03]]])
    found = ConsistencyResult(sizes, ("a",), errors, slope_from=10)
    assert found.readings == ["needs more replicates"]


def test_the_interval_is_of_the_replicates_own_slopes():
    sizes = np.array([10, 100])
    own = np.array([-0.9, -1.0, -1.1])
    errors = np.stack([np.ones(3), 10.0**own])[None]
    found = ConsistencyResult(sizes, ("a",), errors, slope_from=10)
    half = 4.302652729749462 * 0.1 / np.sqrt(3)  # t quantile with two degrees of freedom
    np.testing.assert_allclose(found.slope_intervals, [[-1 - half, -1 + half]])


def test_sizes_below_slope_from_do_not_count():
    errors = np.array([[[9.0], [1.0], [0.1]]])
    found = ConsistencyResult(np.array([10, 1000, 10_000]), ("a",), errors)
    np.testing.assert_allclose(found.slopes, [-1.0])
    # With one size left, all count.
    all_sizes = ConsistencyResult(np.array([10, 100, 1000]), ("a",), errors)
    assert all_sizes.to_dict()["slope_from"] == 10


def test_with_one_replicate_what_is_unknown_is_null():
    content = json.loads(json.dumps(exact([-1.0], 1).to_dict(), allow_nan=False))
    (row,) = content["strategies"]
    assert row["standard_errors"] == [None] * 3
    assert row["slope_lower"] is None and row["slope_upper"] is None
    assert content["seconds"] is None


def test_frame():
    pytest.importorskip("pandas")
    frame = exact([-1.0, 0.0], 3, noise=0.1).to_frame()
    assert frame.loc[("b", 1000), "error"] == pytest.approx(1.0)
    assert frame.shape == (6, 2)
    assert frame["std err"].gt(0).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sizes": (300,)}, "sizes must be at least two different whole numbers"),
        ({"sizes": (300, 300)}, "sizes must be at least two different whole numbers"),
        ({"sizes": (10, 300)}, "each 50 or more; found"),
        ({"n_replicates": 0}, "n_replicates must be 1 or more, found 0"),
        ({"gate": "door"}, "gate must be one of constant, softmax; found 'door'"),
        ({"strategies": ["luck"]}, "strategies must be some of .* found 'luck'"),
        ({"strategies": []}, "strategies must be some of .* found none"),
        ({"confidence_level": 95}, "confidence_level must be between 0 and 1, found 95"),
        ({"n_experts": 0}, "n_experts"),
    ],
)
def test_bad_arguments(arguments, words):
    with pytest.raises(ValueError, match=words):
        consistency_experiment(**{"sizes": (60, 120), "n_replicates": 1, **arguments})


def test_names_of_the_strategies():
    assert STRATEGIES[0] == "concept deconvolution" and len(set(STRATEGIES)) == 6
