"""``python -m bench [--quick] [--only NAME] [--json FILE]``: one table, measured in one run."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench import calibration, divergence, em, misfit, resample
from bench._case import in_words
from bench._timing import machine

ROWS: dict[str, Callable[[], Iterator[Any]]] = {
    **divergence.ROWS,
    **misfit.ROWS,
    **resample.ROWS,
    **calibration.ROWS,
    **em.ROWS,
}
WIDTH = 176  # of the table: names are never cut
CAPTION = (
    "x read: our time over that of reading the same numbers once, by all threads. peers: their "
    "time over ours, on the same arrays; NumPy, SciPy and scikit-learn (and BLAS below them) have "
    "one thread, torch as many as ours, flexmix a process of its own. 'timed' is the share of a "
    "peer's work that was measured, and scaled. The aims are for two cores with AVX-512."
)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks, print the table, write the rows."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repeats, no R: under a minute")
    parser.add_argument("--only", metavar="NAME", default="", help="rows whose name contains this")
    parser.add_argument("--json", metavar="FILE", help="write the rows to this file")
    parsed = parser.parse_args(arguments)
    chosen = {name: make for name, make in ROWS.items() if parsed.only.lower() in name.lower()}
    if not chosen:
        parser.error(f"--only must be part of a name; found {parsed.only!r}, names are {[*ROWS]}.")
    console, began, facts = Console(width=WIDTH), time.perf_counter(), machine()
    rows: list[dict[str, Any]] = []
    for name, make in chosen.items():
        console.print(f"{name} ...", style="dim")
        rows += (case.measure(quick=parsed.quick) for case in make())
    console.print(table_of(rows, facts))
    console.print(f"{len(rows)} rows in {time.perf_counter() - began:.0f} s.")
    if parsed.json:
        part = f"{parsed.json}.part"
        with open(part, "w") as file:
            json.dump({"machine": facts, "rows": rows}, file, indent=1)
            file.write("\n")
        os.replace(part, parsed.json)


def table_of(rows: list[dict[str, Any]], facts: dict[str, Any]) -> Table:
    """One line a row."""
    title = ", ".join(f"{key} {value}" for key, value in facts.items())
    table = Table(title=title, caption=CAPTION, caption_justify="left", box=SIMPLE_HEAD)
    for column in ("kernel", "shape", "type"):
        table.add_column(column, no_wrap=True)
    for column in ("threads", "median", "quartiles", "x read"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("peers / ours", "aims"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: dict[str, Any]) -> list[str]:
    if "megabytes" in row:
        measured = [f"{row['megabytes']:.0f} MB", "", ""]
    else:
        low, high = (1e3 * seconds for seconds in row["quartiles"])
        over_read = row["over_read"]
        measured = [
            f"{1e3 * row['seconds']:.2f} ms",
            f"{low:.2f}-{high:.2f}",
            "" if over_read is None else f"{over_read:.2f}",
        ]
    facts = [row["kernel"], row["shape"], row["dtype"], str(row["threads"])]
    peers = "\n".join(_peer(row, name) for name in row.get("peers_over_ours", ()))
    return [*facts, *measured, peers, "\n".join(map(in_words, row["aims"]))]


def _peer(row: dict[str, Any], name: str) -> str:
    share = row["timed_share"].get(name)
    timed = "" if share is None else f" ({share:.2g} timed)"
    return f"{name} {row['peers_over_ours'][name]:.1f}{timed}"


if __name__ == "__main__":
    main()
