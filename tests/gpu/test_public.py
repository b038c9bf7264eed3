"""Public functions of CuPy arrays beside KL: the CPU's numbers, and its words."""

import sys

import numpy as np
import pytest

from tests.gpu.conftest import no_gpu
from w2s_stats import calibration, divergences
from w2s_stats.bounds import misfit_gain_tasks
from w2s_stats.calibration import expected_calibration_error, marginal_calibration_error
from w2s_stats.divergences import kl_divergence, output_kl_divergence, squared_distance


def outputs(n=500, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.lognormal(size=n).astype(dtype) for _ in range(2)]


def weights(n=500):
    weight = np.random.default_rng(7).random(n)
    weight[::5] = 0.0
    return weight


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("normalize", ["sum", "softmax"])
def test_output_kl(cupy, normalize, weighted, dtype):
    f, g = (np.ceil(a) if dtype == "int64" else a for a in outputs())
    f, g, weight = f.astype(dtype), g.astype(dtype), weights() if weighted else None
    rtol = 3e-6 if dtype == "float32" else 1e-9  # the CPU's terms are of that type
    expected = output_kl_divergence(f, g, normalize=normalize, sample_weight=weight)
    there = cupy.asarray(f), cupy.asarray(g)
    for given in (weight, None if weight is None else cupy.asarray(weight)):
        found = output_kl_divergence(*there, normalize=normalize, sample_weight=given)
        assert isinstance(found, float)
        assert found == pytest.approx(expected, rel=rtol)


def test_output_kl_of_one_column_and_of_totals_far_apart(cupy):
    f, g = outputs()
    there = cupy.asarray(f[:, None]), cupy.asarray(1e9 * f * (1 + 1e-6 * np.sin(g)))
    expected = output_kl_divergence(f, 1e9 * f * (1 + 1e-6 * np.sin(g)))
    assert output_kl_divergence(*there) == pytest.approx(expected, rel=1e-6)
    huge = 1e298 * f, 1e298 * g  # whose sums are beyond what is added up as it is
    found = output_kl_divergence(*(cupy.asarray(a) for a in huge))
    assert found == pytest.approx(output_kl_divergence(*huge), rel=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(500,), (500, 3)])
def test_squared_distance(cupy, shape, dtype):
    f, g = np.random.default_rng(0).normal(size=(2, *shape)).astype(dtype)
    there, rtol = (cupy.asarray(f), cupy.asarray(g)), 1e-6 if dtype == "float32" else 1e-12
    for weight in (None, weights()):
        expected = squared_distance(f, g, sample_weight=weight)
        found = squared_distance(*there, sample_weight=weight)
        assert isinstance(found, float)
        assert found == pytest.approx(expected, rel=rtol)
    transposed = cupy.asarray(np.ascontiguousarray(f.T)).T
    assert squared_distance(transposed, there[1]) == pytest.approx(squared_distance(f, g), rel=rtol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(1e-50, 2e-50), (1e300, 3e300), (1e-310, 2e-310)])
def test_weights_beyond_float32(cupy, sizes, dtype):
    f, g = np.random.default_rng(0).normal(size=(2, 2, 3)).astype(dtype)
    expected = np.average(((f - g) ** 2).sum(axis=1), weights=np.array(sizes) / max(sizes))
    for put in (np.asarray, cupy.asarray):
        found = squared_distance(put(f), put(g), sample_weight=put(np.array(sizes)))
        assert found == pytest.approx(expected, rel=1e-6)
        tasks = misfit_gain_tasks(put(f.T), put(g.T), sample_weight=put(np.array(sizes)))
        assert tasks.misfit.sum() == pytest.approx(expected, rel=1e-6)


def predictions(n_tasks=4, n=300, dtype=np.float64):
    weak, student, truth = np.random.default_rng(3).normal(size=(3, n_tasks, n)).astype(dtype)
    truth[0] = np.nan
    truth[1, ::3] = np.nan
    return weak, student, truth


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("labelled", [True, False])
def test_gains_of_tasks(cupy, labelled, weighted, dtype):
    arrays = predictions(dtype=dtype)[: 3 if labelled else 2]
    weight = weights(300) if weighted else None
    expected = misfit_gain_tasks(*arrays, sample_weight=weight)
    there = [cupy.asarray(a) for a in arrays]
    for given in (weight, None if weight is None else cupy.asarray(weight)):
        found = misfit_gain_tasks(*there, sample_weight=given)
        assert all(isinstance(column, np.ndarray) for column in found)
        rtol = 1e-6 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)


def test_gains_of_tasks_of_other_types_and_layouts(cupy):
    weak, student, _ = predictions()
    truth = np.arange(1200).reshape(4, 300) % 3
    expected = misfit_gain_tasks(weak, student, truth)
    columns = cupy.asarray(np.ascontiguousarray(weak.T)).T
    found = misfit_gain_tasks(columns, cupy.asarray(student), cupy.asarray(truth))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    found = misfit_gain_tasks(columns, cupy.asarray(student.astype(np.float32)))
    np.testing.assert_allclose(found.misfit, expected.misfit, rtol=1e-6)


def calibrated(n=400, k=3, dtype=np.float64):
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(k), size=n).astype(dtype)
    proba[:20] = proba[20:40]  # ties
    return rng.integers(0, k, n), proba


@pytest.mark.parametrize("error", [expected_calibration_error, marginal_calibration_error])
@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("debias", [False, "residuals"])
def test_calibration_errors(cupy, error, strategy, k, debias):
    options = {"strategy": strategy, "norm": "l2", "debias": debias, "n_bins": 7}
    for dtype in (np.float64, np.float32):
        y, proba = calibrated(k=max(k, 2), dtype=dtype)
        proba = proba[:, 1] if k == 1 else proba
        expected = error(y, proba, **options)
        for labels in (y, cupy.asarray(y)):
            found = error(labels, cupy.asarray(proba), **options)
            assert found == pytest.approx(expected, rel=1e-9)
    columns = cupy.asarray(np.ascontiguousarray(proba.T)).T
    assert error(y, columns, **options) == pytest.approx(expected, rel=1e-9)
    soft = np.random.default_rng(1).dirichlet(np.ones(3), size=400)
    if k == 3:
        expected = error(soft, proba, **options)
        found = error(cupy.asarray(soft), cupy.asarray(proba), **options)
        assert found == pytest.approx(expected, rel=1e-9)


def test_only_sums_come_to_the_host(cupy, monkeypatch):
    y, proba = calibrated(n=3000)
    there, copied = cupy.asarray(proba), []
    if hasattr(there, "host"):  # the stand-in, whose methods can be watched
        get = cupy.ndarray.get
        monkeypatch.setattr(cupy.ndarray, "get", lambda a: copied.append(a.size) or get(a))
    marginal_calibration_error(cupy.asarray(y), there, n_bins=5)
    # Sums and least entries of rows, which are checked on the host, and the sums of bins.
    assert max(copied, default=0) <= len(y)


def wrong(array, at, value):
    array = array.copy()
    array[at] = value
    return array


def bad_inputs():
    f, g = outputs(n=50)
    for value in (0.0, -1.0, np.nan, np.inf):
        yield output_kl_divergence, (f, wrong(g, 31, value)), {}
    yield output_kl_divergence, (wrong(f, 7, np.nan), g), {"normalize": "softmax"}
    used = wrong(np.ones(50), 7, 0.0)
    for value in (0.0, np.nan):
        given = wrong(f, 7, value), wrong(g, 31, value)
        yield output_kl_divergence, given, {"sample_weight": used}
    yield output_kl_divergence, (f, g[:-1]), {}
    yield output_kl_divergence, (f[:0], g[:0]), {}
    yield output_kl_divergence, (f + 1j, g), {}
    yield output_kl_divergence, (f.reshape(-1, 2), g), {}
    yield output_kl_divergence, (f, g), {"sample_weight": -np.ones(50)}
    yield squared_distance, (wrong(f, 31, np.nan), g), {}
    yield squared_distance, (f, wrong(g, 31, np.inf)), {"sample_weight": wrong(f, 31, 0.0)}
    yield squared_distance, (f, g[:-1]), {}
    yield squared_distance, (f.reshape(2, 5, 5), g.reshape(2, 5, 5)), {}
    weak, student, truth = predictions(n=50)
    yield misfit_gain_tasks, (wrong(weak, (2, 7), np.nan), student, truth), {}
    yield misfit_gain_tasks, (weak, wrong(student, (2, 7), np.inf)), {}
    yield misfit_gain_tasks, (weak, student, wrong(truth, (3, 0), -np.inf)), {}
    yield misfit_gain_tasks, (wrong(weak, (2, 7), 1e200), student, truth), {}
    yield misfit_gain_tasks, (weak, student[:, :-1]), {}
    yield misfit_gain_tasks, (weak[0], student[0]), {}
    yield misfit_gain_tasks, (weak[:0], student[:0]), {}
    yield misfit_gain_tasks, (weak + 1j, student), {}
    yield misfit_gain_tasks, (weak, student), {"sample_weight": weak[0]}
    y, proba = calibrated(n=50)
    for error in (expected_calibration_error, marginal_calibration_error):
        yield error, (y, wrong(proba, (31, 1), np.nan)), {}
        yield error, (y, wrong(proba, (31, 1), -0.5)), {}
        yield error, (y, 1.001 * proba), {}
        yield error, (wrong(y, 31, 7), proba), {}
        yield error, (y[:-1], proba), {}
        yield error, (y[:, None] + np.zeros((1, 4)), proba), {}
        yield error, (y % 2, wrong(proba[:, 0], 31, 1.5)), {}


@pytest.mark.parametrize(("function", "arrays", "options"), list(bad_inputs()))
def test_what_is_wrong_is_said_as_on_the_cpu(cupy, function, arrays, options):
    with pytest.raises((ValueError, TypeError)) as here:
        function(*arrays, **options)
    with pytest.raises(type(here.value)) as there:
        function(*(cupy.asarray(a) for a in arrays), **options)
    assert str(there.value) == str(here.value)


def test_tasks_in_two_memories(cupy):
    weak, student, truth = predictions()
    with pytest.raises(TypeError, match="found y_weak on a GPU and y_student in the CPU's"):
        misfit_gain_tasks(cupy.asarray(weak), student)
    with pytest.raises(TypeError, match="found y_true on a GPU and y_weak in the CPU's"):
        misfit_gain_tasks(weak, student, cupy.asarray(truth))


@pytest.mark.parametrize("function", [squared_distance, output_kl_divergence])
def test_two_memories(cupy, function):
    f, g = outputs(n=50)
    for a, b, words in ((cupy.asarray(f), g, "f on a GPU and g"), (f, cupy.asarray(g), "g on a")):
        with pytest.raises(TypeError, match=f"^f and g must lie in one memory; found {words}"):
            function(a, b)


def test_who_takes_no_arrays_of_cupys_says_so(cupy):
    y, proba = calibrated(n=50)
    there = cupy.asarray(proba)
    for call, name in [
        (lambda: calibration.smooth_calibration_error(y, cupy.asarray(proba[:, 0])), "y_proba"),
        (lambda: calibration.calibration_interval(y, there), "y_proba"),
        (lambda: marginal_calibration_error(y, there, groups=y), "y_proba"),
        (lambda: divergences.Squared().mean(there, there), "p"),
        (lambda: divergences.KL().pointwise(there, there), "p"),
    ]:
        with pytest.raises(TypeError, match=rf"^{name} must be a NumPy array here; found one of C"):
            call()


@pytest.mark.torch
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_tensors(device):
    torch = pytest.importorskip("torch")
    if device == "cuda" and (reason := no_gpu()):
        pytest.skip(reason)
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")

    def put(array):
        return torch.from_numpy(array).to(device).requires_grad_(array.dtype.kind == "f")

    (f, g), weight, (y, proba) = outputs(), weights(), calibrated()
    for function in (squared_distance, output_kl_divergence):
        expected = function(f, g, sample_weight=weight)
        found = function(put(f), put(g), sample_weight=put(weight))
        assert isinstance(found, float)
        assert found == pytest.approx(expected, rel=1e-9)
    expected = kl_divergence(proba, proba[::-1], sample_weight=weight[:400])
    found = kl_divergence(put(proba), put(proba[::-1].copy()), sample_weight=put(weight[:400]))
    assert found == pytest.approx(expected, rel=1e-9)
    found, expected = (misfit_gain_tasks(*map(to, predictions())) for to in (put, np.asarray))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for error in (expected_calibration_error, marginal_calibration_error):
        assert error(put(y), put(proba)) == pytest.approx(error(y, proba), rel=1e-9)


def test_on_another_gpu(second_gpu):
    cupy = sys.modules["cupy"]
    f, g = outputs(n=50)
    y, proba = calibrated(n=50)
    with second_gpu:
        a, b, p = (cupy.asarray(x) for x in (f, g, proba))
    for function in (squared_distance, output_kl_divergence):
        assert function(a, b) == pytest.approx(function(f, g), rel=1e-9)
        with pytest.raises(ValueError, match=r"must lie on one GPU; found numbers 1 and 0\."):
            function(a, cupy.asarray(g))
    assert output_kl_divergence(a, b, normalize="softmax", sample_weight=g) > 0
    tasks = misfit_gain_tasks(a[None], b[None], sample_weight=g)
    np.testing.assert_allclose(
        tasks.misfit, misfit_gain_tasks(f[None], g[None], sample_weight=g).misfit, rtol=1e-12
    )
    for options in ({}, {"from_logits": True}):
        rows = kl_divergence(p, p[::-1], per_sample=True, **options)
        assert rows.device.id == 1
        expected = kl_divergence(proba, proba[::-1], per_sample=True, **options)
        np.testing.assert_allclose(rows.get(), expected, rtol=1e-10, atol=1e-15)
    for error in (expected_calibration_error, marginal_calibration_error):
        for strategy in ("uniform", "quantile"):
            found = error(y, p, strategy=strategy)
            assert found == pytest.approx(error(y, proba, strategy=strategy), rel=1e-9)
