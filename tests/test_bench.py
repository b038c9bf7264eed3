"""The bench: every row runs on small shapes, and who is compared computes the same."""

import json
from functools import partial

import numpy as np
import pytest

from bench import __main__ as bench
from bench import _timing, calibration, divergence, em, misfit, resample
from bench._case import Case, Peer, judge

SMALL = {
    divergence.probabilities: [
        dict(n=300, k=k, dtype=dtype) for k in (2, 10, 70) for dtype in ("float64", "float32")
    ],
    divergence.logits: [dict(n=40, k=1500)],
    divergence.outputs: [dict(n=500)],
    misfit.squared_errors: [dict(n_tasks=3, n=400, dtype=t) for t in ("float64", "float32")],
    resample.bootstrap: [dict(n=1000, m=3, n_resamples=400, share=0.5)],
    calibration.bins: [dict(n=2000, n_bins=15)],
    calibration.smooth: [dict(n=500)],
    em.one_pass: [
        dict(n=2000, d=3, k=3, gate=gate, aims={"read": 7.0}) for gate in ("constant", "softmax")
    ],
    em.start: [dict(n=400, d=2, k=2)],
    em.ten_starts: [dict(n=400, d=2, k=2)],
}
MAKERS = [(make, given) for make, several in SMALL.items() for given in several]
IDS = [f"{make.__name__}-{i}" for i, (make, _) in enumerate(MAKERS)]
ALONE = {"smooth_calibration_error", "EM start, softmax gate", "ten starts, softmax gate"}


@pytest.mark.parametrize(("make", "given"), MAKERS, ids=IDS)
def test_peers_agree_with_ours(make, given):
    for case in make(**given):
        found = case.disagreement()
        assert found.keys() == case.peers.keys() and (found or case.kernel in ALONE)
        assert all(units <= 1.0 for units in found.values()), (case.kernel, found)


def test_every_row_is_among_the_small_ones():
    made = {make.func for make in bench.ROWS.values()}
    assert made == {*SMALL, em.memory}


def test_the_table_shows_every_row_and_the_file_holds_it(tmp_path, monkeypatch, capsys):
    small = {
        "pass": lambda: em.one_pass(500, 2, 2, "constant", aims={"NumPy": 1e-9, "flexmix": 2.0}),
        "KL": lambda: divergence.probabilities(50, 10, "float64"),
        "bootstrap": lambda: resample.bootstrap(200, 1, 200, share=0.25),
        "memory": lambda: em.memory(10**9, n_quick=200_000),
    }
    monkeypatch.setattr(bench, "ROWS", small)
    monkeypatch.setattr("bench._case.QUICK_BUDGET", 0.001)
    file = tmp_path / "rows.json"
    bench.main(["--quick", "--json", str(file)])
    printed = capsys.readouterr().out
    written = json.loads(file.read_text())
    assert [path.name for path in tmp_path.iterdir()] == ["rows.json"]
    assert written["machine"]["threads"] >= 1 and written["machine"]["numpy"] == np.__version__
    kernels = [row["kernel"] for row in written["rows"]]
    assert kernels == [
        *("EM iteration, constant gate", "mean KL, unchecked", "KL rows"),
        *("kl_divergence, checked", "bootstrap means", "fit, memory beyond data"),
    ]
    assert all(name in printed for name in kernels)
    assert "NumPy >= 1e-09: met" in printed and "flexmix >= 2: not measured" in printed
    assert "(0.25 timed)" in printed and " MB" in printed
    first, mean, *_ = written["rows"]
    low, high = first["quartiles"]
    assert 0.0 < low <= first["seconds"] <= high and first["over_read"] > 0.0
    assert [aim["met"] for aim in first["aims"]] == [True, None]
    assert {"SciPy", "NumPy"} <= mean["peers_over_ours"].keys()


def test_one_name_may_be_chosen_and_an_unknown_one_is_refused(monkeypatch, capsys):
    calls = []
    rows = {name: lambda name=name: calls.append(name) or () for name in ("one row", "another")}
    monkeypatch.setattr(bench, "ROWS", rows)
    bench.main(["--only", "ROW"])
    assert calls == ["one row"]
    with pytest.raises(SystemExit):
        bench.main(["--only", "x"])
    assert "found 'x'" in capsys.readouterr().err


def test_disagreement_is_seen():
    case = Case("name", "3", "float64", lambda: np.ones(3), tolerance=0.25)
    case.peers = {"half": Peer(lambda: np.array([1.0, 1.0, 1.25]), share=0.5)}
    assert case.disagreement() == {"half": 0.5}


def test_a_share_is_scaled_to_the_whole(monkeypatch):
    ours = _timing.Timing(1.0, 1.0, 1.0, 5)
    theirs = _timing.Timing(3.0, 3.0, 3.0, 5)
    monkeypatch.setattr("bench._case.take_turns", lambda *_, **__: {"ours": ours, "few": theirs})
    peers = {"few": Peer(lambda: None, share=0.1)}
    row = Case("name", "1", "float64", int, peers=peers, aims={"few": 30.0}).measure(quick=True)
    assert row["peers_over_ours"] == {"few": pytest.approx(30.0)}
    assert row["timed_share"] == {"few": 0.1} and row["over_read"] is None


@pytest.mark.parametrize(
    ("of", "aim", "found", "met"),
    [
        ("read", 1.6, 1.5, True),
        ("seconds", 1.0, 1.1, False),
        ("SciPy", 20.0, 21.0, True),
        ("torch", 12.0, 11.0, False),
        ("torch", 12.0, None, None),
    ],
)
def test_aims_are_read_as_limits_and_as_ratios(of, aim, found, met):
    assert judge(of, aim, found)["met"] is met


def test_slow_calls_take_fewer_turns(monkeypatch):
    calls, clock = [], [0.0]
    monkeypatch.setattr(_timing.time, "perf_counter", lambda: clock[0])

    def call(name, seconds):
        calls.append(name)
        clock[0] += seconds

    ours, read, peer = (partial(call, *what) for what in (("ours", 1), ("read", 1), ("peer", 3)))
    found = _timing.take_turns(ours, read, {"peer": peer}, budget=10.0, least=1)
    turn = ["read", "ours"]
    with_peer = ["peer", "read", *turn]  # after a peer, caches are filled again
    assert calls == [*turn, "peer", *with_peer, *turn, *with_peer, *turn, *with_peer]
    assert {name: (t.median, t.repeats) for name, t in found.items()} == {
        **{"ours": (1.0, 5), "read": (1.0, 5), "peer": (3.0, 3)},
    }


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_read_adds_every_number_once(dtype):
    arrays = [np.ones((7, 100_000), dtype), np.ones(3, dtype)]
    assert sum(_timing.streaming_read(arrays)()) == 700_003
