"""Theory 5.3: forward training of linear-logit heads loses no more and no less than the misfit.

For a realisable truth and a finite minimiser, d(F_w, F*) = d(F_w, F_sw) + d(F_sw, F*), the truth
second; where parameters are limited to a convex set, at least.
"""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from tests.laws.model_pairs import quantity
from w2s_stats.bounds import OutputKLGain
from w2s_stats.divergences import kl_divergence, output_kl_divergence

CASES = 1000


def trained(design, target, start):
    """Parameters of the least cross-entropy with targets, by Newton steps that do not rise.

    design (n, k, p) has the features of each class; logits are design @ theta.
    """
    theta = start

    def loss(theta):
        return -np.sum(target * log_softmax(design @ theta, axis=1))

    for _ in range(50):
        p = softmax(design @ theta, axis=1)
        gradient = np.einsum("nk,nkp->p", p - target, design)
        centred = design - np.einsum("nk,nkp->np", p, design)[:, None]
        hessian = np.einsum("nk,nkp,nkq->pq", p, centred, centred)
        step = np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]
        length, now = 1.0, loss(theta)
        while loss(theta - length * step) > now + 1e-12 * abs(now):
            length *= 0.5
        theta = theta - length * step
        if np.abs(step).max() < 1e-11 * (1 + np.abs(theta).max()):
            return theta
    raise AssertionError("no minimiser found")


def heads(rng, n, k):
    """Features, the design of k logits that are linear in them, and a truth of that class."""
    d = int(rng.integers(1, 4))
    h = rng.normal(size=(n, d))
    design = np.einsum("nd,jk->nkdj", h, np.eye(k)[1:]).reshape(n, k, d * (k - 1))
    return design, rng.normal(size=design.shape[2])


def outputs(rng):
    """The sample as the classes of a single row: softmax over the sample."""
    n, d = int(rng.integers(3, 12)), int(rng.integers(1, 3))
    design = rng.normal(size=(1, n, d))
    weak = rng.dirichlet(np.full(n, 2.0))[None] + 1e-3
    return design, rng.normal(size=d), weak / weak.sum()


def test_outputs_under_softmax_over_the_sample():
    rng = np.random.default_rng(0)
    for _ in range(CASES):
        design, theta, weak = outputs(rng)
        logits = design[0] @ trained(design, weak, np.zeros(len(theta))), design[0] @ theta
        bound = OutputKLGain(normalize="softmax").fit(np.log(weak[0]), *logits)
        scale = 1 + bound.estimate_ + bound.lower_
        assert bound.estimate_ == pytest.approx(bound.lower_, abs=1e-9 * scale)
        assert bound.holds_
        # By bracket and condition, which need not be zero each.
        assert bound.condition_ == pytest.approx(-bound.bracket_, abs=1e-8 * np.exp(scale))
        reverse = output_kl_divergence(*logits, normalize="softmax")
        assert quantity(bound, "G = d(F_sw, F*)") == pytest.approx(reverse, abs=1e-9 * scale)


def test_cross_entropy_heads():
    rng = np.random.default_rng(1)
    for _ in range(CASES):
        n, k = int(rng.integers(5, 20)), int(rng.integers(2, 4))
        design, theta = heads(rng, n, k)
        # Weak labels with every class in every row: the minimiser is finite.
        weak = 0.1 / k + 0.9 * rng.dirichlet(np.ones(k), size=n)
        student = softmax(design @ trained(design, weak, np.zeros(len(theta))), axis=1)
        truth = softmax(design @ theta, axis=1)
        gain = kl_divergence(weak, truth) - kl_divergence(student, truth)
        misfit = kl_divergence(weak, student)
        assert gain == pytest.approx(misfit, abs=1e-9 * (1 + kl_divergence(weak, truth)))


def test_equality_holds_up_to_rounding():
    """Exact minimisers: w - s is at right angles to the heads 1 and x; the misfit is tiny."""
    rng, x = np.random.default_rng(5), np.arange(3.0)
    for case in range(CASES):
        student = softmax(rng.normal() * x)
        weak = student + 10.0 ** rng.uniform(-9, -2) * np.array([1.0, -2.0, 1.0])
        # Truths near the student too, whose own errors are tiny.
        truth = softmax(np.log(student) + 10.0 ** rng.uniform(-6, 1) * rng.normal() * x)
        if weak.min() <= 0:
            weak = 2 * student - weak
        dtype = np.float32 if case % 4 == 0 else np.float64
        arrays = (outputs.astype(dtype) for outputs in (weak, student, truth))
        assert OutputKLGain().fit(*arrays).holds_


def test_parameters_on_a_segment():
    """Parameters limited to a convex set, here a segment: the derivative has one sign change."""
    rng = np.random.default_rng(2)
    beyond = 0
    for _ in range(CASES):
        design, theta, weak = outputs(rng)
        ends = rng.normal(size=(2, len(theta)))
        share = rng.uniform()
        truth = design[0] @ ((1 - share) * ends[0] + share * ends[1])
        base, along = design[0] @ ends[0], design[0] @ (ends[1] - ends[0])
        low, high = 0.0, 1.0
        for _ in range(60):
            t = (low + high) / 2
            rising = (softmax(base + t * along) - weak[0]) @ along > 0
            low, high = (low, t) if rising else (t, high)
        logits = base + t * along
        bound = OutputKLGain(normalize="softmax").fit(np.log(weak[0]), logits, truth)
        assert bound.estimate_ >= bound.lower_ - 1e-9 * (1 + abs(bound.lower_))
        beyond += bound.estimate_ > bound.lower_ + 1e-6
    # At an end of the segment there is more gain than misfit.
    assert beyond > 100


def test_a_truth_outside_the_class_breaks_it():
    rng = np.random.default_rng(3)
    less = 0
    for _ in range(100):
        design, theta, weak = outputs(rng)
        logits = design[0] @ trained(design, weak, np.zeros(len(theta)))
        truth = np.log(rng.dirichlet(np.ones(len(logits))) + 1e-3)
        less += not OutputKLGain(normalize="softmax").fit(np.log(weak[0]), logits, truth).holds_
    assert less > 20


def test_the_minimiser_is_scipys():
    rng = np.random.default_rng(4)
    for _ in range(5):
        design, theta = heads(rng, 15, 3)
        weak = 0.1 / 3 + 0.9 * rng.dirichlet(np.ones(3), size=15)
        found = minimize(
            lambda t, design=design, weak=weak: -np.sum(weak * log_softmax(design @ t, axis=1)),
            theta,
            tol=1e-12,
        )
        own = trained(design, weak, np.zeros(len(theta)))
        np.testing.assert_allclose(own, found.x, atol=1e-4)
