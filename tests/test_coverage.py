"""The coverage table: counted right, of every interval that the README of bench names."""

import json
import re
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bench.coverage import (
    CASES,
    SIZES,
    VERDICTS,
    Case,
    Found,
    __main__,
    _calibration,
    _populations,
    count,
)
from w2s_stats._intervals import wilson_rate

BENCH = Path(__file__).resolve().parents[1] / "bench"


def known(method, share, rng, n):
    """An interval of width 2 that holds the truth, 3, in this share of samples; a broken one."""
    centre = 3.0 + (0.0 if rng.random() < share else 7.0)
    yield Found("known", 3.0, centre, centre - 1, centre + 1, method)
    low = np.nan if n == 200 else -np.inf
    yield Found("broken", 3.0, np.nan, low, -low, method)


def table(method, share, replicates=400, divide=(1, 1, 0), **options):
    case = Case(lambda: partial(known, method, share), divide)
    rows = list(count({"case": case}, replicates, processes=0, **options))
    return {(row["interval"], row["n"]): row for row in rows}


def test_rows_are_shares_and_mean_widths():
    found = table("normal", 0.95)
    assert set(found) == {(name, n) for name in ("known", "broken") for n in SIZES[:2]}
    row = found["known", 200]
    assert row["truth"] == 3.0 and row["mean_width"] == 2.0 and row["replicates"] == 400
    low, high = row["monte_carlo"]
    assert low < row["coverage"] < high and high - low < 0.06
    assert 0.92 < row["coverage"] < 0.98
    assert found["broken", 200] == {
        **{"case": "case", "interval": "broken", "n": 200, "seed": 0},
        **{"truth": 3.0, "replicates": 0, "undefined": 400},
    }
    assert found["broken", 1000]["coverage"] == 1.0


@pytest.mark.parametrize(
    ("method", "share", "kind", "verdict"),
    [
        ("normal", 0.5, "asymptotic", "missed"),
        ("normal", 1.0, "asymptotic", "missed"),
        ("asymptotic, conservative", 1.0, "conservative", "conservative"),
        ("asymptotic, conservative", 0.95, "conservative", "met"),
        ("asymptotic, conservative", 0.5, "conservative", "missed"),
        ("prediction-powered", 1.0, "conservative", "conservative"),
        ("prediction-powered, skew-widened", 1.0, "asymptotic", "missed"),
        ("Hoeffding", 1.0, "finite-sample", "met"),
        ("empirical Bernstein", 0.9, "finite-sample", "missed"),
    ],
)
def test_verdicts_are_those_of_the_kind(method, share, kind, verdict):
    row = table(method, share)["known", 1000]
    assert (row["kind"], row["verdict"]) == (kind, verdict)


def test_few_replicates_leave_it_open():
    assert table("normal", 1.0, replicates=20)["known", 200]["verdict"] == "open"


def test_another_seed_draws_other_samples():
    same, again, other = (table("normal", 0.8, seed=seed) for seed in (0, 0, 1))
    assert same == again
    assert same["known", 200]["coverage"] != other["known", 200]["coverage"]


def test_progress_is_told_block_by_block():
    told = []
    table("normal", 1.0, replicates=60, progress=lambda *done: told.append(done))
    assert told == [(25, 120), (50, 120), (60, 120), (85, 120), (110, 120), (120, 120)]


def rate(interval, probability, trials, told, rng, n):
    """Of as many rows as `trials`, and told to be one or not."""
    found = interval(np.arange(trials) < rng.binomial(trials, probability))
    yield Found("rate", probability, *found[:3], "Wilson", trials if told else np.nan)


@pytest.mark.parametrize(
    ("interval", "probability", "told", "verdict"),
    [
        # Of one event that is expected, 0 to 3 are held: .98. Without 3 of them it would be .92.
        (wilson_rate, 0.005, True, "discrete"),
        (wilson_rate, 0.005, False, "missed"),
        (wilson_rate, 0.4, True, "met"),
        # Of many events a step is short, and no excuse for an interval that is too wide.
        (partial(wilson_rate, confidence_level=0.999), 0.4, True, "missed"),
        # Nor is one for holding too little.
        (partial(wilson_rate, confidence_level=0.5), 0.005, True, "missed"),
    ],
)
def test_only_steps_that_jump_over_the_aim_excuse(interval, probability, told, verdict):
    case = Case(lambda: partial(rate, interval, probability, 200, told), (1, 0, 0))
    row = next(count({"case": case}, 2000, processes=0))
    assert row["verdict"] == verdict, row


def test_without_a_truth_the_mean_of_the_estimates_takes_its_place():
    def draw(rng, n):
        centre = 5.0 + rng.normal()
        yield Found("mean", np.nan, centre, centre - 1.96, centre + 1.96, "normal")

    row = next(count({"case": Case(lambda: draw)}, 400, processes=0))
    assert row["truth"] == pytest.approx(5.0, abs=0.2)
    assert 0.92 < row["coverage"] < 0.98


@pytest.fixture
def small(monkeypatch):
    """Populations that are made in no time."""
    monkeypatch.setattr(_populations, "KINDS", 400)
    monkeypatch.setattr(_calibration, "LARGE", 2000)
    monkeypatch.setattr(_calibration, "RESAMPLES", 5)


@pytest.mark.parametrize("name", CASES)
def test_every_case_gives_intervals_around_its_estimates(name, small):
    case = CASES[name]
    draw = case.build()
    n = next(size for size, divide in zip(SIZES, case.divide, strict=True) if divide)
    found = list(draw(np.random.default_rng(0), n))
    assert len({one.interval for one in found}) == len(found) > 0
    for one in found:
        assert one.method or np.isnan(one.low), one
        assert np.isnan(one.low) or one.low <= one.estimate <= one.high, one


def test_the_command_writes_what_it_prints(small, tmp_path, monkeypatch, capsys):
    file = tmp_path / "coverage.json"
    arguments = ["--replicates", "4", "--only", "ErrorFloor, zero-one", "--processes", "0"]
    arguments += ["--seed", "3", "--json", str(file)]
    monkeypatch.setattr(sys, "argv", ["coverage", *arguments])
    __main__.main()
    written = json.loads(file.read_text())
    rows = written["rows"]
    assert {row["seed"] for row in rows} == {3} and {row["replicates"] for row in rows} == {4}
    assert {row["case"] for row in rows} == {n for n in CASES if "ErrorFloor, zero-one" in n}
    assert {row.get("verdict", "met") for row in rows} <= written["verdicts"].keys()
    printed = capsys.readouterr().out
    assert all(f"{row['case']} | {row['interval']} | {row['n']}" in printed for row in rows)
    counts = [sum(row.get("verdict") == word for row in rows) for word in VERDICTS]
    words = ", ".join(f"{n} {word}" for n, word in zip(counts, VERDICTS, strict=True))
    assert re.fullmatch(rf"{len(rows)} rows in \d+ s: {words}", printed.splitlines()[-1])


def test_what_is_open_is_counted_again_and_the_rest_stays(small, tmp_path, monkeypatch, capsys):
    file = tmp_path / "coverage.json"
    first, second = [name for name in CASES if name.startswith("GoldLabelPlan")][:2]
    rows = [
        {"case": case, "interval": "old", "n": n, "verdict": verdict}
        for case, n, verdict in [
            ("no case any more", 200, "met"),
            (first, 200, "met"),
            (second, 200, "open"),
            (second, 1000, "met"),
        ]
    ]
    file.write_text(json.dumps({"rows": rows}))
    arguments = ["--replicates", "4", "--processes", "0", "--seed", "9", "--json", str(file)]
    monkeypatch.setattr(sys, "argv", ["coverage", "--open", *arguments])
    __main__.main()
    found = {(row["case"], row["n"]): row for row in json.loads(file.read_text())["rows"]}
    assert list(found) == [(first, 200), (second, 200), (second, 1000)]
    assert [row["interval"] == "old" for row in found.values()] == [True, False, True]
    assert found[second, 200]["seed"] == 9
    monkeypatch.setattr(sys, "argv", ["coverage", "--open"])
    with pytest.raises(SystemExit):
        __main__.main()
    assert "--open needs --json" in capsys.readouterr().err


def test_a_case_that_is_not_there_is_an_error_that_names_those_that_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["coverage", "--only", "nothing"])
    with pytest.raises(SystemExit):
        __main__.main()
    assert "no case holds 'nothing'; there are: calibration" in capsys.readouterr().err


def test_the_readme_names_every_case_and_the_results_hold_them():
    readme = (BENCH / "README.md").read_text()
    for name in CASES:
        subject = re.split("[:,]", name)[0]
        assert subject in readme, subject
    results = json.loads((BENCH / "results" / "coverage.json").read_text())
    assert {row["case"] for row in results["rows"]} == set(CASES)
