"""Small simulated mixtures of experts, the same on every machine: data for the R oracle.

``SIMULATED`` is the table of data sets and ``simulated(name)`` draws one of them. Values are
rounded to six decimals, so that a CSV file holds exactly what the tests see.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Simulation:
    """One simulated data set: the truth it is drawn from and the model to fit to it.

    Parameters
    ----------
    expert : {"gaussian", "poisson", "bernoulli"}
        The experts' family; the links are identity, log and logit.
    n_samples : int
        Number of rows.
    coef : tuple of tuple of float
        A row an expert: the intercept, then the slopes.
    gate : tuple of tuple of float
        A row an expert: its logit's intercept, then the slopes. No slopes: a constant gate.
    scale : tuple of float, default=()
        Standard deviations of the Gaussian experts.
    correlation : float, default=0.0
        Correlation of every pair of columns of X.
    affine : (float, float), default=(1.0, 0.0)
        Factor and shift that X is reported with, after y has been drawn.
    noise : {"normal", "t3"}, default="normal"
        Noise of the Gaussian experts; ``"t3"`` makes the fitted model wrong.
    """

    expert: Literal["gaussian", "poisson", "bernoulli"]
    n_samples: int
    coef: Rows
    gate: Rows
    scale: tuple[float, ...] = ()
    correlation: float = 0.0
    affine: tuple[float, float] = (1.0, 0.0)
    noise: Literal["normal", "t3"] = "normal"

    @property
    def n_experts(self) -> int:
        """Number of experts."""
        return len(self.coef)

    @property
    def gate_name(self) -> Literal["constant", "softmax"]:
        """The gate's name in ``MixtureOfExpertsRegressor``."""
        return "constant" if len(self.gate[0]) == 1 else "softmax"


SIMULATED: dict[str, Simulation] = {
    "gauss2_crossing": Simulation(
        "gaussian", 200, coef=((0, 2), (1, -1)), gate=((0.3,), (0,)), scale=(0.5, 0.5)
    ),
    "gauss2_overlap": Simulation(
        "gaussian", 300, coef=((0, 1), (1.5, 0.5)), gate=((0,), (0,)), scale=(0.7, 0.8)
    ),
    "gauss2_unequal": Simulation(
        "gaussian", 300, coef=((1, 1, 0), (0, -1, 1)), gate=((1.2,), (0,)), scale=(0.2, 2.0)
    ),
    "gauss2_scaled": Simulation(
        "gaussian",
        200,
        coef=((0, 1, 1), (2, -1, 1)),
        gate=((0,), (0.4,)),
        scale=(0.6, 0.4),
        affine=(1000.0, 1e4),
    ),
    "gauss2_t3": Simulation(
        "gaussian",
        150,
        coef=((0, 1.5), (3, -0.5)),
        gate=((0.5,), (0,)),
        scale=(0.6, 0.6),
        noise="t3",
    ),
    "gauss3_plane": Simulation(
        "gaussian",
        400,
        coef=((0, 2, 0), (1, -2, 1), (-2, 0, -2)),
        gate=((0.4,), (0,), (0.1,)),
        scale=(0.4, 0.7, 0.5),
    ),
    "gauss3_correlated": Simulation(
        "gaussian",
        500,
        coef=((0, 2, -1, 0.5), (1, -1, 2, 0), (-1, 0, 0.5, -2)),
        gate=((0,), (0.2,), (-0.3,)),
        scale=(0.5, 0.5, 0.8),
        correlation=0.9,
    ),
    "gauss4_line": Simulation(
        "gaussian",
        600,
        coef=((0, 3), (1, -3), (4, 0.5), (-4, 0)),
        gate=((0.5,), (0.2,), (0,), (-0.2,)),
        scale=(0.4, 0.5, 0.6, 0.7),
    ),
    "gauss3_overlap": Simulation(
        "gaussian",
        250,
        coef=((0, 1), (1.2, 0.6), (2.4, 1)),
        gate=((0,), (0.2,), (0,)),
        scale=(0.6, 0.5, 0.6),
    ),
    "gauss2_softmax": Simulation(
        "gaussian", 400, coef=((0, 1), (2, -0.5)), gate=((0, 0), (0.5, 1.2)), scale=(0.5, 0.7)
    ),
    "gauss2_softmax_scaled": Simulation(
        "gaussian",
        300,
        coef=((0, 1, 1), (1, -1, 0.5)),
        gate=((0, 0, 0), (-0.3, 1, -0.8)),
        scale=(0.4, 0.9),
        affine=(1000.0, 1e4),
    ),
    "gauss3_softmax": Simulation(
        "gaussian",
        600,
        coef=((0, 1.5, 0), (2, -1, 1), (-2, 0, -1)),
        gate=((0, 0, 0), (0.3, 1, -0.5), (-0.2, -0.8, 0.8)),
        scale=(0.5, 0.6, 0.8),
        correlation=0.5,
    ),
    "gauss4_softmax": Simulation(
        "gaussian",
        500,
        coef=((0, 1), (1.5, -1), (-1.5, 0), (0.5, -2)),
        gate=((0, 0), (0.3, 1.5), (0, -1), (-0.5, 0.5)),
        scale=(0.5, 0.6, 0.5, 0.4),
    ),
    "poisson2": Simulation("poisson", 300, coef=((1, 0.6), (2.2, -0.4)), gate=((0.2,), (0,))),
    "poisson3": Simulation(
        "poisson",
        600,
        coef=((0.5, 0.5, 0), (2, -0.4, 0.4), (3, 0.2, -0.3)),
        gate=((0.3,), (0,), (-0.2,)),
    ),
    "poisson3_overlap": Simulation(
        "poisson", 300, coef=((0.5, 0.4), (1.2, 0.1), (1.8, -0.2)), gate=((0.2,), (0,), (-0.2,))
    ),
    "poisson2_softmax": Simulation(
        "poisson",
        500,
        coef=((0.8, 0.5, -0.2), (2, -0.3, 0.3)),
        gate=((0, 0, 0), (0.2, 0.9, -0.6)),
        affine=(10.0, -50.0),
    ),
    "bernoulli2": Simulation("bernoulli", 600, coef=((0, 5, 0), (-1, 0, -5)), gate=((0.2,), (0,))),
    "bernoulli2_softmax": Simulation(
        "bernoulli", 600, coef=((0.5, 3, 1), (-0.5, -2, 3)), gate=((0, 0, 0), (0.2, 1.5, -1.0))
    ),
}


def simulated(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw a simulated data set.

    Parameters
    ----------
    name : str
        A key of ``SIMULATED``. The place of the name in the table plays no part in the draw.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        Features, without an intercept column.
    y : ndarray of shape (n_samples,)
        Responses.

    Examples
    --------
    >>> X, y = simulated("poisson2_softmax")
    >>> X.shape, y.shape
    ((500, 2), (500,))
    """
    truth = SIMULATED[name]
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    rng = np.random.Generator(np.random.PCG64(seed))
    n = truth.n_samples
    coef, gate = np.array(truth.coef, dtype=float), np.array(truth.gate, dtype=float)
    n_features = coef.shape[1] - 1
    own, common = rng.standard_normal((n, n_features)), rng.standard_normal((n, 1))
    X = np.sqrt(1 - truth.correlation) * own + np.sqrt(truth.correlation) * common
    design = np.column_stack([np.ones(n), X])
    logits = design[:, : gate.shape[1]] @ gate.T
    # The largest of logit plus Gumbel noise is a draw from the softmax gate.
    expert = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
    eta = np.sum(design * coef[expert], axis=1)
    if truth.expert == "gaussian":
        draws = rng.standard_normal(n) if truth.noise == "normal" else rng.standard_t(3, n)
        y = eta + np.array(truth.scale)[expert] * draws
    elif truth.expert == "poisson":
        y = rng.poisson(np.exp(eta)).astype(float)
    else:
        y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    factor, shift = truth.affine
    return np.round(factor * X + shift, 6), np.round(y, 6)
