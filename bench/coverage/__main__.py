"""``python -m bench.coverage [--replicates R] [--seed S] [--only WORDS] [--json FILE [--open]]``.

Do intervals cover? Every row is an interval at a size: the share of samples in which it holds the
truth, with the 95 % interval that their number leaves, its mean width, and a verdict. FILE keeps
its rows of other cases and sizes; `--open` counts those again that have a row open or missed in it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from itertools import groupby
from pathlib import Path

from bench.coverage import CASES, VERDICTS, _table, count


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="other samples of the populations")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--processes", type=int, help="by default one a core")
    parser.add_argument("--json", metavar="FILE", type=Path)
    parser.add_argument("--open", action="store_true", help="what is open or missed in FILE")
    arguments = parser.parse_args()
    cases = {name: case for name, case in CASES.items() if arguments.only in name}
    if not cases:
        parser.error(f"no case holds {arguments.only!r}; there are: {'; '.join(CASES)}")
    if arguments.open:
        if not arguments.json:
            parser.error("--open needs --json, a file with rows")
        cases = _table.still_open(cases, _table.read(arguments.json))
    start, rows = time.perf_counter(), []
    found = count(
        cases,
        arguments.replicates,
        seed=arguments.seed,
        processes=arguments.processes,
        progress=_progress,
    )
    for _, group in groupby(found, key=_table.where):
        new = list(group)
        for row in new:
            print(*_cells(row), sep=" | ", flush=True)
        # At once: a run takes long, and may be stopped.
        if arguments.json:
            _table.write(arguments.json, new, list(CASES))
        rows += new
    missed = [row for row in rows if row.get("verdict") == "missed"]
    if missed:
        print("\nThose that missed the aim:")
    for row in missed:
        print(*_cells(row), sep=" | ")
    verdicts = Counter(row["verdict"] for row in rows if "verdict" in row)
    seconds = time.perf_counter() - start
    counted = ", ".join(f"{verdicts[word]} {word}" for word in VERDICTS)
    print(f"\n{len(rows)} rows in {seconds:.0f} s: {counted}")


def _progress(done: int, total: int) -> None:
    """A line that is written over, where a person looks on."""
    if sys.stderr.isatty():
        print(f"\r{done:,} of {total:,} samples ", end="", file=sys.stderr, flush=True)


def _cells(row: dict) -> list[object]:
    keys = ("case", "interval", "n", "truth", "coverage", "monte_carlo", "mean_width")
    return [row.get(key, "none") for key in (*keys, "kind", "method", "replicates", "verdict")]


if __name__ == "__main__":
    main()
