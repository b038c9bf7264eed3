"""Every example runs, and says what it is there to say."""

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def run_example(monkeypatch, capsys):
    """Run a script here and return what it printed: another process imports everything anew."""

    def run(name, *args, data=""):
        monkeypatch.setenv("W2S_STATS_DATA", str(data))
        monkeypatch.setenv("MPLBACKEND", "Agg")
        monkeypatch.setattr(sys, "argv", [name, *map(str, args)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.mark.slow
def test_tone(run_example, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    picture = tmp_path / "tone.png"
    said = run_example("tone_concept_shift.py", picture)
    pyplot.close("all")
    assert "Trust concept deconvolution" in said
    assert "target, estimated" in said
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_esol(run_example, shared_data):
    said = run_example("esol_weak_labels.py", data=shared_data)
    assert "1128 molecules" in said
    assert "Trust weak training" in said
    assert "correlation of y and y' given x and the concept" in said


def test_esol_where_the_data_is_absent(run_example, tmp_path, capsys):
    for args in ([], [tmp_path]):
        with pytest.raises(SystemExit) as ended:
            run_example("esol_weak_labels.py", *args)
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith("SKIPPED: ")
