"""Progress is silent for two seconds, then on stderr."""

import sys
import time

import pytest

from w2s_stats.cli import _progress
from w2s_stats.cli._progress import Progress


def work(seconds):
    with Progress("counting") as progress:
        for done in range(5):
            progress(f"step {done}", done, 5)
            time.sleep(seconds / 5)


def test_nothing_is_said_of_what_is_quick(capsys):
    work(0.05)
    assert capsys.readouterr() == ("", "")


def test_lines_where_stderr_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "_SILENT_S", 0.1)
    monkeypatch.setattr(_progress, "_LINE_EVERY_S", 0.15)
    work(0.5)
    out, err = capsys.readouterr()
    assert out == ""
    assert 2 <= len(err.splitlines()) <= 4
    assert all(
        line.startswith("counting: ") and " of 5, step " in line for line in err.splitlines()
    )


def test_before_the_first_step_it_is_starting(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "_SILENT_S", 0.05)
    with Progress("counting"):
        time.sleep(0.3)
    assert capsys.readouterr().err.startswith("counting: starting, 0 s\n")


def test_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "_SILENT_S", 0.05)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    work(0.6)
    out, err = capsys.readouterr()
    assert out == ""
    assert "counting" in err and "/5" in err


def test_the_watcher_ends_with_the_work():
    with pytest.raises(RuntimeError), Progress("counting") as progress:
        raise RuntimeError
    assert not progress._thread.is_alive()
