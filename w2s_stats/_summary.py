"""Tables as a statistician knows them: estimates with standard errors, in statsmodels' look."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from w2s_stats._validation import check_confidence_level

if TYPE_CHECKING:
    from statsmodels.iolib.summary import Summary
    from statsmodels.iolib.table import SimpleTable

# Six columns of this width stand beside the names; statsmodels' own tables have the same widths.
_WIDTH = 10
_COLUMNS = 6
_NOTE_WIDTH = 89


def normal_interval(
    estimate: np.ndarray, standard_error: np.ndarray, confidence_level: float
) -> np.ndarray:
    """Interval of Wald, estimate plus or minus a normal quantile of standard errors.

    Parameters
    ----------
    estimate, standard_error : ndarray of shape (n_parameters,)
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    ndarray of shape (n_parameters, 2)
        NaN where the standard error is.

    Raises
    ------
    ValueError
        If `confidence_level` is not between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats._summary import normal_interval
    >>> normal_interval(np.array([1.0]), np.array([0.5]), 0.95).round(2)
    array([[0.02, 1.98]])
    """
    check_confidence_level(confidence_level)
    half = norm.ppf(0.5 + 0.5 * confidence_level) * np.asarray(standard_error)
    return np.column_stack([estimate - half, estimate + half])


def number(value: float, digits: int = 3) -> str:
    """Write a number with fixed decimals, or in powers of ten where they would hide it.

    Examples
    --------
    >>> from w2s_stats._summary import number
    >>> number(3.14159), number(2e-7), number(0.0), number(float("nan"))
    ('3.142', '2e-07', '0.000', 'nan')
    """
    if value == 0 or not np.isfinite(value) or 10.0**-digits <= abs(value) < 1e5:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}g}"


def interval_ends(confidence_level: float) -> list[str]:
    """Headers of an interval's two columns.

    Examples
    --------
    >>> from w2s_stats._summary import interval_ends
    >>> interval_ends(0.95)
    ['[0.025', '0.975]']
    """
    tail = 0.5 - 0.5 * confidence_level
    return [f"[{tail:.6g}", f"{1.0 - tail:.6g}]"]


def interval_table(
    title: str,
    rows: Sequence[tuple[str, float, float, float, str]],
    confidence_level: float,
    *,
    header: str = "value",
    digits: int = 4,
) -> SimpleTable:
    """Table of numbers with their intervals, and the methods of these; NaN ends are left blank.

    Parameters
    ----------
    title : str
    rows : sequence of (name, value, low, high, method)
    confidence_level : float
    header : str
        Over the numbers.
    digits : int
        Decimals.
    """

    def end(value: float) -> str:
        return "" if np.isnan(value) else number(value, digits)

    return plain_table(
        title,
        "",
        [row[0] for row in rows],
        [header, *interval_ends(confidence_level), "interval"],
        [
            [number(value, digits), end(low), end(high), method]
            for _, value, low, high, method in rows
        ],
    )


def coefficient_table(
    title: str,
    names: Sequence[str],
    estimate: np.ndarray,
    standard_error: np.ndarray,
    *,
    tested: np.ndarray,
    confidence_level: float,
    name_width: int = 0,
) -> SimpleTable:
    """Table of coef, std err, z, P>|z| and the interval's ends, one row a parameter.

    Parameters
    ----------
    title : str
        Stands over the names.
    names : sequence of str
    estimate, standard_error : ndarray of shape (n_parameters,)
    tested : ndarray of bool
        Where zero is a hypothesis worth testing; elsewhere z and P are left blank.
    confidence_level : float
    name_width : int
        Least width of the column of names, the same in all tables of a summary.
    """
    from statsmodels.iolib.table import Cell, SimpleTable
    from statsmodels.iolib.tableformatting import fmt_params

    interval = normal_interval(estimate, standard_error, confidence_level)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = estimate / standard_error
    p = 2.0 * norm.sf(np.abs(z))
    headers = ["coef", "std err", "z", "P>|z|", *interval_ends(confidence_level)]
    rows = [
        [
            number(estimate[i], 4),
            number(standard_error[i]),
            number(z[i]) if tested[i] else "",
            f"{p[i]:.3f}" if tested[i] else "",
            number(interval[i, 0]),
            number(interval[i, 1]),
        ]
        for i in range(len(names))
    ]
    form = {**fmt_params, "colwidths": [name_width, *[_WIDTH] * _COLUMNS], "data_fmts": ["%s"]}
    table = SimpleTable(rows, headers, list(names), txt_fmt=form)
    table[0][0] = Cell(title, datatype="stub", row=table[0])
    return table


def head_table(
    title: str, left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]], name_width: int
) -> SimpleTable:
    """The block over the coefficients: facts in two columns, as wide as the tables below it."""
    from statsmodels.iolib.table import SimpleTable
    from statsmodels.iolib.tableformatting import fmt_2cols

    blank = [("", "")] * abs(len(left) - len(right))
    pairs = zip([*left, *blank], [*right, *blank], strict=False)
    rows = [[*a, f"  {name}" if name else "", value] for a, (name, value) in pairs]
    # Three blanks stand between four cells, six between the seven columns of the tables below.
    width = name_width + _COLUMNS * (_WIDTH + 1) - 3
    names = [max(len(row[i]) for row in rows) for i in (0, 2)]
    values = width - sum(names)
    first = max(values // 2, *(len(row[1]) for row in rows))
    widths = [names[0], first, names[1], values - first]
    form = {**fmt_2cols, "colwidths": widths, "data_fmts": ["%s"], "data_aligns": "lrlr"}
    return SimpleTable(rows, title=title, txt_fmt=form)


def plain_table(
    title: str,
    corner: str,
    names: Sequence[str],
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> SimpleTable:
    """Table of ready-made texts, a name and its cells in every row.

    Parameters
    ----------
    title : str
    corner : str
        Stands over the names.
    names : sequence of str
    headers : sequence of str
    rows : sequence of sequences of str
    """
    from statsmodels.iolib.table import Cell, SimpleTable
    from statsmodels.iolib.tableformatting import fmt_params

    form = {**fmt_params, "colwidths": _WIDTH, "data_fmts": ["%s"]}
    table = SimpleTable(rows, list(headers), list(names), title=title, txt_fmt=form)
    table[0][0] = Cell(corner, datatype="stub", row=table[0])
    return table


def summary_of(tables: Sequence[SimpleTable], notes: Sequence[str]) -> Summary:
    """Join tables and numbered notes to what statsmodels' results return from ``summary()``."""
    from statsmodels.iolib.summary import Summary

    summary = Summary()
    summary.tables.extend(tables)
    lines = ["Notes:"]
    for i, note in enumerate(notes, 1):
        lines += wrap(f"[{i}] {note}", _NOTE_WIDTH, subsequent_indent="    ")
    if notes:
        summary.add_extra_txt(lines)
    return summary
