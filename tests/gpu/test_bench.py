"""The bench of the CUDA kernels, as far as it goes without a GPU."""

import json
import time
import types
from functools import partial

import numpy as np
import pytest
from rich.console import Console

from bench.gpu import __main__ as bench
from bench.gpu import _case, _device
from tests.gpu.conftest import no_gpu


def test_every_case_agrees_with_the_reference(on_device):
    rows = []
    for name, case in bench.cases(scale=1e-5):
        rows.append(case().measure(1e9, repeats=1))
        assert name.startswith(rows[-1]["kernel"])
        assert rows[-1]["error"] < 1e-5, name
        assert rows[-1]["peers_over_ours"] or "logits" in name
    assert {row["kernel"] for row in rows} == {
        *("KL from logits", "KL from near logits", "KL rows", "output KL", "misfit", "bootstrap"),
        *("calibration bins", "E-step and sums", "EM iteration"),
    }
    aims = {(row["kernel"], aim["of"]): aim["at_least"] for row in rows for aim in row["aims"]}
    assert aims == {
        ("KL from logits", "copy"): 0.85,
        ("KL from logits", "torch"): 3.0,
        **{(kernel, "copy"): 0.85 for kernel in ("KL rows", "misfit")},
        **{(kernel, peer): 2.0 for kernel in ("KL rows", "misfit") for peer in ("torch", "CuPy")},
    }
    assert bench.agrees(rows)
    json.dumps(rows)
    console = Console(width=300, record=True)
    console.print(bench.table_of(rows, "title"))
    console.print(bench.summary_of(rows))
    said = console.export_text()
    assert all(words in said for words in ("KL from logits", "copy >= 0.85: ", "torch >= 3: "))
    assert f"of {sum(len(row['aims']) for row in rows)} aims met" in said
    assert bench.copy_bandwidth(1e6) > 0


def test_short_calls_are_timed_in_a_row(monkeypatch):
    calls = []
    monkeypatch.setattr(_device._compile, "device", types.SimpleNamespace(xp=np))
    seconds = _device.measure(lambda: calls.append(None), repeats=4)
    assert len(seconds) == 4 and max(seconds) < 1e-3
    assert len(calls) == 2 + 4 * 50
    monkeypatch.setattr(_device, "seconds_of", lambda call, times: 2.0)
    assert len(_device.measure(calls.clear)) == 2  # and no more than the budget holds


def row(error):
    return {
        **{"kernel": "a", "shape": "b", "dtype": "c", "seconds": 1.0, "quartiles": [1.0, 1.0]},
        **{"gigabytes_a_second": 1.0, "over_copy": 0.9, "peers_over_ours": {}, "error": error},
        "aims": [
            {"of": "copy", "at_least": 0.85, "met": True},
            {"of": "torch", "at_least": 3.0, "met": None},
        ],
    }


@pytest.fixture
def as_if_there(monkeypatch):
    """A device for `main`, and cases that measure nothing."""
    monkeypatch.setattr(bench, "absence", lambda: None)
    monkeypatch.setattr(bench, "check", lambda seconds: "passed")
    monkeypatch.setattr(bench, "machine", lambda: {"device": "none", "date": "2026-01-01"})
    monkeypatch.setattr(bench, "copy_bandwidth", lambda n_bytes: 1e9)

    def one_case(error):
        case = types.SimpleNamespace(measure=lambda bandwidth: row(error))
        monkeypatch.setattr(bench, "cases", lambda: iter([("a", lambda: case)]))

    return one_case


@pytest.mark.parametrize(("error", "status"), [(1e-7, 0), (1e-3, 1), (float("nan"), 1)])
def test_a_kernel_that_is_off_shows_in_the_exit_status(error, status, tmp_path, as_if_there):
    as_if_there(error)
    assert bench.main(["--json", str(tmp_path / "rows.json")]) == status


def test_aims_and_the_device_are_printed_and_written(tmp_path, as_if_there, capsys):
    as_if_there(1e-7)
    bench.main(["--json", str(tmp_path / "rows.json")])
    said = capsys.readouterr().out
    assert "1 of 2 aims met" in said and "a, b, c: torch >= 3: not measured" in said
    written = json.loads((tmp_path / "rows.json").read_text())
    assert written["machine"] == {"device": "none", "date": "2026-01-01"}
    assert written["agree"] and written["left_out"] == {} and len(written["rows"]) == 1
    assert written["suite"] == "passed" and "tests/gpu: passed" in said
    assert [path.name for path in tmp_path.iterdir()] == ["rows.json"]


def test_what_there_is_no_time_for_is_named(tmp_path, as_if_there, monkeypatch, capsys):
    as_if_there(1e-7)
    monkeypatch.setattr(bench, "LAST_CASE", -1.0)
    assert bench.main(["--json", str(tmp_path / "rows.json")]) == 0
    assert "a: not measured, out of time" in capsys.readouterr().out
    assert json.loads((tmp_path / "rows.json").read_text())["left_out"] == {"a": "out of time"}


def test_a_case_that_fails_does_not_end_the_others(tmp_path, as_if_there, monkeypatch, capsys):
    as_if_there(1e-7)
    ((_, good),) = bench.cases()

    def bad():
        raise MemoryError("4 GB")

    monkeypatch.setattr(bench, "cases", lambda: iter([("b", bad), ("a", good)]))
    assert bench.main(["--json", str(tmp_path / "rows.json")]) == 1
    assert "b: not measured, MemoryError: 4 GB" in capsys.readouterr().out
    written = json.loads((tmp_path / "rows.json").read_text())
    assert written["left_out"] == {"b": "MemoryError: 4 GB"} and len(written["rows"]) == 1


def test_rows_are_there_if_a_later_case_is_interrupted(tmp_path, as_if_there, monkeypatch):
    as_if_there(1e-7)
    ((_, good),) = bench.cases()

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "cases", lambda: iter([("a", good), ("b", interrupted)]))
    with pytest.raises(KeyboardInterrupt):
        bench.main(["--json", str(tmp_path / "rows.json")])
    written = json.loads((tmp_path / "rows.json").read_text())
    assert len(written["rows"]) == 1 and written["suite"] == "not run" and not written["agree"]


@pytest.mark.parametrize("suite", ["failed", "stopped after 3 s"])
def test_a_suite_that_did_not_pass_shows(suite, tmp_path, as_if_there, monkeypatch, capsys):
    as_if_there(1e-7)
    given = []
    monkeypatch.setattr(bench, "check", lambda seconds: given.append(seconds) or suite)
    assert bench.main(["--json", str(tmp_path / "rows.json")]) == 1
    assert bench.main(["--check-only"]) == 1
    assert given[1] == bench.END and bench.END - 60 < given[0] < bench.END < 8 * 60
    assert f"tests/gpu: {suite}" in capsys.readouterr().out
    written = json.loads((tmp_path / "rows.json").read_text())
    assert written["suite"] == suite and not written["agree"] and len(written["rows"]) == 1


def test_the_suite_is_stopped_in_time():
    start = time.perf_counter()
    assert bench.check(0.2) == "stopped after 0 s"
    assert time.perf_counter() - start < 5.0


def test_a_whole_run(on_device, tmp_path, as_if_there, monkeypatch, capsys):
    small = list(bench.cases(scale=1e-5))
    as_if_there(1e-7)
    monkeypatch.setattr(bench, "cases", lambda: iter(small))
    monkeypatch.setattr(_case, "measure", partial(_device.measure, budget=1e-3))
    assert bench.main(["--json", str(tmp_path / "rows.json")]) == 0
    written = json.loads((tmp_path / "rows.json").read_text())
    assert len(written["rows"]) == len(small) and written["left_out"] == {}
    assert "aims met" in capsys.readouterr().out


@pytest.mark.skipif(no_gpu() is None, reason="there is a GPU")
@pytest.mark.parametrize("arguments", [[], ["--check-only"]])
def test_without_a_gpu_it_says_so_in_one_sentence(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bench.main(arguments) == 1
    said = capsys.readouterr().out
    assert said.startswith("No GPU was") and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_unknown_arguments_are_refused(capsys):
    with pytest.raises(SystemExit):
        bench.main(["--fast"])
    assert "usage: python -m bench.gpu" in capsys.readouterr().err
