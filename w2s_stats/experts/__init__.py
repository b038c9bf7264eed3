"""Conditional densities phi(y; x, theta) and gates g(x; eta), theory 6.1.

A family member answers a few questions about a tile of data and stores nothing else: its
log-probability, its sufficient statistics, its M-step, its score and curvature.
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
