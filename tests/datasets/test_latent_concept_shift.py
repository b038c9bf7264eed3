"""The generator under latent concept shift does what theory §6.1 says, parameter by parameter."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift

EXPERTS = ["gaussian", "poisson", "bernoulli", "multinomial"]
GATES = ["constant", "softmax", "gaussian"]
LIMIT = 4.5  # standard errors; seeds are fixed


def plain_mean(data, prefix, k, x):
    """Mean of expert k at one x, written out by hand."""
    eta = [
        float(np.dot(row, x) + b)
        for row, b in zip(data[f"{prefix}coef"][k], data[f"{prefix}intercept"][k], strict=True)
    ]
    if data.expert == "gaussian":
        return np.array(eta)
    if data.expert == "poisson":
        return np.exp(eta)
    if data.expert == "bernoulli":
        p = 1 / (1 + np.exp(-eta[0]))
        return np.array([1 - p, p])
    return np.exp(eta) / np.exp(eta).sum()


def means_at(data, prefix, rows):
    return np.array([plain_mean(data, prefix, data.concept[i], data.X[i]) for i in rows])


def indicators(data, labels):
    """Labels as columns: one a class, or one an output."""
    if data.n_classes is not None:
        return (labels[:, None] == np.arange(data.n_classes)).astype(float)
    return labels.reshape(labels.shape[0], -1)


def standard_scores(terms):
    """Sums of mean-zero terms over their standard deviations."""
    return terms.sum(axis=0) / np.sqrt(np.square(terms).sum(axis=0) + 1e-300)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("expert", EXPERTS)
def test_labels_have_the_stated_means_within_each_concept(expert, gate):
    """Score equations at the truth: sum x (y - mu) is zero up to noise, strong and weak alike."""
    data = make_latent_concept_shift(
        4000, 4000, n_features=3, expert=expert, gate=gate, weak_drift=0.7, random_state=3
    )
    source = data.sample_domain > 0
    for labels, prefix, domain in (
        (data.y_gold, "", source),
        (data.y_gold, "", ~source),
        (data.y_weak, "source_weak_", source),
        (data.y_weak, "target_weak_", ~source),
    ):
        for k in range(3):
            rows = np.flatnonzero(domain & (data.concept == k))
            residual = indicators(data, labels)[rows] - means_at(data, prefix, rows)
            design = np.column_stack([np.ones(rows.size), data.X[rows]])
            terms = residual[:, :, None] * design[:, None, :]
            assert abs(standard_scores(terms)).max() < LIMIT


def test_the_wrong_weak_experts_are_noticed():
    """The check above has power: a drift of .7 shows when domains are mixed up."""
    data = make_latent_concept_shift(2000, 2000, weak_drift=0.7, random_state=3)
    rows = np.flatnonzero((data.sample_domain < 0) & (data.concept == 2))
    residual = data.y_weak[rows] - means_at(data, "source_weak_", rows)[:, 0]
    design = np.column_stack([np.ones(rows.size), data.X[rows]])
    assert abs(standard_scores(residual[:, None] * design)).max() > 2 * LIMIT


def test_least_squares_within_a_known_concept_recovers_the_gaussian_experts():
    data = make_latent_concept_shift(20_000, 20_000, n_outputs=2, random_state=0)
    source = data.sample_domain > 0
    for labels, prefix, domain in (
        (data.y_gold, "", ~source),
        (data.y_weak, "source_weak_", source),
        (data.y_weak, "target_weak_", ~source),
    ):
        for k in range(3):
            rows = domain & (data.concept == k)
            design = np.column_stack([data.X[rows], np.ones(rows.sum())])
            fitted = np.linalg.lstsq(design, labels[rows], rcond=None)[0]
            np.testing.assert_allclose(fitted[:-1].T, data[f"{prefix}coef"][k], atol=0.05)
            np.testing.assert_allclose(fitted[-1], data[f"{prefix}intercept"][k], atol=0.05)
            spread = (labels[rows] - design @ fitted).std(axis=0)
            np.testing.assert_allclose(spread, data[f"{prefix}scale"][k], rtol=0.05)


@pytest.mark.parametrize("gate", GATES)
def test_gate_probabilities_are_the_formula(gate):
    data = make_latent_concept_shift(20, 20, n_features=4, gate=gate, random_state=5)
    for i in range(0, 40, 7):
        x = data.X[i]
        if gate == "constant":
            g = np.ones(3)
        elif gate == "softmax":
            g = np.exp(data.gate_coef @ x + data.gate_intercept)
        else:
            g = np.array(
                [
                    stats.multivariate_normal(m, c).pdf(x)
                    for m, c in zip(data.gate_mean, data.gate_covariance, strict=True)
                ]
            )
        for domain in ("source", "target"):
            joint = data[f"{domain}_prior"] * g
            np.testing.assert_allclose(data[f"{domain}_gate"][i], joint / joint.sum(), rtol=1e-10)


@pytest.mark.parametrize("gate", GATES)
def test_concepts_follow_the_gate_of_their_domain(gate):
    data = make_latent_concept_shift(20_000, 20_000, gate=gate, random_state=1)
    for domain, rows in (("source", data.sample_domain > 0), ("target", data.sample_domain < 0)):
        hits = data.concept[rows][:, None] == np.arange(3)
        excess = hits - data[f"{domain}_gate"][rows]
        design = np.column_stack([np.ones(rows.sum()), data.X[rows]])
        assert abs(standard_scores(excess[:, :, None] * design[:, None, :])).max() < LIMIT
        np.testing.assert_allclose(data[f"{domain}_frequencies"], hits.mean(axis=0))


@pytest.mark.parametrize("gate", GATES)
def test_x_has_one_distribution_in_both_domains(gate):
    data = make_latent_concept_shift(3000, 3000, gate=gate, random_state=2)
    for part in (data.X[:3000], data.X[3000:]):
        assert min(stats.kstest(column, "norm").pvalue for column in part.T) > 1e-3


@pytest.mark.parametrize("expert", EXPERTS)
def test_strong_and_weak_labels_are_independent_given_x_and_concept(expert):
    data = make_latent_concept_shift(8000, 8000, n_features=2, expert=expert, random_state=4)
    rows = np.arange(16_000)
    strong = indicators(data, data.y_gold) - means_at(data, "", rows)
    weak = indicators(data, data.y_weak) - means_at(data, "source_weak_", rows)
    products = strong[:, :, None] * weak[:, None, :]
    for k in range(3):
        assert abs(standard_scores(products[data.concept == k])).max() < LIMIT


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("expert", EXPERTS)
def test_target_mean_is_the_monte_carlo_mean(expert, gate):
    data = make_latent_concept_shift(
        3, 3, n_features=2, expert=expert, gate=gate, separation=1.0, random_state=7
    )
    expected = data.target_mean if data.n_classes is None else data.target_proba
    rng = np.random.default_rng(0)
    n_draws = 20_000
    for i in range(6):
        concepts = rng.choice(3, size=n_draws, p=data.target_gate[i])
        draws = []
        for k in range(3):
            mean = plain_mean(data, "", k, data.X[i])
            size = (concepts == k).sum()
            if expert == "gaussian":
                draws.append(rng.normal(mean, data.scale[k], (size, 1)))
            elif expert == "poisson":
                draws.append(rng.poisson(mean, (size, 1)))
            else:
                draws.append(rng.multinomial(1, mean, size))
        drawn = np.concatenate(draws)
        error = drawn.std(axis=0) / np.sqrt(n_draws)
        assert (abs(drawn.mean(axis=0) - expected[i]) < LIMIT * error + 1e-12).all()


def test_default_setting_has_the_errors_of_the_consistency_experiment():
    """Theory §6.7: source alone about .9, the weak labels' own limit about .12."""
    data = make_latent_concept_shift(1, 40_000, random_state=0)
    np.testing.assert_allclose(data.source_prior, [0.6, 0.3, 0.1])
    np.testing.assert_allclose(data.target_prior, [0.1, 0.3, 0.6])
    strong = data.X @ data.coef[:, 0].T + data.intercept[:, 0]
    weak = data.X @ data.target_weak_coef[:, 0].T + data.target_weak_intercept[:, 0]
    source_alone = np.mean((strong @ data.source_prior - data.target_mean) ** 2)
    weak_alone = np.mean((weak @ data.target_prior - data.target_mean) ** 2)
    assert source_alone == pytest.approx(1.0, rel=0.05)
    assert weak_alone == pytest.approx(0.25 * (0.1**2 + 0.3**2 + 0.6**2), rel=0.05)


@pytest.mark.parametrize("expert", ["gaussian", "poisson", "bernoulli"])
def test_knobs_are_root_mean_squares(expert):
    data = make_latent_concept_shift(
        5, 5, expert=expert, separation=3.0, weak_shift=0.4, weak_drift=0.2, random_state=8
    )
    joined = {
        prefix: np.concatenate([data[f"{prefix}coef"][:, 0], data[f"{prefix}intercept"]], axis=1)
        for prefix in ("", "source_weak_", "target_weak_")
    }
    distances = [np.linalg.norm(joined[""][j] - joined[""][k]) for j, k in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(distances, 3.0)
    shift = np.linalg.norm(joined["source_weak_"] - joined[""], axis=1)
    drift = np.linalg.norm(joined["target_weak_"] - joined["source_weak_"], axis=1)
    np.testing.assert_allclose(shift, 0.4)
    np.testing.assert_allclose(drift, 0.2)


def test_same_seed_gives_the_same_truth_whatever_the_numbers_of_rows():
    small = make_latent_concept_shift(10, 0, gate="gaussian", random_state=11)
    large = make_latent_concept_shift(300, 500, gate="gaussian", random_state=11)
    other = make_latent_concept_shift(10, 0, gate="gaussian", random_state=12)
    for key in ("coef", "intercept", "target_weak_coef", "gate_mean", "gate_covariance"):
        np.testing.assert_array_equal(small[key], large[key])
        assert not np.array_equal(small[key], other[key])


def test_same_seed_gives_the_same_rows():
    first, second = (make_latent_concept_shift(30, 20, random_state=1) for _ in range(2))
    for key in ("X", "y", "y_weak", "concept"):
        np.testing.assert_array_equal(first[key], second[key])
    state = np.random.RandomState(0)
    assert not np.array_equal(
        make_latent_concept_shift(30, 20, random_state=state).X,
        make_latent_concept_shift(30, 20, random_state=state).X,
    )


@pytest.mark.parametrize("expert", EXPERTS)
def test_fresh_rows_share_the_truth_and_no_row(expert):
    train = make_latent_concept_shift(200, 200, expert=expert, gate="softmax", random_state=6)
    restored = pickle.loads(pickle.dumps(train))
    fresh = sample_latent_concept_shift(restored, 150, 250, random_state=6)
    assert set(fresh) == set(train)
    for key in ("coef", "source_weak_coef", "target_weak_intercept", "gate_coef", "target_prior"):
        np.testing.assert_array_equal(fresh[key], train[key])
    assert np.intersect1d(fresh.X, train.X).size == 0
    again = sample_latent_concept_shift(fresh, 150, 250, random_state=6)
    np.testing.assert_array_equal(again.y_weak, fresh.y_weak)
    assert fresh.sample_domain.tolist() == [1] * 150 + [-1] * 250


@pytest.mark.parametrize("expert", EXPERTS)
def test_strong_labels_are_hidden_in_the_target_only(expert):
    data = make_latent_concept_shift(40, 30, expert=expert, random_state=0)
    np.testing.assert_array_equal(data.y[:40], data.y_gold[:40])
    if expert in ("gaussian", "poisson"):
        assert np.isnan(data.y[40:]).all()
    else:
        assert data.y.dtype.kind == "i"
        assert (data.y[40:] == -1).all()
        assert data.y_gold.min() >= 0
        assert data.y_gold.max() < data.n_classes
    assert np.isfinite(data.y_weak).all()
    assert "y_gold" not in make_latent_concept_shift(4, 3, expert=expert, gold=False)
    assert data.expert in data.DESCR


def test_a_concept_of_target_prior_zero_never_occurs_there():
    data = make_latent_concept_shift(
        500, 500, n_experts=2, target_prior=[0, 1], gate="softmax", random_state=0
    )
    assert data.target_frequencies.tolist() == [0.0, 1.0]
    assert (data.target_gate[:, 0] == 0).all()


@given(
    n_source=st.integers(1, 6),
    n_target=st.integers(1, 6),
    n_features=st.integers(1, 4),
    n_experts=st.integers(1, 5),
    expert=st.sampled_from(EXPERTS),
    gate=st.sampled_from(GATES),
    seed=st.integers(0, 2**31),
)
def test_shapes_and_probabilities(n_source, n_target, n_features, n_experts, expert, gate, seed):
    data = make_latent_concept_shift(
        n_source,
        n_target,
        n_features=n_features,
        n_experts=n_experts,
        expert=expert,
        gate=gate,
        random_state=seed,
    )
    n_samples = n_source + n_target
    n_rows = 3 if expert == "multinomial" else 1
    assert data.X.shape == (n_samples, n_features)
    assert data.coef.shape == (n_experts, n_rows, n_features)
    assert data.intercept.shape == (n_experts, n_rows)
    assert data.y.shape == data.y_weak.shape == data.y_gold.shape == (n_samples,)
    for key in ("source_gate", "target_gate", *(["target_proba"] if data.n_classes else [])):
        assert data[key].min() >= 0
        np.testing.assert_allclose(data[key].sum(axis=1), 1.0)
    if expert == "multinomial":
        assert not data.coef[:, 0].any()
        assert not data.target_weak_intercept[:, 0].any()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n_source": 0}, "n_source must be an integer >= 1, got 0."),
        ({"n_target": 2.5}, "n_target must be an integer >= 0, got 2.5."),
        ({"n_features": 0}, "n_features must be an integer >= 1, got 0."),
        ({"n_experts": True}, "n_experts must be an integer >= 1, got True."),
        ({"n_outputs": "two"}, "n_outputs must be an integer >= 1, got 'two'."),
        (
            {"expert": "gamma"},
            "expert must be one of gaussian, poisson, bernoulli, multinomial; found 'gamma'.",
        ),
        (
            {"gate": None},
            "gate must be one of constant, softmax, gaussian; found None.",
        ),
        (
            {"source_prior": [0.5, 0.5, 0.0]},
            "source_prior must hold 3 probabilities > 0 that sum to 1, got [0.5, 0.5, 0.0].",
        ),
        (
            {"target_prior": [0.5, 0.5]},
            "target_prior must hold 3 probabilities >= 0 that sum to 1, got [0.5, 0.5].",
        ),
        (
            {"target_prior": [0.7, 0.7, -0.4]},
            "target_prior must hold 3 probabilities >= 0 that sum to 1, got [0.7, 0.7, -0.4].",
        ),
        (
            {"target_prior": "uniform"},
            "target_prior must hold 3 probabilities >= 0 that sum to 1, got 'uniform'.",
        ),
        ({"noise": 0}, "noise must be a finite number > 0, got 0."),
        ({"weak_noise": -1.0}, "weak_noise must be a finite number > 0, got -1.0."),
        ({"weak_shift": float("nan")}, "weak_shift must be a finite number >= 0, got nan."),
        ({"weak_drift": float("inf")}, "weak_drift must be a finite number >= 0, got inf."),
        ({"separation": 0.0}, "separation must be a finite number > 0, got 0.0."),
        ({"gate_scale": None}, "gate_scale must be a finite number >= 0, got None."),
        ({"n_classes": 2}, "n_classes must be None for expert='gaussian', got 2."),
        (
            {"expert": "bernoulli", "n_classes": 3},
            "n_classes must be 2 or None for expert='bernoulli', got 3.",
        ),
        (
            {"expert": "multinomial", "n_classes": 1},
            "n_classes must be an integer >= 2, got 1.",
        ),
        (
            {"expert": "multinomial", "n_outputs": 2},
            "n_outputs must be 1 for expert='multinomial', got 2.",
        ),
    ],
)
def test_bad_input_gets_one_sentence(arguments, sentence):
    with pytest.raises(ValueError) as caught:
        make_latent_concept_shift(**arguments)
    assert str(caught.value) == sentence


def test_poisson_means_beyond_counting_are_refused():
    with pytest.raises(ValueError, match=r"needs mean counts of at most 1e\+09"):
        make_latent_concept_shift(expert="poisson", separation=100.0, random_state=0)


def test_fresh_rows_need_a_truth():
    with pytest.raises(ValueError, match="truth must be what make_latent_concept_shift returned"):
        sample_latent_concept_shift(np.zeros(3))
    with pytest.raises(ValueError, match="but it lacks expert, gate"):
        sample_latent_concept_shift({"coef": np.zeros((1, 1, 1))})
    truth = make_latent_concept_shift(3, 3, random_state=0)
    with pytest.raises(ValueError, match="n_target must be an integer >= 0"):
        sample_latent_concept_shift(truth, n_target=-1)
