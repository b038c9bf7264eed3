"""The table as a file, a row a line: what another run changes is seen."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from bench.coverage._count import AIMS, LEVEL, SIZES, VERDICTS, Case


def read(path: Path) -> list[dict]:
    """Rows of a file; none where it is not there."""
    return json.loads(path.read_text())["rows"] if path.exists() else []


def write(path: Path, rows: list[dict], cases: Sequence[str]) -> None:
    """Rows in the order of the cases; those that the file has of other cases and sizes stay."""
    new = {where(row) for row in rows}
    rows = [row for row in read(path) if where(row) not in new and row["case"] in cases] + rows
    rows.sort(key=lambda row: (cases.index(row["case"]), row["n"]))
    facts = {"confidence_level": LEVEL, "date": time.strftime("%Y-%m-%d")}
    facts |= {"aims": AIMS, "verdicts": VERDICTS}
    lines = ",\n".join(json.dumps(row) for row in rows)
    path.write_text(f'{json.dumps(facts)[:-1]}, "rows": [\n{lines}\n]}}\n')


def still_open(cases: dict[str, Case], rows: list[dict]) -> dict[str, Case]:
    """Cases with an open or missed row, at the sizes that have one."""
    open_ones = {where(row) for row in rows if row.get("verdict") in ("open", "missed")}
    found = {}
    for name, case in cases.items():
        sizes = zip(SIZES, case.divide, strict=True)
        divide = tuple(by if (name, n) in open_ones else 0 for n, by in sizes)
        if any(divide):
            found[name] = case._replace(divide=divide)
    return found


def where(row: dict) -> tuple[str, int]:
    """Case and size."""
    return row["case"], row["n"]
