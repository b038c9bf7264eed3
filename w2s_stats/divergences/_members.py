"""The members of the Bregman family (theory 1.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import entr, logit

from w2s_stats._validation import check_alignment
from w2s_stats.divergences._bregman import POSITIVE, Bregman, Range, Separable, row_sums
from w2s_stats.divergences._kl import kl_rows
from w2s_stats.divergences._probabilities import check_probabilities, check_same_shape
from w2s_stats.divergences._rows import excess


class Squared(Separable):
    r"""Squared distance: :math:`\varphi(p) = p^2`, :math:`D = (p - q)^2`, on all real numbers.

    Examples
    --------
    >>> from w2s_stats.divergences import Squared
    >>> Squared().pointwise([1.0, 3.0], [2.0, 1.0])
    array([1., 4.])
    """

    def potential(self, p: Any) -> np.ndarray:
        """p^2, summed over columns."""
        return row_sums(self._inside(p, self.p_range, name="p").astype(np.float64) ** 2)

    def gradient(self, q: Any) -> np.ndarray:
        """2 q."""
        return 2.0 * self._inside(q, self.q_range, name="q")

    def divergence(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """D of every row; as `Separable.divergence`."""
        difference = p - q
        return np.einsum("ij,ij->i", difference, difference)


class KL(Bregman):
    r"""Kullback-Leibler divergence of rows of probabilities, a column a class.

    :math:`\varphi(p) = \sum_j p_j \log p_j` on the simplex, :math:`D = \sum_j p_j \log(p_j/q_j)`;
    infinite where q = 0 < p. See `kl_divergence`, also for logits.

    Examples
    --------
    >>> from w2s_stats.divergences import KL
    >>> KL().pointwise([[1.0, 0.0], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]).round(4)
    array([0.6931, 0.    ])
    """

    p_range = Range(0.0, 1.0)
    q_range = Range(0.0, 1.0)

    @property
    def domain(self) -> str:
        """Which p and q are accepted, in words."""
        return f"{super().domain}, rows that sum to 1; infinite where q = 0 < p"

    def potential(self, p: Any) -> np.ndarray:
        """Sum of p log p."""
        return -row_sums(entr(check_probabilities(p, name="p"), dtype=np.float64))

    def gradient(self, q: Any) -> np.ndarray:
        """1 + log q; -inf where q = 0."""
        with np.errstate(divide="ignore"):
            return 1.0 + np.log(check_probabilities(q, name="q"))

    def check(
        self, p: Any, q: Any, *, names: tuple[str, str] = ("p", "q")
    ) -> tuple[np.ndarray, np.ndarray]:
        """Raise one sentence unless `p` and `q` are rows of probabilities of one shape."""
        p, q = check_probabilities(p, name=names[0]), check_probabilities(q, name=names[1])
        check_same_shape(p, q, names=names)
        return p, q

    def pointwise(self, p: Any, q: Any) -> np.ndarray:
        """KL(p || q) of every row; as `Bregman.pointwise`."""
        check_alignment(p=p, q=q)
        # Checked in the pass that computes it.
        return kl_rows(p, q)


class GeneralizedKL(Separable):
    r"""KL of measures: :math:`\varphi(p) = p \log p - p`, :math:`D = p \log(p/q) - p + q`.

    For p >= 0 and q > 0.

    Examples
    --------
    >>> from w2s_stats.divergences import GeneralizedKL
    >>> GeneralizedKL().pointwise([2.0, 0.0], [1.0, 3.0]).round(4)
    array([0.3863, 3.    ])
    """

    p_range = Range(0.0, np.inf, open_high=True)
    q_range = POSITIVE

    def potential(self, p: Any) -> np.ndarray:
        """p log p - p, summed over columns."""
        p = self._inside(p, self.p_range, name="p").astype(np.float64)
        return row_sums(-entr(p) - p)

    def gradient(self, q: Any) -> np.ndarray:
        """log q."""
        return np.log(self._inside(q, self.q_range, name="q"))

    def divergence(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """D of every row; as `Separable.divergence`."""
        return excess(p, q)


class BinaryKL(Separable):
    r"""KL of Bernoulli distributions, given by the probability of a one.

    :math:`\varphi(p) = p \log p + (1-p) \log(1-p)`,
    :math:`D = p \log\frac pq + (1-p) \log\frac{1-p}{1-q}`, for p in [0, 1] and q in (0, 1). This is
    the logistic loss on probabilities; written as softplus of logits its arguments change places.

    Examples
    --------
    >>> from w2s_stats.divergences import BinaryKL
    >>> BinaryKL().pointwise([1.0, 0.5], [0.5, 0.9]).round(4)
    array([0.6931, 0.5108])
    """

    p_range = Range(0.0, 1.0)
    q_range = Range(0.0, 1.0, open_low=True, open_high=True)

    def potential(self, p: Any) -> np.ndarray:
        """p log p + (1 - p) log(1 - p), summed over columns."""
        p = self._inside(p, self.p_range, name="p").astype(np.float64)
        return row_sums(-entr(p) - entr(1.0 - p))

    def gradient(self, q: Any) -> np.ndarray:
        """log(q / (1 - q))."""
        return logit(self._inside(q, self.q_range, name="q"))

    def divergence(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """D of every row; as `Separable.divergence`."""
        return excess(p, q) + excess(1.0 - p, 1.0 - q)


class ItakuraSaito(Separable):
    r"""Itakura-Saito divergence: :math:`\varphi(p) = -\log p`, :math:`D = p/q - \log(p/q) - 1`.

    For p > 0 and q > 0. It knows ratios only: D(c p, c q) = D(p, q).

    Examples
    --------
    >>> from w2s_stats.divergences import ItakuraSaito
    >>> ItakuraSaito().pointwise([2.0, 1.0], [1.0, 1.0]).round(4)
    array([0.3069, 0.    ])
    """

    p_range = POSITIVE
    q_range = POSITIVE

    def potential(self, p: Any) -> np.ndarray:
        """-log p, summed over columns."""
        p = self._inside(p, self.p_range, name="p").astype(np.float64)
        return -row_sums(np.log(p))

    def gradient(self, q: Any) -> np.ndarray:
        """-1 / q."""
        return -1.0 / self._inside(q, self.q_range, name="q")

    def divergence(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """D of every row; as `Separable.divergence`."""
        # D = (q log(q/p) - q + p) / q, of which nothing cancels where p is near q.
        terms = excess(q.reshape(-1, 1), p.reshape(-1, 1))
        return (terms.reshape(q.shape) / q).sum(axis=1)
