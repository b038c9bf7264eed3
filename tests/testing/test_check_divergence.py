"""check_divergence accepts the Bregman family, and rejects what is no divergence."""

from functools import partial

import numpy as np
import pytest

from w2s_stats.divergences import KL, BinaryKL, GeneralizedKL, ItakuraSaito, Squared
from w2s_stats.testing import check_divergence
from w2s_stats.testing.strategies import probability_rows, real_rows


@pytest.mark.parametrize(
    "member", [Squared(), KL(), GeneralizedKL(), BinaryKL(), ItakuraSaito()], ids=repr
)
def test_accepts_the_family(member):
    check_divergence(member, max_examples=40)


class Distance:
    """A divergence that is no Bregman divergence and has no mean."""

    def pointwise(self, p, q):
        return np.abs(p - q).sum(axis=1)


def test_accepts_divergences_of_other_kinds():
    check_divergence(Distance(), probability_rows, max_examples=25)
    check_divergence(Distance(), partial(real_rows, low=-5.0, high=2.0), max_examples=25)


class Reversed(KL):
    """Arguments in the wrong order, as is easily done."""

    def pointwise(self, p, q):
        return super().pointwise(q, p)


class WrongGradient(ItakuraSaito):
    def gradient(self, q):
        return -super().gradient(q)


class WrongPotential(Squared):
    def potential(self, p):
        return super().potential(p) + p.sum(axis=1) ** 2


class Plain(Distance):
    """A divergence by one function."""

    def __init__(self, pointwise):
        self.pointwise = pointwise

    def __repr__(self):
        return "Plain()"


class Unweighted(Squared):
    def mean(self, p, q, *, sample_weight=None):
        return super().mean(p, q)


def mean_of_columns(p, q):
    return ((p - q) ** 2).mean(axis=0)


def squares_less_products(p, q):
    return ((p - q) ** 2).sum(axis=1) - (p * q).sum(axis=1)


def halves(p, q):
    return ((p - 0.5 * q) ** 2).sum(axis=1)


def signed(p, q):
    return (p - q).sum(axis=1)


def first_column(p, q):
    return (p[:, 0] - q[:, 0]) ** 2


def root(p, q):
    return np.sqrt(np.abs(p - q)).sum(axis=1)


def in_units_of_the_sample(p, q):
    return ((p - q) ** 2).sum(axis=1) / (1 + np.abs(q).max())


def name(divergence):
    if isinstance(divergence, Plain):
        return divergence.pointwise.__name__
    return type(divergence).__name__


@pytest.mark.parametrize(
    ("divergence", "law"),
    [
        (Reversed(), r"D\(p, q\) = phi\(p\) - phi\(q\) - <p - q, grad phi\(q\)>"),
        (WrongGradient(), r"D\(p, q\) = phi\(p\)"),
        (WrongPotential(), r"D\(p, q\) = phi\(p\)"),
        (Unweighted(), "mean is the weighted mean of pointwise"),
        (Plain(mean_of_columns), r"pointwise\(p, q\) has a number for every row"),
        (Plain(squares_less_products), r"D\(q, q\) = 0"),
        (Plain(halves), r"D\(q, q\) = 0"),
        (Plain(signed), r"D\(p, q\) >= 0"),
        (Plain(first_column), r"D\(p, q\) > 0 where p and q differ"),
        (Plain(root), "D is convex in its first argument"),
        (Plain(in_units_of_the_sample), "a row's divergence does not depend on other rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else name(value),
)
def test_rejects(divergence, law):
    rows = real_rows if isinstance(divergence, Plain) else None
    with pytest.raises(AssertionError, match=law) as caught:
        check_divergence(divergence, rows)
    sentence = str(caught.value)
    assert sentence.startswith(f"{divergence!r} breaks the law that ")
    assert "p = [[" in sentence and "q = [[" in sentence
    assert "\n" not in sentence and sentence.endswith(".")


def test_not_a_number_is_no_divergence():
    with pytest.raises(AssertionError, match=r"D\(q, q\) = 0: .*nan"):
        check_divergence(Plain(lambda p, q: np.full(len(p), np.nan)), real_rows)


def test_a_class_is_no_divergence():
    message = r"^divergence must be an instance, as KL\(\); found the class KL\.$"
    with pytest.raises(TypeError, match=message):
        check_divergence(KL)


def test_domain_must_be_told():
    with pytest.raises(ValueError, match="rows must be given for Distance, which has no p_range"):
        check_divergence(Distance())


@pytest.mark.filterwarnings("error")
def test_infinite_divergences_are_divergences():
    check_divergence(KL(), probability_rows, max_examples=40)
