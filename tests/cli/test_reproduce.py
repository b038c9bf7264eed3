"""``w2s-stats reproduce``: tables, files and errors."""

import json

import pytest

QUICK = ("reproduce", "consistency", "--sizes", "60,120", "--replicates", "2", "--experts", "1")


def test_consistency_from_start_to_files(run, tmp_path):
    pytest.importorskip("matplotlib")
    picture, numbers = tmp_path / "picture.png", tmp_path / "numbers.json"
    result = run(*QUICK, "--plot", picture, "--json", numbers)
    assert result.exit_code == 0, result.output
    assert "constant gate, means of 2 replicates" in " ".join(result.stdout.split())
    assert "from n = 60" in result.stdout
    found = json.loads(numbers.read_text())
    assert found["sizes"] == [60, 120]
    assert found["strategies"][0]["strategy"] == "concept deconvolution"
    assert all(len(row["errors"]) == 2 for row in found["strategies"])
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_picture_that_is_there_is_kept(run, tmp_path):
    picture = tmp_path / "consistency.png"
    picture.write_bytes(b"mine")
    result = run(*QUICK)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines()[-1] == (
        "no picture: consistency.png is there already: name a file with --plot."
    )
    assert picture.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--sizes", "many"], "--sizes must be whole numbers with commas between them"),
        (["--sizes", "300"], "--sizes must be at least two different whole numbers of rows"),
        (["--sizes", "300,20"], "each 50 or more; found [300, 20]"),
        (["--replicates", "0"], "--replicates must be 1 or more, found 0"),
        (["--gate", "door"], "--gate must be one of constant, softmax; found 'door'"),
        (["--experts", "0"], "--experts must be"),
        (["--features", "0"], "--features must be"),
        (["--plot", "x.txt"], "--plot must end in .png, .pdf, .svg"),
        (["--json", "no/such/folder.json"], "--json must lie in a folder that exists"),
    ],
)
def test_bad_options(refused, args, words):
    assert words in refused(*QUICK, *args)
