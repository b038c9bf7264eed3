"""Mixtures fitted to CuPy arrays: the CPU's numbers, with the data staying where they are.

Without a GPU the arrays are `cupy_on_numpy`'s, which keep CuPy's manners, and the kernels run in
the emulator.
"""

import inspect
import sys

import numpy as np
import pytest

from tests.gpu import cupy_on_numpy
from tests.gpu.emulator import COMPILER
from tests.laws.mixtures import ALL_GATES
from tests.laws.test_backends_agree import ALONE, BLOCKS, labels, tied_to
from tests.mixture.models import example
from w2s_kernels import gpu
from w2s_kernels.gpu import _compile
from w2s_stats import _validation
from w2s_stats.em import _tiles, measure
from w2s_stats.mixture import (
    MixtureOfExpertsClassifier,
    MixtureOfExpertsRegressor,
    select_n_experts,
)
from w2s_stats.mixture._model import Model, build
from w2s_stats.transfer import WeakTrainingRegressor

FITTED = (
    *("coef_", "intercept_", "weights_", "gate_coef_", "gate_intercept_", "covariance_"),
    *("covariance_robust_", "lower_bound_"),
)
MODELS = [
    *((("gaussian",), gate) for gate in ALL_GATES),
    *((("poisson",), gate) for gate in ("constant", "softmax")),
    *(((family,), "softmax") for family in ("bernoulli", "multinomial")),
    (("gaussian", "poisson", "gaussian"), "softmax"),
]


def drawn(families, gate, n=240):
    """Rows of an example, with gaps, and weights."""
    rng = np.random.default_rng(0)
    model, params = example(families, "gaussian" if gate == "gaussian-joint" else gate)
    X = rng.normal(size=(n, 2))
    Y = model.draw(params, X, rng)
    if families[0] not in ("bernoulli", "multinomial"):
        Y[rng.random(Y.shape) < 0.1] = np.nan
    estimator = model.estimator(n_init=1, init="kmeans", tol=1e-12).set_params(gate=gate)
    return estimator, X, model.labels(Y), rng.uniform(0.5, 2.0, size=n)


def close(found, expected, rtol=1e-8):
    assert isinstance(found, np.ndarray | float)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * (1 + np.abs(expected).max()))


@pytest.mark.parametrize(("families", "gate"), MODELS)
def test_a_fit_is_the_cpus(families, gate, cupy):
    estimator, X, y, weight = drawn(families, gate)
    here = estimator.fit(X, y, sample_weight=weight)
    expected = {name: getattr(here, name) for name in FITTED if getattr(here, name) is not None}
    rows = here.predict(X), here.gate_proba(X), here.responsibilities(X, y), here.log_prob(X, y)
    criteria = here.score(X, y), here.bic(X, y, weight), here.icl(X, y)

    X, y, weight = (cupy.asarray(a) for a in (X, y, weight))
    there = estimator.fit(X, y, sample_weight=weight)
    for name, value in expected.items():
        if np.size(value):
            close(getattr(there, name), value)
    close(there.score(X, y), criteria[0])
    close(there.bic(X, y, weight), criteria[1])
    close(there.icl(X, y), criteria[2])
    predicted, *on_device = (
        there.predict(X),
        there.gate_proba(X),
        there.responsibilities(X, y),
        there.log_prob(X, y),
    )
    if isinstance(there, MixtureOfExpertsClassifier):
        np.testing.assert_array_equal(predicted, rows[0])  # labels are NumPy's: they may be text
        close(there.predict_proba(X).get(), estimator.predict_proba(X.get()))
    else:
        on_device = [predicted, *on_device]
        close(predicted.get(), rows[0])
    assert all(isinstance(a, cupy.ndarray) for a in on_device)
    for found, value in zip(on_device[-3:], rows[1:], strict=True):
        close(found.get(), value)
    drawn_y, expert = there.sample(X, random_state=0)
    assert len(drawn_y) == len(expert) == len(X)


@pytest.mark.parametrize("gate", ["constant", "softmax"])
def test_random_starts_are_the_same_on_both_sides(gate, cupy, monkeypatch):
    monkeypatch.setattr("w2s_stats.mixture._fit.candidates_per_run", lambda mixture: 3)
    estimator, X, y, _ = drawn(("gaussian",), gate, n=60)
    estimator.set_params(init="random", n_init=2, tol=1e-6)
    here = estimator.fit(X, y)
    expected = here.start_lower_bounds_, here.coef_, here.n_iter_
    there = estimator.fit(cupy.asarray(X), cupy.asarray(y))
    close(there.start_lower_bounds_, expected[0])
    close(there.coef_, expected[1])
    assert there.n_iter_ == expected[2]


@pytest.mark.parametrize("gate", [*ALL_GATES, "tied"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("blocks", [BLOCKS, ALONE], ids=["three blocks", "gaussian"])
def test_one_pass_and_the_information(gate, fit_intercept, blocks, cupy):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(1.0, 2.0, size=(300, 2)), labels(rng, 300)[:, : blocks[-1].stop]
    weight = rng.uniform(0.0, 2.0, size=300)
    model = Model(3, blocks, gate, fit_intercept, gate_penalty=0.3)
    if gate == "tied":
        model = Model(3, blocks, "softmax", fit_intercept, tied_to=tied_to(rng))
    gaussian = np.array([True, True, False, False, False])[: Y.shape[1]]
    start = np.ascontiguousarray(rng.dirichlet(np.ones(3), size=300).T)
    results = []
    for put in (np.asarray, cupy.asarray):
        data = put(X), put(Y), put(weight)
        coordinates = measure(*data, center=fit_intercept, standardise=gaussian)
        mixture = build(model, *data, coordinates)
        theta = mixture.start(lambda number, put=put: put(start))
        step = mixture.evaluate(theta)
        information = [] if gate == "gaussian-joint" else mixture.information(theta)
        results.append([theta, step.objective, step.proposal, step.info, *information])
    for found, expected in zip(*reversed(results), strict=True):
        close(found, expected)


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler (g++), which the emulator needs")
def test_a_pass_copies_its_sums_and_nothing_else(monkeypatch):
    modules = cupy_on_numpy.modules()
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(_compile, "device", cupy_on_numpy.StandIn(modules["cupy"]))
    monkeypatch.setattr(
        _validation._rows, "_CHUNK", 16
    )  # rows that are compared to find distinct ones
    copied, moved = [], []
    get, asarray = cupy_on_numpy.Array.get, cupy_on_numpy.asarray

    def counted_get(self):
        copied.append(self.size)
        return get(self)

    def counted_asarray(a, *args, **kwargs):
        if not isinstance(a, cupy_on_numpy.Array):
            moved.append(np.size(a))
        return asarray(a, *args, **kwargs)

    _, X, y, _ = drawn(("gaussian",), "softmax", n=240)
    y = np.nan_to_num(y)
    X, Y = (asarray(a) for a in (X, y.reshape(-1, 1)))
    monkeypatch.setattr(cupy_on_numpy.Array, "get", counted_get)
    monkeypatch.setattr(modules["cupy"], "asarray", counted_asarray)
    coordinates = measure(X, Y, None, center=True, standardise=np.array([True]))
    mixture = build(Model(3, ALONE[:1], "softmax"), X, Y[:, [0, 0]], None, coordinates)
    theta = mixture.start(lambda number: asarray(np.full((3, 240), 1 / 3)))
    copied.clear(), moved.clear()
    mixture.evaluate(theta)
    n_sums = 1 + (9 + 81) + (27 + 18 + 6 + 3)
    assert copied == [n_sums]
    assert sum(moved) == theta.size
    # In a whole fit, too, nothing as long as the data comes back or goes there.
    copied.clear(), moved.clear()
    estimator = MixtureOfExpertsRegressor(2, n_init=1, random_state=0)
    monkeypatch.setattr("w2s_stats.mixture._fit.candidates_per_run", lambda mixture: 2)
    estimator.fit(X, asarray(y))
    assert max(copied) < 240
    assert max(moved) < 240


@pytest.mark.filterwarnings("ignore:EM has not converged")
def test_many_tiles_and_nothing_kept(cupy, monkeypatch):
    estimator, X, y, weight = drawn(("gaussian", "poisson"), "gaussian", n=1100)
    estimator.set_params(max_iter=10)
    arrays = [cupy.asarray(a) for a in (X, y, weight)]
    one = estimator.fit(*arrays).coef_
    monkeypatch.setattr(_tiles, "_GPU_TILE_BYTES", 1)  # tiles of the least length, 512 rows
    monkeypatch.setattr(_tiles, "_GPU_KEEP_BYTES", 0)
    monkeypatch.setattr(_tiles, "_GPU_STRIP", 100)
    close(estimator.fit(*arrays).coef_, one)


def test_a_fit_repeats_to_the_last_bit(cupy):
    estimator, X, y, _ = drawn(("gaussian",), "softmax")
    X, y = cupy.asarray(X), cupy.asarray(y)
    first = estimator.fit(X, y).coef_
    np.testing.assert_array_equal(estimator.fit(X, y).coef_, first)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.float16])
def test_other_types_of_numbers(dtype, cupy):
    estimator, X, y, _ = drawn(("gaussian",), "constant")
    X = np.round(4 * X).astype(dtype)
    expected = estimator.fit(X, y).coef_
    close(estimator.fit(cupy.asarray(X), cupy.asarray(y.astype(np.float32))).coef_, expected, 1e-5)


def test_labels_and_weights_may_lie_on_the_other_side(cupy):
    estimator, X, y, weight = drawn(("bernoulli",), "constant")
    text = np.array(["no", "yes"])[y]
    expected = estimator.fit(X, text, sample_weight=weight).coef_
    there = estimator.fit(cupy.asarray(X), text, sample_weight=weight)
    close(there.coef_, expected)
    assert set(there.predict(cupy.asarray(X))) == {"no", "yes"}
    estimator, X, y, weight = drawn(("gaussian",), "constant")
    expected = estimator.fit(X, y, sample_weight=weight).coef_
    for one, two, three in ((cupy, np, np), (np, cupy, cupy), (np, np, cupy)):
        arrays = one.asarray(X), two.asarray(y), three.asarray(weight)
        close(estimator.fit(*arrays).coef_, expected)
        close(np.asarray(estimator.bic(*arrays)), estimator.bic(X, y, weight))


def bad_inputs():
    def change(array, at, value):
        array = array.copy()
        array[at] = value
        return array

    _, X, y, w = drawn(("gaussian",), "constant", n=20)
    y = np.nan_to_num(y)
    gaussian, poisson = (MixtureOfExpertsRegressor(expert=e) for e in ("gaussian", "poisson"))
    yield "NaN in X", gaussian, (change(X, (3, 1), np.nan), y)
    yield "infinity in X", gaussian, (change(X, (3, 1), np.inf), y)
    yield "one dimension", gaussian, (X[:, 0], y)
    yield "no rows", gaussian, (X[:0], y[:0])
    yield "complex", gaussian, (X + 1j, y)
    yield "infinity in y", gaussian, (X, change(y, 7, -np.inf))
    yield "no label", gaussian, (X, np.full(20, np.nan))
    yield "three dimensions", gaussian, (X, np.zeros((20, 1, 1)))
    yield "too few labels", gaussian, (X, y[:-1])
    yield "one row", gaussian, (X[:1], y[:1])
    yield "equal rows", gaussian, (np.ones((20, 2)), np.ones(20))
    yield "no counts", poisson, (X, np.abs(y))
    yield "negative counts", poisson, (X, np.arange(20.0) - 1)
    yield "negative weight", gaussian, (X, y, change(w, 4, -0.5))
    yield "no weight", gaussian, (X, y, 0 * w)
    yield "NaN in weights", gaussian, (X, y, change(w, 4, np.nan))
    yield "too few weights", gaussian, (X, y, w[:-1])
    yield "one class", MixtureOfExpertsClassifier(), (X, np.zeros(20, dtype=int))
    yield "no classes", MixtureOfExpertsClassifier(), (X, y)


@pytest.mark.parametrize(
    ("estimator", "arrays"),
    [case[1:] for case in bad_inputs()],
    ids=[case[0] for case in bad_inputs()],
)
@pytest.mark.filterwarnings("ignore:X ")
def test_bad_input_gets_the_cpus_sentence(estimator, arrays, cupy):
    with pytest.raises((ValueError, TypeError)) as here:
        estimator.fit(*arrays)
    with pytest.raises(type(here.value)) as there:
        estimator.fit(*(cupy.asarray(a) for a in arrays))
    assert str(there.value) == str(here.value)
    assert not hasattr(estimator, "coef_")


def test_who_takes_no_arrays_of_cupys_says_so(cupy):
    _, X, y, _ = drawn(("gaussian",), "constant", n=20)
    with pytest.raises(TypeError, match=r"X must be a NumPy array here; found one of CuPy's: take"):
        WeakTrainingRegressor().fit(cupy.asarray(X), cupy.asarray(y))


@pytest.mark.parametrize(
    ("families", "gate"), [(("gaussian",), "softmax"), (("bernoulli",), "constant")]
)
def test_arrays_on_another_gpu_are_computed_there(families, gate, second_gpu):
    estimator, X, y, weight = drawn(families, gate)
    expected = estimator.fit(X, y, sample_weight=weight).coef_
    here = estimator.log_prob(X, y)
    with second_gpu:
        arrays = [sys.modules["cupy"].asarray(a) for a in (X, y, weight)]
    assert arrays[0].device.id == 1
    X, y, weight = arrays
    estimator.fit(X, y, sample_weight=weight)  # while GPU 0 is the current one
    close(estimator.coef_, expected)
    rows = estimator.log_prob(X, y), estimator.responsibilities(X, y), estimator.gate_proba(X)
    assert all(a.device.id == 1 for a in rows)
    close(rows[0].get(), here)
    estimator.predict(X), estimator.sample(X, random_state=0), estimator.score(X, y)
    estimator.aic(X, y), estimator.bic(X, y, weight), estimator.icl(X, y, weight)


def test_more_features_than_a_block_holds(cupy, monkeypatch):
    monkeypatch.setattr(gpu, "MOST_FEATURES", 3)
    estimator, X, y, _ = drawn(("gaussian",), "gaussian", n=60)
    with pytest.raises(ValueError, match=r"^X must have at most 2 features .*; found 5\.$"):
        estimator.fit(cupy.asarray(X), cupy.asarray(y))
    assert not hasattr(estimator, "coef_")
    estimator.fit(X, y)


def test_another_number_of_features(cupy):
    estimator, X, y, _ = drawn(("gaussian",), "constant")
    estimator.fit(X, y)
    with pytest.raises(ValueError, match="X has 1 features") as here:
        estimator.predict(X[:, :1])
    with pytest.raises(ValueError, match="X has 1 features") as there:
        estimator.predict(cupy.asarray(X[:, :1]))
    assert str(there.value) == str(here.value)


def test_criteria_and_summary_of_a_fit_on_the_device(cupy):
    estimator, X, y, _ = drawn(("gaussian",), "constant")
    here = select_n_experts(estimator, X, y, n_experts=[1, 2])
    there = select_n_experts(estimator, cupy.asarray(X), cupy.asarray(y), n_experts=[1, 2])
    assert str(there) == str(here)
    assert str(there.best_estimator_.summary()) == str(here.best_estimator_.summary())


def test_a_fit_of_either_side_predicts_on_the_other(cupy):
    estimator, X, y, _ = drawn(("gaussian", "poisson"), "softmax")
    there = cupy.asarray(X), cupy.asarray(y)
    estimator.fit(*there)
    close(estimator.predict(X), estimator.predict(there[0]).get(), 1e-12)
    close(estimator.log_prob(X, y), estimator.log_prob(*there).get(), 1e-12)


# --- what stands in for CuPy has nothing that CuPy has not --------------------------------------


def test_names_are_cupys():
    cupy = pytest.importorskip("cupy")
    special = pytest.importorskip("cupyx.scipy.special")
    assert callable(special.gammaln)
    for name in (*cupy_on_numpy.CREATION, *cupy_on_numpy.FUNCTIONS, *cupy_on_numpy.UFUNCS):
        assert callable(getattr(cupy, name)), name
    for name in (*cupy_on_numpy.METHODS, "get", "dtype", "shape", "ndim", "size", "T"):
        assert hasattr(cupy.ndarray, name), name
    for ours in (cupy_on_numpy.asarray, cupy_on_numpy.ascontiguousarray):
        theirs = inspect.signature(getattr(cupy, ours.__name__)).parameters
        assert set(inspect.signature(ours).parameters) <= set(theirs), ours.__name__


def test_manners_are_cupys():
    array = cupy_on_numpy.asarray(np.arange(3.0))
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(array)
    with pytest.raises(TypeError, match="Implicit conversion"):
        array + np.ones(3)
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.ones((3, 3)) @ array
    with pytest.raises(TypeError, match="Implicit conversion"):
        array[:] = np.ones(3)
    assert isinstance(array.sum(), cupy_on_numpy.Array)
    assert isinstance(array[0], cupy_on_numpy.Array)
