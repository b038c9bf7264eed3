"""What the pictures share: axes, colours, labels that do not overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

# Okabe and Ito's palette, which readers with colour vision deficiencies can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STRONG, PALE, TEXT = "#0072B2", "#9AA3AB", "#333333"


def make_axes(ax: Any, figsize: tuple[float, float]) -> Any:
    """Return the axes passed, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Where to draw.
    figsize : tuple of float
        Width and height of a new figure, in inches.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "A picture needs matplotlib, which is not installed: pip install 'w2s-stats[plot]'."
        ) from error
    return plt.subplots(figsize=figsize, layout="constrained")[1] if ax is None else ax


def tidy(ax: Any, grid: str) -> None:
    """Leave two spines and a quiet grid along one axis ("x", "y" or "both")."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(PALE)
    ax.tick_params(colors=TEXT, which="both")
    ax.grid(axis=grid, color=PALE, alpha=0.25, linewidth=0.8)
    ax.set_axisbelow(True)


def spread(positions: np.ndarray, gap: float) -> np.ndarray:
    """Move positions apart until neighbours are at least `gap` apart, each as little as needed.

    Parameters
    ----------
    positions : ndarray of shape (n,)
        Where labels want to be.
    gap : float
        Least distance, >= 0.

    Returns
    -------
    ndarray of shape (n,)
        In the order of `positions`; their ranks are kept. The sum of squared moves is least.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.reports._axes import spread
    >>> spread(np.array([0.0, 0.1, 5.0]), 1.0)
    array([-0.45,  0.55,  5.  ])
    """
    from sklearn.isotonic import isotonic_regression

    positions = np.asarray(positions, dtype=float)
    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(len(positions))
    out = np.empty_like(positions)
    out[order] = isotonic_regression(positions[order] - steps) + steps
    return out
