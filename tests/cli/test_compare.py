"""The main job on the command line: its table, its files, and what it says of bad input."""

import json
import os

import numpy as np
import pytest

from w2s_stats.cli import _problems
from w2s_stats.datasets import make_latent_concept_shift

pandas = pytest.importorskip("pandas")
STRATEGIES = [
    "concept deconvolution",
    "label refinement",
    "weak training",
    "source only",
    "oracle",
]


@pytest.fixture
def table(tmp_path):
    """Write a small problem to a CSV file, after changes to its columns."""
    data = make_latent_concept_shift(60, 40, n_features=2, n_experts=2, random_state=0)
    frame = pandas.DataFrame(data.X, columns=["a", "b"])
    frame = frame.assign(y=data.y, y_weak=data.y_weak, gold=data.y_gold, d=data.sample_domain)

    def write(name="table.csv", rows=slice(None), **changes):
        path = tmp_path / name
        frame.assign(**changes)[rows].to_csv(path, index=False)
        return path

    return write


def test_the_tone_data_from_start_to_files(run, tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "new" / "folder"
    result = run("compare", "--out", out, "--json", "-")
    assert result.exit_code == 0, result.output
    numbers = json.loads(result.stdout)
    assert [row["strategy"] for row in numbers["strategies"]] == STRATEGIES
    assert numbers["settings"]["data"] == "tone"
    assert (numbers["n_source"], numbers["n_target"], numbers["n_gold"]) == (75, 75, 75)
    assert numbers["trusted"] == "concept deconvolution"
    assert numbers["trusted"] in numbers["recommendation"][0]
    errors = {row["strategy"]: row["error"] for row in numbers["strategies"]}
    assert errors["oracle"] < errors["concept deconvolution"] < 0.08 < errors["source only"]
    for row in numbers["strategies"]:
        assert row["error_lower"] < row["error"] < row["error_upper"]

    # With --json - the table goes to stderr, where one can still read it.
    assert all(name in result.stderr for name in STRATEGIES)
    assert "Trust concept deconvolution" in result.stderr

    assert sorted(os.listdir(out)) == ["comparison.csv", "comparison.json", "comparison.png"]
    assert json.loads((out / "comparison.json").read_text()) == numbers
    picture = (out / "comparison.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and b"IEND" in picture[-16:]
    frame = pandas.read_csv(out / "comparison.csv", index_col="strategy")
    np.testing.assert_allclose(frame["error"], list(errors.values()))


def test_a_file_with_named_columns(run, table, tmp_path):
    path = table(weak=lambda f: f.y_weak).rename(tmp_path / "data.csv")
    saved = tmp_path / "numbers.json"
    args = ["--y-weak", "weak", "--y-gold", "gold", "--domain", "d", "--features", "b,a"]
    result = run("compare", "--data", path, *args, "--experts", "1", "--cv", "2", "--json", saved)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())
    assert "60 source rows, 40 target rows, 40 of them with gold labels." in said
    assert "Error is the mean squared error on these, held out in 2 folds." in said
    assert "wrote" in result.stderr
    numbers = json.loads(saved.read_text())
    assert numbers["settings"]["features"] == ["b", "a"]
    assert len(numbers["strategies"]) == 5


def test_without_gold_labels_no_error_is_shown(run, table, monkeypatch):
    monkeypatch.setattr("w2s_stats.cli._progress._SILENT_S", 0.0)
    args = ["--features", "a,b", "--experts", "1", "--cv", "2"]
    result = run("compare", "--data", table(), *args)
    assert "comparing: " in result.stderr and "comparing: " not in result.stdout
    assert result.exit_code == 0, result.output
    assert "Error" not in result.stdout and "interval" not in result.stdout
    assert "oracle" not in result.stdout
    assert "log q(y'|x)" in result.stdout


def test_classes(run, table):
    def to_words(column):
        return lambda f: np.where(f[column].isna(), None, np.where(f[column] > 0, "up", "down"))

    path = table(**{name: to_words(name) for name in ("y", "y_weak", "gold")})
    args = ["--y-gold", "gold", "--features", "a,b", "--experts", "1", "--cv", "2"]
    result = run("compare", "--data", path, *args)
    assert result.exit_code == 0, result.output
    assert "error rate" in result.stdout


def test_esol(run, shared_data, monkeypatch):
    monkeypatch.setenv("W2S_STATS_DATA", str(shared_data))
    result = run("compare", "--data", "esol", "--experts", "1", "--cv", "2")
    assert result.exit_code == 0, result.output
    assert "1128 molecules" in result.stdout


SMALL = ("--features", "a,b", "--cv", "2")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--y", "z"], "--y: {path} has no column 'z'; it has a, b, y, y_weak, gold, d."),
        (["--features", "a,z"], "--features: {path} has no column 'z'"),
        (["--features", "a,,b"], "--features must be column names with commas between them"),
        (
            ["--features", "a,gold", "--y-gold", "gold"],
            "--features must not hold columns of labels",
        ),
        (["--experts", "0"], "'--experts'"),
        (
            ["--experts", "61"],
            "--experts must not exceed the number of distinct labelled rows in the source, 60",
        ),
        (["--expert", "probit"], "--expert must be gaussian or poisson for regression"),
        (["--expert", "poisson"], "--y must hold counts 0, 1, 2, ..."),
        (["--gate", "door"], "'door' is not one of 'constant', 'softmax', 'gaussian'"),
        (["--task", "classification"], "--y: column 'y' must hold classes, found fractions"),
        (["--cv", "1"], "'--cv'"),
        (["--cv", "41"], "--cv must not exceed the number of target rows, 40; found 41."),
        (["--json", "no/folder/x.json"], "--json must lie in a folder that exists"),
        (["--plot", "picture.gif"], "--plot must end in .png, .pdf, .svg"),
    ],
)
def test_bad_options(refused, table, args, words):
    path = table()
    assert words.format(path=path) in refused("compare", "--data", path, *SMALL, *args)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"y_weak": np.nan}, "--y-weak must be observed in at least one target row"),
        ({"y": np.nan}, "--domain must mark at least one source row"),
        ({"y": 1.0}, "--domain must mark at least one target row, where a target row is one"),
        ({"a": lambda f: f.a.where(f.a < 1)}, "--features: column 'a' must hold finite numbers"),
        ({"y": lambda f: f.y.map(lambda v: "yes", na_action="ignore"), "y_weak": "yes"},
         "--y must have at least two classes; found one class: ['yes']"),
        ({"b": "text"}, "--features: column 'b' must hold numbers, found 'text'"),
    ],
)  # fmt: skip
def test_bad_columns(refused, table, changes, words):
    assert words in refused("compare", "--data", table(**changes), *SMALL)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (slice(60), "--domain must mark at least one target row"),
        (slice(60, None), "--domain must mark at least one source row"),
    ],
)
def test_an_empty_domain(refused, table, rows, words):
    assert words in refused("compare", "--data", table(rows=rows), "--domain", "d", *SMALL)


def test_columns_of_data_that_has_its_own(refused):
    assert "--data tone brings its own columns" in refused("compare", "--y-gold", "gold")


def test_esol_where_it_is_absent(refused, monkeypatch, tmp_path):
    monkeypatch.delenv("W2S_STATS_DATA", raising=False)
    assert "W2S_STATS_DATA is not set" in refused("compare", "--data", "esol")
    monkeypatch.setenv("W2S_STATS_DATA", str(tmp_path))
    assert f"it is not in '{tmp_path}'" in refused("compare", "--data", "esol")


def test_a_picture_without_matplotlib(refused, monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    sentence = refused("compare", "--plot", tmp_path / "x.png")
    assert "--plot needs matplotlib, which is not installed" in sentence


def test_the_picture_that_nobody_asked_for(run, table, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    args = ("compare", "--data", table(), *SMALL, "--experts", "1")
    result = run(*args)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines()[-1] == "wrote comparison.png"
    picture = tmp_path / "comparison.png"
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    picture.unlink()
    # A file of that name may be the user's own.
    picture.write_bytes(b"mine")
    result = run(*args)
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == (
        "no picture: comparison.png is there already: name a file with --plot."
    )
    assert picture.read_bytes() == b"mine"
    assert run(*args, "--plot", picture).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    picture.unlink()
    # Whoever says what to write gets that alone.
    assert run(*args, "--json", "-").exit_code == 0
    assert not picture.exists()
    monkeypatch.setattr("w2s_stats.cli._outputs.is_writable", lambda path: False)
    result = run(*args)
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == "no picture: comparison.png cannot be written."
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    for more in ((), ("--out", tmp_path / "folder")):
        result = run(*args, *more)
        assert result.exit_code == 0
        assert result.stderr.splitlines()[-1] == (
            "no picture: matplotlib is not installed: pip install 'w2s-stats[plot]'."
        )
    assert not picture.exists()


def test_what_cannot_be_written_is_refused_first(refused, monkeypatch, tmp_path):
    def never():
        raise AssertionError("the data was loaded")

    monkeypatch.setattr(_problems, "tone_problem", never)
    (tmp_path / "file").write_text("")
    assert "--out must be a folder" in refused("compare", "--out", tmp_path / "file")
    assert "--json must be a file, found the folder" in refused("compare", "--json", tmp_path)


def test_a_strategy_that_fails(run, table, tmp_path, monkeypatch):
    """A failing strategy is named at the end, with exit code 1; the others are still compared."""
    from w2s_stats.transfer import LabelRefinementRegressor

    def fail(self, *args, **kwargs):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(LabelRefinementRegressor, "fit", fail)
    args = ["--features", "a,b", "--y-gold", "gold", "--experts", "1", "--cv", "2"]
    saved = tmp_path / "numbers.json"
    result = run("compare", "--data", table(), *args, "--json", saved)
    assert result.exit_code == 1
    assert "label refinement" not in result.stdout
    assert all(name in result.stdout for name in STRATEGIES if name != "label refinement")
    assert result.stderr.splitlines()[-1] == (
        "w2s-stats: not every strategy could be compared, failed: label refinement "
        "(RuntimeError: out of luck)."
    )
    failures = [row["failure"] for row in json.loads(saved.read_text())["strategies"]]
    assert failures == ["", "RuntimeError: out of luck", "", "", ""]


def test_strategies_that_all_fail(run, table, monkeypatch):
    from w2s_stats.transfer._problem import Problem

    def fail(self, *args, **kwargs):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(Problem, "fit", fail)
    result = run("compare", "--data", table(), "--features", "a,b", "--experts", "1", "--cv", "2")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    last = result.stderr.splitlines()[-1]
    assert last.count("RuntimeError: out of luck") == 4


def test_equal_warnings_are_shown_once(run, table, monkeypatch):
    import warnings

    from w2s_stats.transfer import LabelRefinementRegressor, WeakTrainingRegressor

    for strategy in (LabelRefinementRegressor, WeakTrainingRegressor):

        def fit(self, *args, _fit=strategy.fit, **kwargs):
            warnings.warn("it is late", stacklevel=2)
            return _fit(self, *args, **kwargs)

        monkeypatch.setattr(strategy, "fit", fit)
    args = ["--features", "a,b", "--experts", "1", "--cv", "2"]
    result = run("compare", "--data", table(), *args)
    assert result.exit_code == 0, result.output
    assert "label refinement, weak training warned: it is late" in result.stdout
    assert result.stdout.count("it is late") == 1
