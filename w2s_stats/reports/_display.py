"""What every picture is: numbers in the constructor, matplotlib only inside ``plot``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from textwrap import wrap
from typing import Any, Self

from w2s_stats.bounds import Assumption
from w2s_stats.reports._axes import TEXT, VIOLATED, make_axes

# Of the lines below a picture: how many characters an inch of it holds, how high they are.
_CHARACTERS, _HEIGHT = 10.95, 0.17


class Display(ABC):
    """Base of the displays: `plot` draws what `_draw` says, on axes that it makes or is given.

    Attributes
    ----------
    ax_, figure_ : matplotlib objects
        Set by `plot`.
    """

    title: str = ""
    assumptions: Sequence[Assumption] = ()

    @property
    def figsize(self) -> tuple[float, float]:
        """Width and height of a new figure, in inches, the lines below the picture included."""
        width, height = self._size()
        return width, height + _HEIGHT * len(self._lines())

    def _size(self) -> tuple[float, float]:
        """Width and height without the lines below."""
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
        self._write_lines(ax)
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

    def _notes(self) -> Sequence[str]:
        """What the marks mean, a sentence or two each, below the picture."""
        return ()

    def _lines(self) -> list[tuple[str, bool]]:
        """Notes and assumptions, broken, and whether each line tells of a violated assumption."""
        width = int(_CHARACTERS * self._size()[0])
        found = [(line, False) for note in self._notes() for line in wrap(note, width)]
        for name, status in self.assumptions:
            lines = wrap(f"{status}: {name}", width, subsequent_indent="    ")
            found += [(line, status == "violated") for line in lines]
        return found

    def _write_lines(self, ax: Any) -> None:
        for place, (line, violated) in enumerate(self._lines()):
            ax.annotate(
                line,
                (0.0, 0.0),
                xycoords="axes fraction",
                xytext=(0, -42 - 12.5 * place),
                textcoords="offset points",
                va="top",
                fontsize=8.5,
                color=VIOLATED if violated else TEXT,
                fontweight="bold" if violated else "normal",
                annotation_clip=False,
            )
