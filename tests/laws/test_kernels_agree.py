"""Every compiled kernel computes what its plain NumPy twin does, for any shapes and any gaps."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_kernels import cpu, reference

MODULES = sorted(m.name for m in pkgutil.iter_modules(reference.__path__))


def python_function(function):
    return inspect.unwrap(getattr(function, "py_func", function))


def functions(package, module):
    """Public functions that a module defines itself, by name."""
    loaded = importlib.import_module(f"{package.__name__}.{module}")
    found = {}
    for name, value in vars(loaded).items():
        own = python_function(value) if callable(value) else None
        if (
            not name.startswith("_")
            and inspect.isfunction(own)
            and own.__module__ == loaded.__name__
        ):
            found[name] = value
    return found


def test_same_modules():
    modules = {m.name for m in pkgutil.iter_modules(cpu.__path__)}
    assert sorted(name for name in modules if not name.startswith("_")) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_same_names_and_signatures(module):
    compiled, plain = functions(cpu, module), functions(reference, module)
    assert plain
    for name, function in plain.items():
        signature = inspect.signature(function)
        assert inspect.signature(python_function(compiled[name])) == signature, name
    # What the compiled side has beyond that are pieces that are put into kernels.
    for name in compiled.keys() - plain.keys():
        options = getattr(compiled[name], "targetoptions", {"forceinline": True})
        assert options.get("forceinline"), f"{name} has no twin in reference"


CASES = {}


def case(function):
    """Register arguments for the kernel of this name: (module, arguments, which of them change)."""
    CASES[function.__name__] = function
    return function


class Shapes:
    """A draw of sizes and a source of numbers."""

    def __init__(self, draw):
        self.rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        # Below, at and above the kernels' blocks of 256 and 512 rows, and down to a single row.
        self.rows = draw(st.sampled_from([1, 2, 7, 255, 256, 257, 511, 512, 513, 700, 1030]))
        self.features = draw(st.integers(1, 9))
        self.experts = draw(st.integers(1, 5))
        self.outputs = draw(st.integers(1, 3))
        self.gaps = draw(st.sampled_from([0.0, 0.3, 1.0]))

    def normal(self, *shape):
        return self.rng.normal(size=shape)

    def X(self):
        return np.concatenate([np.ones((1, self.rows)), self.normal(self.features - 1, self.rows)])

    def with_gaps(self, Y, *, same_rows=False):
        missing = self.rng.random(Y.shape) < self.gaps
        Y[:, missing[0]] = np.nan
        if not same_rows:
            Y[missing] = np.nan
        return Y

    def poisson_coef(self):
        coef = 0.5 * self.normal(self.experts, self.outputs, self.features)
        if self.rng.random() < 0.2:
            coef[:, :, 0] += 400.0  # rates beyond every number
        return coef

    def resp(self):
        resp = self.rng.dirichlet(np.ones(self.experts), size=self.rows).T
        resp[:, self.rng.random(self.rows) < 0.1] = 0.0
        return np.ascontiguousarray(resp * self.rng.uniform(0, 2, size=self.rows))


@case
def whiten(s):
    rows = s.normal(s.rows, s.features) + 3.0
    rows[s.rng.random(rows.shape) < 0.5 * s.gaps] = np.nan
    if s.rng.random() < 0.5:
        rows = rows.astype(np.float32)
    matrix = s.normal(s.outputs, s.features)
    if s.rng.random() < 0.5:
        # As labels are standardised: each by itself, so that gaps stay where they are.
        matrix = np.diag(s.rng.uniform(0.5, 2.0, size=s.features))
    return [rows, s.normal(s.features), matrix, np.empty((len(matrix), s.rows))], [3]


@case
def posterior(s):
    log_joint = s.normal(s.experts, s.rows) * s.rng.choice([1.0, 100.0, 1e4], size=s.rows)
    return [log_joint, s.rng.uniform(0, 2, size=s.rows), np.empty(s.rows)], [0, 2]


@case
def hash_rows(s):
    X, Y = s.normal(s.rows, s.features), s.with_gaps(s.normal(s.rows, s.outputs))
    X[s.rng.random(X.shape) < 0.2] *= 0.0  # zeros of both signs
    X = X.astype(np.float32) if s.rng.random() < 0.5 else X
    return [X, Y, int(s.rng.integers(2**31)), np.empty(s.rows, dtype=np.uint64)], [3]


@case
def softmax_log_prob(s):
    return [s.X(), 3 * s.normal(s.experts, s.features), np.empty((s.experts, s.rows))], [2]


@case
def softmax_stats(s):
    k, p = s.experts, s.features
    log_prob = np.log(s.rng.dirichlet(np.ones(k), size=s.rows).T)
    return [s.X(), log_prob, s.resp(), s.normal(k, p), s.normal(k, k, p, p)], [3, 4]


@case
def quadratic_features(s):
    size = s.features + s.features * (s.features - 1) // 2
    return [s.X(), np.empty((size, s.rows))], [1]


@case
def add_weighted_gram(s):
    return [s.X(), s.normal(s.rows), s.normal(s.features, s.features)], [2]


@case
def lipschitz_supremum(s):
    place = np.sort(s.rng.random(s.rows))
    # Ties, and gaps wider than weights can use.
    place = np.round(place, 1) if s.gaps else s.rng.choice([1.0, 4.0]) * place
    return [np.diff(place), s.normal(s.rows) / s.rows], []


@case
def gaussian_log_prob(s):
    k, m, p = s.experts, s.outputs, s.features
    Y = s.with_gaps(s.normal(m, s.rows))
    return [s.X(), Y, s.normal(k, m, p), s.normal(k, m), s.normal(k, s.rows)], [4]


@case
def gaussian_stats(s):
    k, m, p = s.experts, s.outputs, s.features
    Y = s.with_gaps(s.normal(m, s.rows), same_rows=True)
    sums = [s.normal(k, p, p), s.normal(k, m, p), s.normal(k, m), s.normal(k)]
    return [s.X(), Y, s.normal(k, m, p), s.resp(), *sums], [4, 5, 6, 7]


@case
def gaussian_pass(s):
    k, m, p = s.experts, s.outputs, s.features
    Y = s.with_gaps(s.normal(m, s.rows), same_rows=True)
    log_gate = np.log(s.rng.dirichlet(np.ones(k), size=s.rng.choice([1, s.rows])).T)
    sums = [s.normal(k, p, p), s.normal(k, m, p), s.normal(k, m), s.normal(k)]
    weight = s.rng.uniform(0, 2, size=s.rows)
    theta = [s.normal(k, m, p), s.normal(k, m)]
    return [
        s.X(),
        Y,
        weight,
        np.ascontiguousarray(log_gate),
        *theta,
        np.empty((k, s.rows)),
        *sums,
    ], [6, 7, 8, 9, 10]


@case
def gaussian_mixture_pass(s):
    """Tiles of a few rows and more, lanes of no tile and more, some of them taken."""
    k, m, p = s.experts, s.outputs, s.features
    n_components = p + s.rng.integers(2)
    Y = s.with_gaps(s.normal(m, s.rows), same_rows=True)
    weight = s.rng.uniform(0, 2, size=(1, s.rows))
    whole = np.concatenate([s.normal(n_components, s.rows), Y, weight])
    cuts = np.unique(np.append(s.rng.integers(s.rows, size=4), [0, s.rows]))
    rows = np.concatenate([part.ravel() for part in np.split(whole, cuts[1:-1], axis=1)])
    n_lanes = int(s.rng.integers(1, 5))
    lanes = np.sort(s.rng.integers(len(cuts), size=n_lanes + 1))
    taken = (s.rng.random(n_lanes) < 0.3).astype(np.int64)
    shapes = (), (k,), (k, p, p), (k, m, p), (k, m), (k,)
    sizes = [int(np.prod(shape)) for shape in shapes]
    # As the caller has them: views of one row a lane.
    parts = np.split(s.normal(n_lanes, sum(sizes)), np.cumsum(sizes)[:-1], axis=1)
    sums = [a.reshape(n_lanes, *shape) for a, shape in zip(parts, shapes, strict=True)]
    log_prior = np.log(s.rng.dirichlet(np.ones(k)))
    begin = int(s.rng.integers(n_lanes))
    theta = [log_prior, s.normal(k, m, p), s.normal(k, m)]
    return [rows, cuts, lanes, *theta, begin, taken, *sums], [7, 8, 9, 10, 11, 12, 13]


@case
def poisson_log_prob(s):
    k, m = s.experts, s.outputs
    Y = s.with_gaps(s.rng.poisson(3.0, size=(m, s.rows)).astype(float))
    return [s.X(), Y, s.poisson_coef(), s.normal(k, s.rows)], [3]


@case
def poisson_stats(s):
    k, m, p = s.experts, s.outputs, s.features
    Y = s.with_gaps(s.rng.poisson(3.0, size=(m, s.rows)).astype(float))
    sums = [s.normal(k, m, p), s.normal(k, m, p, p), s.normal(k, m)]
    return [s.X(), Y, s.poisson_coef(), s.resp(), *sums], [4, 5, 6]


def _classes(s):
    """Classes as indicators, or as probabilities, without the first."""
    Y = s.rng.dirichlet(np.ones(s.outputs + 1), size=s.rows).T
    if s.rng.random() < 0.5:
        Y = (Y.max(axis=0) == Y).astype(float)
    return s.with_gaps(np.ascontiguousarray(Y[1:]), same_rows=True)


@case
def multinomial_log_prob(s):
    coef = 2 * s.normal(s.experts, s.outputs, s.features)
    return [s.X(), _classes(s), coef, s.normal(s.experts, s.rows)], [3]


@case
def multinomial_stats(s):
    k, c, p = s.experts, s.outputs, s.features
    sums = [s.normal(k, c, p), s.normal(k, c, c, p, p), s.normal(k)]
    return [s.X(), _classes(s), 2 * s.normal(k, c, p), s.resp(), *sums], [4, 5, 6]


def _rows_of_classes(s):
    # Below, at and above the kernels' blocks of 1024 columns, in either type.
    shape = (s.rows % 40 + 1, s.rng.choice([1, 2, 3, 10, 1023, 1024, 1025, 2500]))
    dtype = s.rng.choice([np.float32, np.float64])
    if s.rng.random() < 0.5:
        return [s.rng.dirichlet(np.ones(shape[1]), size=2 * shape[0])[i::2] for i in (0, 1)], dtype
    return list(s.rng.lognormal(sigma=3.0, size=(2, *shape))), dtype


def _spoiled(s, arrays, dtype, values):
    """The arrays with odd values here and there, in their final type."""
    for array in arrays:
        spoiled = s.rng.random(array.shape) < s.rng.choice([0.0, 0.0, 1e-3, 0.3])
        array[spoiled] = s.rng.choice(values, size=spoiled.sum())
    return [np.ascontiguousarray(array, dtype=dtype) for array in arrays]


def _read_only(*arrays):
    """As callers pass what a kernel reads: for arrays of another kind it is compiled anew."""
    for array in arrays:
        array.flags.writeable = False
    return arrays


@case
def generalized_kl(s):
    arrays, dtype = _rows_of_classes(s)
    odd = [0.0] if s.rng.random() < 0.7 else [0.0, -1.0, np.nan, np.inf]
    p, q = _spoiled(s, arrays, dtype, odd)
    q[~np.isfinite(p)] = np.nan  # the other sum of a row that is NaN may be NaN or not
    return [*_read_only(p, q), *np.empty((3, len(p)))], [2, 3, 4]


@case
def simplex_kl(s):
    arrays, dtype = _rows_of_classes(s)
    arrays = [a / a.sum(axis=1, keepdims=True) for a in arrays]
    if s.rng.random() < 0.3:
        arrays[1] = arrays[0] * s.rng.uniform(1 - 1e-5, 1 + 1e-5, size=arrays[0].shape)
    odd = [0.0] if s.rng.random() < 0.5 else [0.0, -1.0, np.nan, np.inf]
    p, q = _spoiled(s, arrays, dtype, odd)
    return [*_read_only(p, q), 1e-4, np.empty(len(p))], [3]


@case
def output_kl(s):
    dtype = s.rng.choice([np.float32, np.float64])
    f, g = s.rng.lognormal(size=(2, s.rows)).astype(dtype)
    g[s.rng.random(s.rows) < 1e-3] = s.rng.choice([0.0, -1.0, np.nan, np.inf, 1e-30])
    weight = s.rng.uniform(0, 2, size=s.rng.choice([0, s.rows]))
    return [f, g, weight, *s.rng.lognormal(size=2), s.rng.uniform(size=3)], [5]


@case
def softmax_kl(s):
    arrays, dtype = _rows_of_classes(s)
    first = np.log(arrays[0]) * s.rng.choice([1e-2, 1.0, 1e3])
    second = first * 1.001 if s.rng.random() < 0.3 else np.log(arrays[1])
    odd = [-np.inf] if s.rng.random() < 0.7 else [-np.inf, np.nan, np.inf]
    pair = _spoiled(s, [first, second], dtype, odd)
    return [*_read_only(*pair), np.empty(len(pair[0]))], [2]


@case
def poisson_counts(s):
    seed, replicate = s.rng.integers(2**63, size=2) >> s.rng.integers(0, 62)
    return [int(seed), int(replicate >> 1), np.empty(s.rows, dtype=np.uint16)], [2]


@case
def bootstrap_means(s):
    rows = s.rows * s.rng.choice([1, 3])
    values = s.normal(rows, s.features) + 3.0
    weight = s.rng.uniform(0, 2, size=rows) * (s.rng.random(rows) > 0.3 * s.gaps)
    weight[0] = 1.0
    dtype = s.rng.choice([np.float32, np.float64])
    seed, first = (int(number) for number in s.rng.integers(2**40, size=2))
    out = np.empty((3, s.features))
    given = _read_only(values.astype(dtype), weight.astype(dtype))
    return [*given, seed, first, out], [4]


@case
def squared_errors(s):
    dtype = s.rng.choice([np.float32, np.float64])
    arrays = [s.normal(s.experts, s.rows) for _ in range(3)]
    arrays[2][s.rng.random(arrays[2].shape) < s.gaps] = np.nan
    weight = None
    if s.rng.random() < 0.7:
        shape = (s.rng.choice([1, s.experts]), s.rows)
        weight = s.rng.uniform(0, 2, size=shape) * (s.rng.random(shape) < 0.8)
        weight = weight.astype(dtype)
    if s.rng.random() < 0.3:  # in some rows, of weight zero or not
        arrays[s.rng.integers(3)][s.rng.random((s.experts, s.rows)) < 1e-2] = s.rng.choice(
            [np.nan, np.inf]
        )
    arrays = [array.astype(dtype) for array in arrays]
    return [*arrays, weight, s.rng.uniform(size=(s.experts, 6))], [4]


@case
def bin_sums(s):
    n_bins = s.rng.choice([1, 2, 15, 300])
    # Ties with the edges, which are closed on the right.
    proba = np.round(s.rng.random((s.rows, s.features)), s.rng.choice([1, 8]))
    edges = np.tile(np.arange(1, n_bins) / n_bins, (s.features, 1))
    if s.rng.random() < 0.5:
        edges = np.sort(np.round(s.rng.random(edges.shape), 1), axis=1)
        edges[s.rng.random(edges.shape).cumsum(axis=1) > 0.3 * n_bins] = np.inf
    labels = s.rng.integers(s.features, size=s.rows)
    if s.rng.random() < 0.5:
        labels = s.rng.random(proba.shape)
    weight = s.rng.uniform(0, 2, size=s.rows) if s.rng.random() < 0.5 else None
    if s.rng.random() < 0.5:
        proba = np.asfortranarray(proba, dtype=np.float32)
    return [proba, labels, weight, edges, s.rng.uniform(size=(s.features, n_bins, 5))], [4]


@pytest.mark.parametrize("name", ["gaussian_log_prob", "gaussian_stats", "gaussian_pass"])
def test_experts_without_features(name):
    shapes = FixedShapes(features=0)
    arguments, changed = CASES[name](shapes)
    compare("experts", name, arguments, changed)


class FixedShapes(Shapes):
    def __init__(self, features):
        self.rng = np.random.default_rng(0)
        self.rows, self.features, self.experts, self.outputs, self.gaps = 700, features, 2, 2, 0.3

    def X(self):
        return self.normal(self.features, self.rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [2, 5, 300])
def test_infinite_numbers(k, dtype):
    odd = np.array([0.0, 1e-40, 0.3, 1.0, np.inf, np.nan, -1.0], dtype=dtype)
    pairs = np.array([(p, q) for p in odd for q in odd if np.inf in (p, q)])
    p, q = np.full((2, len(pairs), k), 0.5, dtype=dtype)
    p[:, k // 2], q[:, k // 2] = pairs.T
    _read_only(p, q)
    found, expected = np.empty((2, 3, len(p)))
    status = cpu.divergence.generalized_kl(p, q, *found)
    with np.errstate(invalid="ignore"):
        assert status == reference.divergence.generalized_kl(p, q, *expected)
    np.testing.assert_array_equal(found[0], expected[0])
    good = (pairs[:, 0] >= 0) & (pairs[:, 0] < np.inf)
    assert (found[0, good] == np.inf).all() and np.isnan(found[0, ~good]).all()
    for a, b in pairs:
        sums = np.zeros(3)
        one = np.array([[a], [b]], dtype=dtype)
        assert cpu.divergence.output_kl(*one, np.empty(0), 1.0, 1.0, sums) == 1
        assert np.isnan(sums[0])


def copied(array):
    other = array.copy()
    other.flags.writeable = array.flags.writeable
    return other


def lower(array):
    """Lower triangles of the last two axes, where only they count."""
    return array[(..., *np.tril_indices(array.shape[-1]))]


# Arguments of which only the lower triangle is promised, and of which only blocks b <= c are.
TRIANGLES = {
    "add_weighted_gram": {2},
    "gaussian_stats": {4},
    "gaussian_pass": {7},
    "gaussian_mixture_pass": {10},
    "poisson_stats": {5},
    "multinomial_stats": {5},
    "softmax_stats": {4},
}


def counted(name, i, array):
    if i not in TRIANGLES.get(name, ()):
        return array
    array = lower(array)
    if name in ("multinomial_stats", "softmax_stats"):
        c, b = np.tril_indices(array.shape[-2])
        array = array[:, c, b] if name == "multinomial_stats" else array[c, b]
    return array


ALL = [(module, name) for module in MODULES for name in functions(reference, module)]


@pytest.mark.parametrize(("module", "name"), ALL, ids=[name for _, name in ALL])
@settings(max_examples=15)
@given(draw=st.data())
def test_same_results(module, name, draw):
    assert name in CASES, f"no arguments are made for {module}.{name}: add a case"
    compare(module, name, *CASES[name](Shapes(draw.draw)))


def compare(module, name, plain_arguments, changed):
    """Raise unless the compiled kernel does with these arguments what the plain one does."""
    arguments = [copied(a) if isinstance(a, np.ndarray) else a for a in plain_arguments]
    with np.errstate(all="ignore"):
        plain = functions(reference, module)[name](*plain_arguments)
    compiled = functions(cpu, module)[name](*arguments)
    # Terms of divergences of float32 rows are float32.
    single = module == "divergence" and arguments[0].dtype == np.float32
    rtol, atol = (1e-5, 1e-7) if single else (1e-10, 1e-11)
    if plain is not None or compiled is not None:
        np.testing.assert_allclose(compiled, plain, rtol=1e-10, atol=1e-9)
    for i, (own, other) in enumerate(zip(arguments, plain_arguments, strict=True)):
        if i not in changed:
            np.testing.assert_array_equal(own, other, err_msg=f"argument {i} was changed")
            continue
        own, other = counted(name, i, own), counted(name, i, other)
        if name == "generalized_kl" and i == 4:
            # Of the sums of q, how far they are from those of p is promised, to a share of the way.
            own, other = own - arguments[3], other - plain_arguments[3]
            p, q = (np.nan_to_num(a.astype(float), posinf=0.0) for a in arguments[:2])
            atol = 3e-6 * (1.0 + np.abs(q - p).sum(axis=1).max(initial=0.0))
        if own.dtype == np.uint64:
            np.testing.assert_array_equal(own, other)
        else:
            scale = 1.0 + np.max(np.abs(np.nan_to_num(other)), initial=0.0)
            np.testing.assert_allclose(own, other, rtol=rtol, atol=atol * scale)
