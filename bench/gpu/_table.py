"""The table of a run, and what it reached."""

from __future__ import annotations

from rich.table import Table

from bench._case import Row, in_words


def table_of(rows: list[Row], title: str) -> Table:
    """One line a kernel."""
    table = Table("kernel", "shape", "type", "median", "quartiles", "GB/s", "x copy", title=title)
    table.add_column("peer / ours", justify="right")
    table.add_column("aims")
    table.add_column("error", justify="right")
    for row in rows:
        low, high = (1e3 * t for t in row["quartiles"])
        table.add_row(
            row["kernel"],
            row["shape"],
            row["dtype"],
            f"{row['seconds'] * 1e3:.3f} ms",
            f"{low:.3f}-{high:.3f}",
            f"{row['gigabytes_a_second']:.0f}",
            f"{row['over_copy']:.2f}",
            ", ".join(f"{name} {ratio:.1f}" for name, ratio in row["peers_over_ours"].items()),
            "\n".join(map(in_words, row["aims"])),
            f"{row['error']:.0e}",
        )
    return table


def summary_of(rows: list[Row]) -> str:
    """How many aims were met, and which were not."""
    judged = [(row, aim) for row in rows for aim in row["aims"]]
    lines = [f"{sum(aim['met'] is True for _, aim in judged)} of {len(judged)} aims met"]
    lines += [
        f"{row['kernel']}, {row['shape']}, {row['dtype']}: {in_words(aim)}"
        for row, aim in judged
        if aim["met"] is not True
    ]
    return "\n".join(lines)
