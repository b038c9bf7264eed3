"""``python -m bench [--quick] [--json FILE]``: one table, in one run."""

from __future__ import annotations

import argparse
import json

from rich.console import Console
from rich.table import Table

from bench import em
from bench._timing import machine


def main() -> None:
    """Run every benchmark, print the table, write the rows."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no R: under a minute")
    parser.add_argument("--json", metavar="FILE", help="write the rows to this file")
    arguments = parser.parse_args()
    console = Console(width=150)
    facts = machine()
    title = ", ".join(f"{key} {value}" for key, value in facts.items())
    table = Table("kernel", "shape", "median", "quartiles", "x read", title=title)
    for peer in ("NumPy / ours", "flexmix / ours", "MB"):
        table.add_column(peer, justify="right")
    results = []
    for row in em.rows(quick=arguments.quick):
        results.append(row)
        console.print(f"{row['kernel']}, {row['shape']}: done", style="dim")
        table.add_row(*_cells(row))
    console.print(table)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"machine": facts, "rows": results}, file, indent=1)


def _cells(row: dict) -> list[str]:
    def number(key: str, pattern: str) -> str:
        return pattern.format(row[key]) if row.get(key) is not None else ""

    quartiles = row.get("quartiles")
    return [
        str(row["kernel"]),
        str(row["shape"]),
        f"{row['seconds'] * 1e3:.2f} ms" if "seconds" in row else "",
        f"{quartiles[0] * 1e3:.2f}-{quartiles[1] * 1e3:.2f}" if quartiles else "",
        number("over_read", "{:.1f}"),
        number("numpy_over_ours", "{:.0f}"),
        number("flexmix_over_ours", "{:.0f}"),
        number("megabytes", "{:.0f}"),
    ]


if __name__ == "__main__":
    main()
