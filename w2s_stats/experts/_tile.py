"""The piece of data that experts and gates see."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Tile(NamedTuple):
    """A strip of rows, turned on its side so that every loop runs along the rows.

    Attributes
    ----------
    X : ndarray of shape (n_components, n_rows)
        A row of ones (the intercept), then the features.
    gate_X : ndarray of shape (n_gate_features, n_rows)
        What the gate sees: X itself, or its features of degree two.
    Y : ndarray of shape (n_outputs, n_rows)
        Labels, NaN where missing.
    weight : ndarray of shape (n_rows,)
    """

    X: np.ndarray
    gate_X: np.ndarray
    Y: np.ndarray
    weight: np.ndarray
