"""Every example runs, and says what it is there to say."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run_example(name, *args, data=""):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    environment = {**os.environ, "PYTHONPATH": paths, "MPLBACKEND": "Agg", "W2S_STATS_DATA": data}
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, *args],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_tone(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "tone.png"
    said = run_example("tone_concept_shift.py", str(picture))
    assert "Trust concept deconvolution" in said
    assert "target, estimated" in said
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_esol(shared_data):
    said = run_example("esol_weak_labels.py", data=str(shared_data))
    assert "1128 molecules" in said
    assert "Trust weak training" in said
    assert "correlation of y and y' given x and the concept" in said


def test_esol_where_the_data_is_absent(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("W2S_STATS_DATA", "")
    for args in ([], [str(tmp_path)]):
        monkeypatch.setattr(sys, "argv", ["esol_weak_labels.py", *args])
        # In this process: importing everything takes another one longer than all that it does.
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "examples" / "esol_weak_labels.py"), run_name="__main__")
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith("SKIPPED: ")
