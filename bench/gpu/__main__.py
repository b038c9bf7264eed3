"""``python -m bench.gpu [--check-only] [--json FILE]``: the CUDA kernels, checked and timed.

First every kernel on arrays of up to 4 GB: its time, its bandwidth over that of a copy measured in
the same run, and the time of what one would write with CuPy or torch over its own. No case begins
after five minutes; what was left out is named, and rows are written after each case. Then the suite
of tests/gpu on the device, which is stopped where it has not ended after eight minutes in all. Not
yet run on a GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from bench._case import Row
from bench.gpu._case import Case, agrees
from bench.gpu._device import absence, copy_bandwidth, machine
from bench.gpu._table import summary_of, table_of
from bench.gpu.divergence import kl_rows, logits, outputs
from bench.gpu.em import em_iteration, em_pass
from bench.gpu.sums import bins, bootstrap, misfits

ROOT = Path(__file__).resolve().parents[2]
BYTES = 4e9
LAST_CASE, END = 5 * 60, 8 * 60 - 5  # seconds after which no case is begun, and the suite stopped
PASSED = "passed"


def check(seconds: float) -> str:
    """Run the oracle suite on the device; whether it passed in so many seconds."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run([*command, "tests/gpu"], cwd=ROOT, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"stopped after {seconds:.0f} s"
    return PASSED if done.returncode == 0 else "failed"


def cases(scale: float = 1.0) -> Iterator[tuple[str, Callable[[], Case]]]:
    """All by name, those with aims first; made one by one, no two are in memory together."""
    size = BYTES * scale
    yield "KL from logits", partial(logits, max(2, int(8192 * scale)), 50_257)
    for dtype in (np.float32, np.float64):
        for k in (2, 10, 64, 1000):
            n = max(2, int(size / (2 * k * np.dtype(dtype).itemsize)))
            yield f"KL rows, k = {k}", partial(kl_rows, n, k, dtype)
    yield "misfit", partial(misfits, 100, max(2, int(size / 1200)))
    yield "KL from near logits", partial(logits, max(2, int(8192 * scale)), 50_257, near=0.1)
    yield "output KL", partial(outputs, max(100, int(size / 8)))
    yield "bootstrap", partial(bootstrap, max(100, int(1e6 * scale)), 3, max(2, int(2000 * scale)))
    yield "calibration bins", partial(bins, max(100, int(1e7 * scale)), 10, 15)
    for name, em in (("E-step and sums", em_pass), ("EM iteration", em_iteration)):
        yield name, partial(em, max(200, int(1e6 * scale)), 8, 4)


def main(arguments: list[str] | None = None) -> int:
    """Time, check, print, write; the exit status says whether all agreed."""
    start = time.perf_counter()
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--check-only", action="store_true", help="run the checks, time nothing")
    parser.add_argument("--json", metavar="FILE", default="gpu.json", help="where the rows go")
    parsed = parser.parse_args(arguments)
    missing = absence()
    if missing:
        print(missing)
        return 1
    if parsed.check_only:
        return 0 if check(END) == PASSED else 1
    console, facts, bandwidth = Console(width=170), machine(), copy_bandwidth(BYTES)
    rows: list[Row] = []
    left_out: dict[str, str] = {}
    found = {"machine": facts, "copy": bandwidth, "suite": "not run", "agree": False}
    found |= {"left_out": left_out, "rows": rows}
    for name, case in cases():
        if time.perf_counter() - start > LAST_CASE:
            left_out[name] = "out of time"
            continue
        try:
            rows.append(case().measure(bandwidth))
        except Exception as error:  # a run is rare: what one case meets does not end the others
            left_out[name] = f"{type(error).__name__}: {error}"
        write(found, parsed.json)
        console.print(f"{name}: {left_out.get(name, 'done')}", style="dim", markup=False)
    title = ", ".join(f"{key} {value}" for key, value in facts.items())
    console.print(table_of(rows, f"{title}\ncopy {bandwidth / 1e9:.0f} GB/s"))
    console.print(summary_of(rows))
    for name, why in left_out.items():
        console.print(f"{name}: not measured, {why}", markup=False)
    suite = check(max(1.0, END - (time.perf_counter() - start)))
    console.print(f"tests/gpu: {suite}")
    agree = suite == PASSED and agrees(rows) and set(left_out.values()) <= {"out of time"}
    write(found | {"suite": suite, "agree": agree}, parsed.json)
    return 0 if agree else 1


def write(found: dict[str, Any], path: str) -> None:
    """Write the file as a whole or not at all."""
    part = f"{path}.part"
    with open(part, "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")
    os.replace(part, path)


if __name__ == "__main__":
    raise SystemExit(main())
