"""ESOL: the real table where it is found, a small one of the same form everywhere."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from w2s_stats.datasets import load_esol

HEADER = (
    "Compound ID,ESOL predicted log solubility in mols per litre,Minimum Degree,Molecular Weight,"
    "Number of H-Bond Donors,Number of Rings,Number of Rotatable Bonds,Polar Surface Area,"
    "measured log solubility in mols per litre,smiles\n"
)
ROWS = '"1,2-thing",-2.5,1,100.5,0,1,2,3.25,-2.0,CCO \nother,-1.5,2,200,1,0,0,0,-1.0,CC\n'


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))
    return path


@pytest.fixture
def no_variable(monkeypatch):
    monkeypatch.delenv("W2S_STATS_DATA", raising=False)


def test_real_table(shared_data):
    try:
        esol = load_esol(shared_data)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert esol.X.shape == (1128, 6)
    assert len(esol.feature_names) == 6
    assert esol.smiles[2] == "CC(C)=CCCC(C)=CC(=O)"
    # first row of the table, and the published model's error
    np.testing.assert_allclose(esol.X[0], [1, 457.432, 7, 3, 7, 202.32])
    assert (esol.y[0], esol.y_weak[0]) == pytest.approx((-0.77, -0.974))
    assert np.sqrt(np.mean((esol.y - esol.y_weak) ** 2)) == pytest.approx(0.910, abs=5e-4)
    assert all(np.isfinite(esol[key]).all() for key in ("X", "y", "y_weak"))


@pytest.mark.parametrize("place", ["esol.csv.gz", "moleculenet/esol.csv.gz"])
@pytest.mark.parametrize("by", ["file", "folder", "variable"])
def test_every_accepted_place(tmp_path, monkeypatch, no_variable, place, by):
    path = write(tmp_path / place, HEADER + ROWS)
    if by == "variable":
        monkeypatch.setenv("W2S_STATS_DATA", str(tmp_path))
    esol = load_esol({"file": path, "folder": str(tmp_path), "variable": None}[by])
    np.testing.assert_array_equal(esol.X, [[1, 100.5, 0, 1, 2, 3.25], [2, 200, 1, 0, 0, 0]])
    np.testing.assert_array_equal(esol.y, [-2.0, -1.0])
    np.testing.assert_array_equal(esol.y_weak, [-2.5, -1.5])
    assert esol.smiles.tolist() == ["CCO", "CC"]
    assert "Delaney" in esol.DESCR


def test_absent(tmp_path, no_variable):
    with pytest.raises(FileNotFoundError, match="path_or_folder holds no ESOL data: got nothing"):
        load_esol()
    with pytest.raises(FileNotFoundError, match=r"accepted is the file esol\.csv\.gz") as caught:
        load_esol(tmp_path)
    assert repr(str(tmp_path)) in str(caught.value)


def test_an_argument_is_not_replaced_by_the_variable(tmp_path, monkeypatch):
    write(tmp_path / "esol.csv.gz", HEADER + ROWS)
    monkeypatch.setenv("W2S_STATS_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        load_esol(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"smiles,measured\n", "which is not a gzip-compressed CSV table"),
        (gzip.compress((HEADER + ROWS).encode())[:-12], "which is not a gzip-compressed CSV table"),
        (gzip.compress(b"smiles\nCC\n"), "which lacks the column 'Minimum Degree'"),
        (gzip.compress(b""), "which lacks the column 'Minimum Degree'"),
        (
            gzip.compress((HEADER + ROWS.replace("-2.5", "low")).encode()),
            "a cell that should be a finite number and is not",
        ),
        (gzip.compress((HEADER + "short,1\n").encode()), "which has no rows or a cell"),
        (gzip.compress(HEADER.encode()), "which has no rows or a cell"),
    ],
    ids=["text", "cut", "other-table", "empty", "word", "short-row", "no-rows"],
)
def test_another_file(tmp_path, content, sentence):
    path = tmp_path / "esol.csv.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        load_esol(path)
