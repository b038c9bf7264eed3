"""``python -m bench.coverage [--replicates R] [--only WORDS] [--json FILE]``: do intervals cover?

Every row is an interval at a size: the share of replicates in which it holds the truth, with the
95 % interval that the number of replicates leaves, its mean width, and whether its kind's aim is
met, missed, or open: not met, but by no more than the replicates' own noise.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter

from bench.coverage import AIMS, CASES, LEVEL, count


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--processes", type=int, help="by default one a core")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    cases = {name: case for name, case in CASES.items() if arguments.only in name}
    start, rows = time.perf_counter(), []
    for row in count(cases, arguments.replicates, processes=arguments.processes):
        rows.append(row)
        print(*_cells(row), sep=" | ", flush=True)
    verdicts = Counter(row["verdict"] for row in rows if "verdict" in row)
    seconds = time.perf_counter() - start
    print(f"\n{len(rows)} rows in {seconds:.0f} s: {dict(verdicts)}. Those that missed the aim:")
    for row in rows:
        if row.get("verdict") == "missed":
            print(*_cells(row), sep=" | ")
    if arguments.json:
        facts = {"confidence_level": LEVEL, "date": time.strftime("%Y-%m-%d"), "aims": AIMS}
        # A row a line: what another run changes is seen.
        lines = ",\n".join(json.dumps(row) for row in rows)
        with open(arguments.json, "w") as file:
            file.write(f'{json.dumps(facts)[:-1]}, "rows": [\n{lines}\n]}}\n')


def _cells(row: dict) -> list[object]:
    keys = ("case", "interval", "n", "truth", "coverage", "monte_carlo", "mean_width")
    return [row.get(key, "none") for key in (*keys, "kind", "method", "replicates", "verdict")]


if __name__ == "__main__":
    main()
