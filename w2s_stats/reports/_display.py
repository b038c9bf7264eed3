"""What every picture is: numbers in the constructor, matplotlib only inside ``plot``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

from w2s_stats.reports._axes import TEXT, make_axes


class Display(ABC):
    """Base of the displays: `plot` draws what `_draw` says, on axes that it makes or is given.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    """

    title: str = ""

    @property
    def figsize(self) -> tuple[float, float]:
        """Width and height of a new figure, in inches."""
        return 7.6, 4.4

    def plot(self, *, ax: Any = None, name: str | None = None, **kwargs: Any) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; left out, a new figure is made.
        name : str or None, default=None
            Above the picture, in place of its title.
        **kwargs : dict
            Passed to ``ax.plot`` for the marks that the class names.

        Returns
        -------
        Display
            Itself, with `ax_`, `figure_` and what else the class names.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = make_axes(ax, self.figsize)
        self._draw(ax, kwargs)
        above = self._above() if name is None else name
        if above:
            ax.set_title(above, loc="left", color=TEXT)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @abstractmethod
    def _draw(self, ax: Any, style: dict[str, Any]) -> None:
        """Draw all but the title; `style` is for the marks that the class names."""

    def _above(self) -> str:
        return self.title
