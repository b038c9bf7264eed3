"""Exit codes and texts of the command line as a whole, and the doctor."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import w2s_stats
from w2s_stats.cli import _doctor

ROOT = Path(__file__).resolve().parents[2]


def run_process(*args, **environment):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    return subprocess.run(
        [sys.executable, "-m", "w2s_stats", *args],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_version_in_a_process_of_its_own():
    done = run_process("--version")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"w2s-stats {w2s_stats.__version__}\n",
        "",
    )


def test_bad_input_in_a_process_of_its_own():
    done = run_process("compare", "--data", "nowhere.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "w2s-stats: --data must be tone, esol or a file; there is no file nowhere.csv.\n"
    )


def test_help_names_the_commands(run):
    result = run("--help")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in ("compare", "reproduce", "doctor"))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["doktor"], "No such command 'doktor'"),
        (["--verison"], "No such option"),
        (["reproduce", "consistancy"], "No such command 'consistancy'"),
        (["reproduce", "consistency", "--replicates", "many"], "'--replicates'"),
    ],
)
def test_wrong_usage_is_one_sentence(refused, args, words):
    assert words in refused(*args)


def test_without_a_command_the_help_is_shown(run):
    result = run()
    assert result.exit_code == 2
    assert "compare" in result.output


def test_doctor(run):
    result = run("doctor")
    assert result.exit_code == 0
    for words in (w2s_stats.__version__, "numba", "kernels", "matplotlib", "All that is needed"):
        assert words in result.stdout


def test_doctor_as_json(run):
    result = run("doctor", "--json")
    found = json.loads(result.stdout)
    assert found["ok"] is True
    assert found["versions"]["w2s-stats"] == w2s_stats.__version__
    assert found["backends"]["cpu"]["works"] is True
    assert set(found["caches"]) == {"kernels", "writable"}
    assert found["threads"]["kernels"] >= 1


def test_doctor_of_a_wrong_number_of_threads(refused, monkeypatch):
    monkeypatch.setenv("W2S_STATS_THREADS", "two")
    words = "W2S_STATS_THREADS must be a whole number of at least 1; found 'two'."
    assert refused("doctor") == words


def test_doctor_says_when_the_kernels_fail(run, monkeypatch):
    def fail():
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(_doctor, "_check_cpu", fail)
    result = run("doctor")
    assert result.exit_code == 1
    assert "RuntimeError: no such instruction" in result.stdout
    assert "The CPU kernels fail." in result.stdout


def test_an_internal_failure_is_one_sentence(run, monkeypatch):
    def fail():
        raise KeyError("lost")

    monkeypatch.setattr(_doctor, "examine", fail)
    result = run("doctor")
    assert result.exit_code == 1
    assert result.stderr == (
        "w2s-stats: internal error, KeyError: 'lost' (W2S_STATS_TRACEBACK=1 shows where)\n"
    )
    monkeypatch.setenv("W2S_STATS_TRACEBACK", "1")
    assert "Traceback" in run("doctor").stderr


def test_an_interruption(run, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(_doctor, "examine", interrupt)
    result = run("doctor")
    assert (result.exit_code, result.stderr) == (130, "w2s-stats: interrupted.\n")
