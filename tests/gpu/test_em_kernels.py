"""The kernels of the EM compute what their plain NumPy twins do, on whatever device there is."""

import numpy as np
import pytest

from tests.laws.test_kernels_agree import CASES, Shapes, counted, functions
from w2s_kernels import cpu, gpu, reference
from w2s_kernels.gpu import _sums, em, experts, gates, gram

MODULES = ("em", "experts", "gates", "gram")
KERNELS = [(module, name) for module in MODULES for name in functions(reference, module)]
NAMES = [name for _, name in KERNELS]


class Draw(Shapes):
    """Sizes beyond those of the CPU's law: up to 40 features and eight experts."""

    def __init__(self, seed):
        self.rng = rng = np.random.default_rng(seed)
        self.rows = int(rng.choice([1, 2, 31, 255, 256, 257, 513, 1030]))
        self.features = int(rng.integers(1, 41 if self.rows < 300 else 10))
        self.experts = int(rng.integers(1, 9))
        self.outputs = int(rng.integers(1, 4))
        self.gaps = rng.choice([0.0, 0.3, 1.0])


def on(device, arguments):
    return [device.put(a) if isinstance(a, np.ndarray) else a for a in arguments]


def compare(name, on_device, arguments):
    """Run both sides on copies; what they return and what they change must agree."""
    module = dict(map(reversed, KERNELS))[name]
    there = on(on_device, arguments)
    with np.errstate(all="ignore"):
        plain = functions(reference, module)[name](*arguments)
    returned = functions(gpu, module)[name](*there)
    if plain is not None or returned is not None:
        np.testing.assert_allclose(on_device.get(returned), plain, rtol=1e-11, atol=1e-9)
    return there


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_the_reference(name, seed, on_device):
    arguments, changed = CASES[name](Draw(seed))
    there = compare(name, on_device, arguments)
    for i, argument in enumerate(arguments):
        if isinstance(argument, np.ndarray) and i not in changed:
            np.testing.assert_array_equal(on_device.get(there[i]), argument)
    for i in changed:
        found, plain = (counted(name, i, a) for a in (on_device.get(there[i]), arguments[i]))
        if plain.dtype.kind == "u":
            np.testing.assert_array_equal(found, plain)  # hashes: to the bit
            continue
        scale = np.abs(plain).max(initial=0.0, where=np.isfinite(plain))
        np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-12 * (1.0 + scale))


@pytest.mark.parametrize("n_experts", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("n_features", [1, 2, 9, 41])
def test_a_gaussian_pass_of_any_size(n_features, n_experts, on_device):
    draw = Draw(n_experts)
    draw.rows, draw.features, draw.experts, draw.gaps = 67, n_features, n_experts, 0.3
    arguments, changed = CASES["gaussian_pass"](draw)
    there = compare("gaussian_pass", on_device, arguments)
    for i in changed:
        found, plain = (
            counted("gaussian_pass", i, a) for a in (on_device.get(there[i]), arguments[i])
        )
        np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-9)


def mixture_arguments(on_device, n_features, n_components):
    """Five tiles in three lanes, the second of them taken; beside the rows lies no number."""
    rng = np.random.default_rng(n_features)
    k, m, cuts, lanes = 3, 2, np.array([0, 1, 60, 340, 600, 641]), np.array([0, 2, 3, 5])
    whole = rng.normal(size=(n_components + m + 1, cuts[-1]))
    whole[: n_components - n_features] = np.nan  # components that these experts do not read
    whole[n_components : n_components + m, ::7] = np.nan
    whole[-1] = rng.uniform(0, 2, size=cuts[-1])
    rows = np.concatenate([part.ravel() for part in np.split(whole, cuts[1:-1], axis=1)])
    around = np.full(rows.size + 2048, np.nan)
    around[1024:-1024] = rows
    shapes = (), (k,), (k, n_features, n_features), (k, m, n_features), (k, m), (k,)
    sums = [rng.normal(size=(3, *shape)) for shape in shapes]
    log_prior = np.log(rng.dirichlet(np.ones(k)))
    theta = [log_prior, rng.normal(size=(k, m, n_features)), rng.normal(size=(k, m))]
    rest = [cuts, lanes, *theta, 0, np.array([0, 1, 0]), *sums]
    return [on_device.put(around)[1024:-1024], *on(on_device, rest)], [rows, *rest]


@pytest.mark.parametrize("n_features", [0, 1, 5])
@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_mixture_pass_of_tiles_and_lanes(more, n_features, on_device):
    there, arguments = mixture_arguments(on_device, n_features, n_features + more)
    before = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    experts.gaussian_mixture_pass(*there)
    reference.experts.gaussian_mixture_pass(*arguments)
    for i, (own, plain) in enumerate(zip(there, arguments, strict=True)):
        if isinstance(plain, np.ndarray):
            np.testing.assert_allclose(on_device.get(own), plain, rtol=1e-9, atol=1e-9)
        if i >= 8:  # sums: finite, and those of the lane that was taken as they were
            assert np.isfinite(on_device.get(own)).all()
            np.testing.assert_array_equal(on_device.get(own)[1], before[i][1])
            assert not plain[0].size or (plain[0] != before[i][0]).any()


def test_responsibilities_of_all_tiles_lie_in_one_room(on_device, monkeypatch):
    made = []
    empty = experts.empty
    monkeypatch.setattr(experts, "empty", lambda shape: made.append(shape) or empty(shape))
    there, _ = mixture_arguments(on_device, 2, 2)
    experts.gaussian_mixture_pass(*there)
    assert made == [3 * 280]


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith(("stats", "pass"))])
def test_rows_may_be_taken_in_strips(name, on_device, monkeypatch):
    monkeypatch.setattr(_sums, "_SCRATCH", 2_000)
    draw = Draw(3)
    draw.rows, draw.features, draw.experts, draw.outputs = 700, 4, 3, 2
    arguments, changed = CASES[name](draw)
    there = compare(name, on_device, arguments)
    for i in changed:
        found, plain = (counted(name, i, a) for a in (on_device.get(there[i]), arguments[i]))
        np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-9)


def test_sums_repeat_to_the_last_bit(on_device):
    rng = np.random.default_rng(0)
    X, weight = on(on_device, [rng.normal(size=(5, 3000)), rng.random(3000)])
    grams = [on_device.put(np.zeros((5, 5))) for _ in range(2)]
    for there in grams:
        gram.add_weighted_gram(X, weight, there)
    first, second = (on_device.get(there) for there in grams)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("n_numbers", [10, 40])
def test_few_blocks_where_sums_are_many(n_numbers, on_device, monkeypatch):
    monkeypatch.setattr(_sums, "_PARTIAL_SUMS", n_numbers)  # a block or two, of 15 sums
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(5, 3000)), rng.random(3000)
    there = on_device.put(np.zeros((5, 5)))
    gram.add_weighted_gram(on_device.put(X), on_device.put(weight), there)
    np.testing.assert_allclose(on_device.get(there), (X * weight) @ X.T, rtol=1e-11, atol=1e-11)


def test_as_many_features_as_a_block_holds(on_device):
    X, weight = on(on_device, [np.ones((gpu.MOST_FEATURES, 3)), np.ones(3)])
    _, first, _ = _sums.weighted_sums(X, 0, first=weight[None])
    np.testing.assert_array_equal(on_device.get(first), 3.0)
    more = on_device.put(np.ones((gpu.MOST_FEATURES + 1, 3)))
    with pytest.raises(AssertionError):
        _sums.weighted_sums(more, 0, first=weight[None])


def test_logits_far_apart(on_device):
    X = np.stack([np.ones(40), np.linspace(-3.0, 3.0, 40)])
    coef = np.array([[0.0, 1e4], [5e3, 0.0], [0.0, -1e4]])
    plain, there = np.empty((3, 40)), on_device.put(np.empty((3, 40)))
    reference.gates.softmax_log_prob(X, coef, plain)
    gates.softmax_log_prob(on_device.put(X), coef, there)
    np.testing.assert_allclose(on_device.get(there), plain, rtol=1e-12)
    labels = np.eye(3)[:, np.arange(40) % 3].copy()
    plain, there = np.zeros((1, 40)), on_device.put(np.zeros((1, 40)))
    reference.experts.multinomial_log_prob(X, labels, coef[None], plain)
    experts.multinomial_log_prob(on_device.put(X), on_device.put(labels), coef[None], there)
    np.testing.assert_allclose(on_device.get(there), plain, rtol=1e-12)


def test_hashes_are_the_cpus(on_device):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300, 3)).astype(np.float32), rng.normal(size=(300, 2))
    X[::7] *= -0.0
    Y[::5] = np.nan
    here, there = np.empty(300, np.uint64), on_device.put(np.empty(300, np.uint64))
    cpu.em.hash_rows(X, Y, 7, here)
    em.hash_rows(*on(on_device, [X, Y]), 7, there)
    np.testing.assert_array_equal(on_device.get(there), here)


def test_parameters_may_lie_on_either_side(on_device):
    draw = Draw(0)
    arguments, _ = CASES["gaussian_log_prob"](draw)
    there = on(on_device, arguments)
    again = [*there[:2], *arguments[2:4], on_device.put(arguments[4])]
    experts.gaussian_log_prob(*there)
    experts.gaussian_log_prob(*again)
    np.testing.assert_array_equal(on_device.get(there[4]), on_device.get(again[4]))
