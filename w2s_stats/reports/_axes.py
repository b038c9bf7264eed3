"""What the pictures share: axes, colours, labels that do not overlap."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from textwrap import wrap
from typing import Any

import numpy as np

# Okabe and Ito's palette, which readers with colour vision deficiencies can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STRONG, PALE, TEXT = "#0072B2", "#9AA3AB", "#333333"
VIOLATED = COLOURS[1]

# Longer names of rows are broken.
_NAME_WIDTH = 34


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
    if not len(positions):
        return positions
    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(len(positions))
    out = np.empty_like(positions)
    out[order] = isotonic_regression(positions[order] - steps) + steps
    return out


def name_rows(ax: Any, names: Sequence[str], *, chosen: Collection[str] = ()) -> None:
    """Give each name a row from the top down, the chosen ones in bold."""
    ax.set_yticks(range(len(names)), ["\n".join(wrap(name, _NAME_WIDTH)) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0, pad=8)
    for tick, name in zip(ax.get_yticklabels(), names, strict=True):
        bold = name in chosen
        tick.set(color=STRONG if bold else TEXT, fontweight="bold" if bold else "normal")


def linear_then_log(ax: Any, near: float, low: float, high: float) -> None:
    """Show x from `low` <= 0 to `high` >= 0: half the width for what is at most `near` from 0.

    What is farther has a logarithmic scale. Ticks stand at zero, `near` and a few powers of ten.
    """
    far = max(-low, high)
    ax.set_xscale("symlog", linthresh=1.2 * near, linscale=np.log10(far / near))
    powers = 10.0 ** np.arange(np.floor(np.log10(far)), np.log10(15 * near), -1)
    powers = powers[:: 1 + len(powers) // 3][::-1]
    ticks = np.array([*-powers[::-1], -near, 0.0, near, *powers])
    ticks = ticks[(ticks >= 1.3 * low) & (ticks <= 1.3 * high)]
    texts = [f"{tick:,.3g}".replace("e+0", "e").replace("-", "−") for tick in ticks]
    ax.set_xticks(ticks, texts)
    ax.set_xticks([], minor=True)
    ax.set_xlim(1.5 * low, 1.5 * high)


def short(value: float) -> str:
    """Write a number in three digits, with a minus sign that is one.

    Examples
    --------
    >>> from w2s_stats.reports._axes import short
    >>> short(-0.25), short(4885.3), short(2e-7), short(float("inf"))
    ('−0.250', '4,885', '2.00e−07', '∞')
    """
    size = abs(value)
    if np.isinf(size):
        text = "∞" if value > 0 else "-∞"
    elif size == 0:
        text = "0"
    elif 1e-4 <= size < 1e3:
        text = f"{value:#.3g}".rstrip(".")
    else:
        text = f"{value:,.0f}" if 1e3 <= size < 1e6 else f"{value:.2e}"
    return text.replace("-", "−")
