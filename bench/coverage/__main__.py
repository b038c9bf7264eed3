"""``python -m bench.coverage [--replicates R] [--seed S] [--only WORDS] [--json FILE]``.

Do intervals cover? Every row is an interval at a size: the share of samples in which it holds the
truth, with the 95 % interval that their number leaves, its mean width, and a verdict.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter

from bench.coverage import AIMS, CASES, LEVEL, VERDICTS, count


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="other samples of the populations")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--processes", type=int, help="by default one a core")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    cases = {name: case for name, case in CASES.items() if arguments.only in name}
    if not cases:
        parser.error(f"no case holds {arguments.only!r}; there are: {'; '.join(CASES)}")
    start, rows = time.perf_counter(), []
    for row in count(
        cases,
        arguments.replicates,
        seed=arguments.seed,
        processes=arguments.processes,
        progress=_progress,
    ):
        rows.append(row)
        print(*_cells(row), sep=" | ", flush=True)
    if arguments.json:
        about = {"replicates": arguments.replicates, "seed": arguments.seed}
        facts = {"confidence_level": LEVEL, "date": time.strftime("%Y-%m-%d"), **about}
        facts |= {"aims": AIMS, "verdicts": VERDICTS}
        # A row a line: what another run changes is seen.
        lines = ",\n".join(json.dumps(row) for row in rows)
        with open(arguments.json, "w") as file:
            file.write(f'{json.dumps(facts)[:-1]}, "rows": [\n{lines}\n]}}\n')
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
