"""Conditional densities phi(y; x, theta) and gates g(x; eta), theory 6.1.

A family member holds sizes, never data or parameters. It answers questions about a tile of data
and a parameter vector: the log-probability, the sufficient statistics (of `stats_shapes`), the
M-step, and for standard errors the score and curvature; and about parameters alone: where to start,
how many there are, which are at a floor or unbounded.
"""

from w2s_stats.experts._gates import (
    ConstantGate,
    SoftmaxGate,
    TiedGate,
    gate_curvature,
    gate_score,
)
from w2s_stats.experts._gaussian import Gaussian
from w2s_stats.experts._joint import JointGate
from w2s_stats.experts._multinomial import Multinomial
from w2s_stats.experts._poisson import Poisson
from w2s_stats.experts._tile import Tile

Expert = Gaussian | Poisson | Multinomial
Gate = ConstantGate | SoftmaxGate | TiedGate | JointGate

__all__ = [
    "ConstantGate",
    "Expert",
    "Gate",
    "Gaussian",
    "JointGate",
    "Multinomial",
    "Poisson",
    "SoftmaxGate",
    "TiedGate",
    "Tile",
    "gate_curvature",
    "gate_score",
]
