"""Members of the Bregman family: values, domains, what they refuse."""

import copy

import mpmath
import numpy as np
import pytest
from scipy.special import kl_div, rel_entr

from w2s_stats.divergences import (
    KL,
    BinaryKL,
    Bregman,
    GeneralizedKL,
    ItakuraSaito,
    Range,
    Separable,
    Squared,
    kl_divergence,
)

SEPARABLE = [Squared(), GeneralizedKL(), BinaryKL(), ItakuraSaito()]
EVERY = [*SEPARABLE, KL()]


def pair(seed=0, shape=(40, 3)):
    return np.random.default_rng(seed).uniform(0.01, 0.99, size=(2, *shape))


FORMULAS = {
    "Squared": lambda p, q: (p - q) ** 2,
    "GeneralizedKL": kl_div,
    "BinaryKL": lambda p, q: rel_entr(p, q) + rel_entr(1 - p, 1 - q),
    "ItakuraSaito": lambda p, q: p / q - np.log(p / q) - 1,
}


@pytest.mark.parametrize("member", SEPARABLE, ids=repr)
def test_values(member):
    p, q = pair()
    expected = FORMULAS[type(member).__name__](p, q)
    np.testing.assert_allclose(member.pointwise(p, q), expected.sum(axis=1), rtol=1e-10)
    np.testing.assert_allclose(
        member.pointwise(p[:, 0], q[:, 0]), expected[:, 0], rtol=1e-10, atol=1e-12
    )
    assert member.gradient(q).shape == q.shape
    assert member.gradient(q[:, 0]).shape == q[:, 0].shape


def test_kl_is_the_function():
    p, q = (a / a.sum(axis=1, keepdims=True) for a in pair())
    np.testing.assert_array_equal(KL().pointwise(p, q), kl_divergence(p, q, per_sample=True))
    weight = np.arange(40)
    assert KL().mean(p, q, sample_weight=weight) == kl_divergence(p, q, sample_weight=weight)


def test_itakura_saito_near_equality():
    p = pair()[0][:, :1]
    q = p * (1 + 1e-8)
    own = ItakuraSaito().pointwise(p, q)
    with mpmath.workdps(60):
        ratio = [
            mpmath.mpf(float(a)) / mpmath.mpf(float(b))
            for a, b in zip(p[:, 0], q[:, 0], strict=True)
        ]
        exact = [float(r - mpmath.log(r) - 1) for r in ratio]
    np.testing.assert_allclose(own, exact, rtol=1e-13)


@pytest.mark.parametrize("member", EVERY, ids=repr)
def test_mean_and_weights(member):
    p, q = (a / a.sum(axis=1, keepdims=True) for a in pair(1))
    weight = np.random.default_rng(2).integers(0, 3, size=40)
    expected = np.repeat(member.pointwise(p, q), weight).mean()
    assert member.mean(p, q, sample_weight=weight) == pytest.approx(expected, rel=1e-13)
    assert member.mean(p, q) == pytest.approx(member.pointwise(p, q).mean(), rel=1e-14)


@pytest.mark.parametrize("member", EVERY, ids=repr)
def test_a_member_is_plain_data(member):
    assert repr(copy.deepcopy(member)) == repr(member) == f"{type(member).__name__}()"


def test_domains_in_words():
    assert Squared().domain == "p in (-inf, inf), q in (-inf, inf)"
    assert GeneralizedKL().domain == "p in [0, inf), q in (0, inf)"
    assert BinaryKL().domain == "p in [0, 1], q in (0, 1)"
    assert ItakuraSaito().domain == "p in (0, inf), q in (0, inf)"
    assert KL().domain == ("p in [0, 1], q in [0, 1], rows that sum to 1; infinite where q = 0 < p")


def borders(allowed):
    """Numbers just inside and just outside of a range."""
    inside, outside = [], [np.nan]
    for end, is_open, out in (
        (allowed.low, allowed.open_low, -np.inf),
        (allowed.high, allowed.open_high, np.inf),
    ):
        beyond = np.nextafter(end, out)
        (outside if is_open else inside).append(end)
        if beyond != end:
            outside.append(beyond)
        inside.append(np.nextafter(end, -out) if np.isfinite(end) else np.sign(end) * 1e100)
    return inside, outside


@pytest.mark.parametrize("member", SEPARABLE, ids=repr)
@pytest.mark.parametrize("argument", ["p", "q"])
def test_the_domain_ends_where_it_says(member, argument):
    # Legal and illegal numbers are made from what the member says of itself.
    allowed = getattr(member, f"{argument}_range")
    inside, outside = borders(allowed)

    def call(value, method):
        arrays = {"p": np.full((3, 2), 0.5), "q": np.full((3, 2), 0.5)}
        arrays[argument][1, 1] = value
        return getattr(member, method)(**arrays)

    for value in inside:
        with np.errstate(over="ignore"):
            assert not np.isnan(call(value, "pointwise")).any()
    for value in outside:
        for method in ("check", "pointwise", "mean"):
            with pytest.raises(ValueError, match=f"^{argument} must lie in .* in row 1"):
                call(value, method)


def test_refusals_of_potential_and_gradient():
    with pytest.raises(ValueError, match=r"p must lie in \(0, inf\) for ItakuraSaito; found 0 in"):
        ItakuraSaito().potential([1.0, 0.0])
    with pytest.raises(ValueError, match=r"q must lie in \(0, 1\) for BinaryKL; found 1 in row 0"):
        BinaryKL().gradient([1.0])
    with pytest.raises(ValueError, match="rows of q must sum to 1"):
        KL().gradient([[0.5, 0.6]])


def test_kl_at_the_border():
    p, q = [[0.5, 0.5], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]
    np.testing.assert_array_equal(KL().pointwise(p, q), [np.inf, 0.0])
    KL().check(p, q)
    np.testing.assert_array_equal(KL().gradient(q)[0], [1.0, -np.inf])


@pytest.mark.parametrize("member", EVERY, ids=repr)
def test_arrays_are_called_by_the_names_given(member):
    with pytest.raises(ValueError, match="y_student and y_weak must have the same shape"):
        member.check(np.full((2, 2), 0.5), np.full((3, 2), 0.5), names=("y_student", "y_weak"))
    with pytest.raises(ValueError, match=r"^y_weak must not be empty"):
        member.check(np.full((2, 2), 0.5), [], names=("y_student", "y_weak"))


class FermiDirac(Separable):
    """A member of one's own: binary KL, by its potential and gradient alone."""

    p_range = q_range = Range(0.0, 1.0, open_low=True, open_high=True)

    def potential(self, p):
        p = np.asarray(p)
        return (p * np.log(p) + (1 - p) * np.log1p(-p)).reshape(len(p), -1).sum(axis=1)

    def gradient(self, q):
        return np.log(q) - np.log1p(-np.asarray(q))


def test_a_member_of_ones_own():
    own, p, q = FermiDirac(), *pair(5)
    assert isinstance(own, Bregman)
    np.testing.assert_allclose(own.pointwise(p, q), BinaryKL().pointwise(p, q), rtol=1e-9)
    assert own.mean(p, q) == pytest.approx(BinaryKL().mean(p, q), rel=1e-9)
    assert (own.pointwise(p, p) == 0).all()
    assert own.domain == "p in (0, 1), q in (0, 1)"
    with pytest.raises(
        ValueError, match=r"p must lie in \(0, 1\) for FermiDirac; found 1 in row 2"
    ):
        own.pointwise([0.5, 0.5, 1.0], [0.5, 0.5, 0.5])


def test_a_member_needs_a_potential_and_a_gradient():
    class Nothing(Separable):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Nothing()
