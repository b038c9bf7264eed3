"""Make ``flexmix_fits.json`` anew: run ``flexmix.R`` on every case, and check what it says.

python -m tests.oracles.remake DATA_FOLDER [--only NAME ...] [--starts N] [--out FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.oracles.cases import REAL, digest, load, log_likelihood
from tests.oracles.make_simulated import SIMULATED

HERE = Path(__file__).parent
REFIT = {"tone", "npreg_poisson", "gauss2_softmax"}


def cases() -> list[dict[str, Any]]:
    """Every case's head: its name, its data and its model, without the fit."""
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "file": None,
            "y": "y",
            "x": [f"x{j}" for j in range(1, len(case.coef[0]))],
            "expert": case.expert,
            "gate": case.gate_name,
            "n_experts": case.n_experts,
        }
        for name, case in SIMULATED.items()
    ]
    rows += [{"name": name, **case._asdict(), "x": list(case.x)} for name, case in REAL.items()]
    return rows


def run_r(
    case: Mapping[str, Any], X: NDArray[np.float64], y: NDArray[np.float64], n_starts: int
) -> dict[str, Any]:
    """flexmix.R's answer for one case."""
    seed = int(hashlib.sha256(case["name"].encode()).hexdigest()[:6], 16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        header = ",".join(["y", *(f"x{j + 1}" for j in range(X.shape[1]))])
        table = np.column_stack([y, X])
        np.savetxt(path, table, fmt="%.17g", delimiter=",", header=header, comments="")
        words = [path, *(case[key] for key in ("expert", "gate", "n_experts")), n_starts, seed]
        command = ["Rscript", str(HERE / "flexmix.R"), *map(str, words)]
        if case["name"] in REFIT:
            command.append("refit")
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(answer.stdout)


def main() -> None:
    """Run the cases one after the other and write one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with the files of real data")
    parser.add_argument(
        "--only", nargs="*", help="names of the cases to make; the others stay as they are"
    )
    parser.add_argument("--starts", type=int, default=60)
    parser.add_argument("--out", type=Path, default=HERE / "flexmix_fits.json")
    options = parser.parse_args()

    fits: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    earlier: dict[str, Any] = {}
    if options.only and options.out.exists():
        old = json.loads(options.out.read_text(encoding="utf-8"))
        earlier = {fit["name"]: fit for part in ("fits", "no_finite_maximum") for fit in old[part]}
    for case in cases():
        if options.only and case["name"] not in options.only:
            fits += [earlier[case["name"]]] if case["name"] in earlier else []
            continue
        begin = time.perf_counter()
        X, y = load(case, options.folder)
        answer = run_r(case, X, y, options.starts)
        versions = answer.pop("versions")
        fit = {**case, "n_samples": len(y), "sha256": digest(X, y), **answer}
        gap = abs(log_likelihood(fit, X, y) - fit["loglik"])
        if not gap < 1e-6:
            raise AssertionError(f"{fit['name']}: NumPy's log-likelihood differs by {gap}")
        fits.append(fit)
        seconds = time.perf_counter() - begin
        print(f"{fit['name']:24s}{fit['loglik']:15.6f}{gap:10.1e}{seconds:8.1f} s", flush=True)
    # Where an expert or the gate separates the rows the likelihood has no finite maximum.
    proper = [fit for fit in fits if fit["finite"] and fit["strict_maximum"]]
    others = [fit for fit in fits if fit not in proper]
    result = {"versions": versions, "fits": proper, "no_finite_maximum": others}
    text = re.sub(
        r"\[[^][{}]*\]", lambda row: " ".join(row[0].split()), json.dumps(result, indent=1)
    )
    options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
