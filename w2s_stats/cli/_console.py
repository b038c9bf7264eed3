"""Where text goes, and how numbers look in it."""

from __future__ import annotations

import math
import os
from typing import Any

from rich.console import Console
from rich.table import Table

_PLAIN_WIDTH = 110


def make_console(*, stderr: bool = False) -> Console:
    """Return a console for results (stdout) or for everything else (stderr).

    Parameters
    ----------
    stderr : bool, default=False
        Where to write.

    Returns
    -------
    Console
        As wide as the terminal; where the output is not one, wide enough for the tables.
    """
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(stderr=stderr, highlight=False, emoji=False, width=_PLAIN_WIDTH)
    return console


def make_table(*columns: str, title: str = "") -> Table:
    """Return a table whose first column is text and the others are numbers.

    Parameters
    ----------
    *columns : str
        Headings.
    title : str, default=""
        Above it.

    Returns
    -------
    Table
    """
    table = Table(box=None, title=title or None, title_justify="left", pad_edge=False)
    for j, heading in enumerate(columns):
        table.add_column(heading, justify="right" if j else "left", no_wrap=j > 0)
    return table


def number(value: Any, digits: int = 3) -> str:
    """Write a number with significant digits, a dash where it is not known.

    Parameters
    ----------
    value : float or None
        The number.
    digits : int, default=3
        Significant digits.

    Returns
    -------
    str

    Examples
    --------
    >>> from w2s_stats.cli._console import number
    >>> number(0.0012345), number(1234.5), number(None)
    ('0.00123', '1,234', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0 or 1e-5 <= abs(value) < 1e6:
        decimals = 0 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))
        return f"{value:,.{decimals}f}"
    return f"{value:.{digits - 1}e}"


def interval(lower: Any, upper: Any, digits: int = 3) -> str:
    """Write an interval, nothing where it is not known."""
    if any(limit is None or not math.isfinite(limit) for limit in (lower, upper)):
        return ""
    return f"[{number(lower, digits)}, {number(upper, digits)}]"
