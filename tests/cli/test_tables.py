"""Named columns from files, and what is said of files that are not tables."""

import pickle
import re
import zipfile

import numpy as np
import pytest

from w2s_stats.cli._columns import Columns, read_problem
from w2s_stats.cli._errors import InputError
from w2s_stats.cli._tables import read_columns

pandas = pytest.importorskip("pandas")


@pytest.fixture
def frame():
    return pandas.DataFrame(
        {
            "a": [0.5, 1.5, 2.5, 3.5],
            "b": [1, 2, 3, 4],
            "y": [1.0, 2.0, np.nan, np.nan],
            "y_weak": [1.1, np.nan, 3.1, 4.1],
            "gold": [1.0, 2.0, 3.0, 4.0],
            "side": ["source", "source", "target", "target"],
        }
    )


def write(frame, path):
    if path.suffix == ".npz":
        columns = {name: frame[name].to_numpy() for name in frame if name != "side"}
        np.savez(path, side=frame["side"].to_numpy(dtype="U6"), **columns)
    elif path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.npz"])
def test_the_same_problem_from_every_kind_of_file(frame, tmp_path, name):
    path = write(frame, tmp_path / name)
    problem = read_problem(path, Columns(y_gold="gold", domain="side"))
    assert problem.feature_names == ["a", "b"]
    np.testing.assert_array_equal(problem.X, frame[["a", "b"]].to_numpy(dtype=float))
    np.testing.assert_array_equal(problem.y, frame["y"])
    np.testing.assert_array_equal(problem.y_weak, frame["y_weak"])
    np.testing.assert_array_equal(problem.y_gold, frame["gold"])
    assert problem.sample_domain.tolist() == [1, 1, -1, -1]
    assert problem.task == "regression"


def test_features_as_named(frame, tmp_path):
    path = write(frame, tmp_path / "t.csv")
    assert read_problem(path, Columns(features=["b"])).feature_names == ["b"]


def test_features_are_named_and_what_is_left_out(frame, tmp_path):
    path = tmp_path / "t.csv"
    frame.assign(c=["1", "2", "oops", "4"]).to_csv(path)  # with its index
    problem = read_problem(path, Columns(y_gold="gold", domain="side"))
    assert problem.feature_names == ["a", "b"]
    assert problem.note.endswith("x = a, b; left out, no numbers: 'c'")


def test_gold_labels_are_not_taken_for_a_feature(frame, tmp_path):
    longer = pandas.concat([frame, frame.assign(y=[3.0, 4.0, None, None], gold=[3.0, 4, 5, 6])])
    path = write(longer, tmp_path / "t.csv")
    with pytest.raises(InputError, match="column 'gold' holds the labels of 'y' wherever those"):
        read_problem(path, Columns(domain="side"))
    named = read_problem(path, Columns(domain="side", features=["a", "gold"]))
    assert named.feature_names == ["a", "gold"]


def test_a_matrix_in_an_npz_file(tmp_path):
    path = tmp_path / "t.npz"
    X = np.arange(6.0).reshape(3, 2)
    np.savez(path, X=X, y=[1.0, 2.0, np.nan], y_weak=[1.0, 2.0, 3.0])
    problem = read_problem(path, Columns(features=["X"]))
    np.testing.assert_array_equal(problem.X, X)
    assert problem.feature_names == ["X.0", "X.1"]


@pytest.mark.parametrize(
    ("labels", "task", "expected"),
    [
        (["no", "yes", None], "auto", ["no", "yes", None]),
        ([0, 1, np.nan], "auto", [0, 1, -1]),
        ([0, 1, -1], "auto", [0, 1, -1]),
        ([3, 5, np.nan], "classification", [3, 5, -1]),
        ([True, False, None], "auto", ["True", "False", None]),
    ],
)
def test_classes(tmp_path, labels, task, expected):
    table = pandas.DataFrame({"x": [1.0, 2.0, 3.0], "y": labels, "y_weak": labels})
    problem = read_problem(write(table, tmp_path / "t.csv"), Columns(), task)
    assert problem.task == "classification"
    assert problem.y.tolist() == expected
    assert problem.y_weak.tolist() == expected


def test_truth_values_with_gaps_and_without_are_the_same_classes(tmp_path):
    given = {"x": [1.0, 2.0, 3.0], "y": [True, False, None], "y_weak": [True, False, True]}
    problem = read_problem(write(pandas.DataFrame(given), tmp_path / "t.csv"), Columns())
    assert problem.y.tolist() == ["True", "False", None]
    assert problem.y_weak.tolist() == ["True", "False", "True"]
    assert problem.target.tolist() == [False, False, True]


def test_domains_as_numbers(tmp_path):
    table = pandas.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.0], "y_weak": [1, 2], "d": [0, -3]})
    problem = read_problem(write(table, tmp_path / "t.csv"), Columns(domain="d"))
    assert problem.sample_domain.tolist() == [0, -3]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (Columns(y="z"), r"--y: .* has no column 'z'; it has a, b, y, y_weak, gold, side"),
        (Columns(y_weak="z"), "--y-weak: .* has no column 'z'"),
        (Columns(y_gold="z"), "--y-gold: .* has no column 'z'"),
        (Columns(domain="z"), "--domain: .* has no column 'z'"),
        (Columns(features=["a", "z"]), "--features: .* has no column 'z'"),
        (
            Columns(features=["y"]),
            "--features must not hold columns of labels or domains, found .y.",
        ),
        (Columns(features=["side"]), "--features: column 'side' must hold numbers, found 'source'"),
        (
            Columns(y_weak="side", features=["a"]),
            "--y-weak: column 'side' must hold numbers, found 'source'",
        ),
        (Columns(domain="a"), "--domain: column 'a' must hold integers"),
        (Columns(domain="y"), "--domain: column 'y' must hold integers"),
    ],
)
def test_wrong_columns(frame, tmp_path, columns, words):
    with pytest.raises(InputError, match=words):
        read_problem(write(frame, tmp_path / "t.csv"), columns)


def test_no_feature_left(tmp_path):
    table = pandas.DataFrame({"y": [1.0], "y_weak": [1.0], "text": ["a"]})
    with pytest.raises(InputError, match="--features must name columns"):
        read_problem(write(table, tmp_path / "t.csv"), Columns())


class Harmful:
    def __reduce__(self):
        return (print, ("loaded",))


def test_pickled_objects_are_refused(tmp_path, capsys):
    path = tmp_path / "t.npz"
    np.savez(path, y=np.array([Harmful()], dtype=object))
    with pytest.raises(InputError, match="holds pickled objects, which are refused"):
        read_columns(path)
    assert "loaded" not in capsys.readouterr().out


def write_pickle(path):
    path.write_bytes(pickle.dumps(Harmful()))


def write_npy(path):
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("y", "1, 2, 3")


@pytest.mark.parametrize("write_file", [write_pickle, write_npy, write_zip])
def test_what_is_no_npz_file_is_called_that(refused, tmp_path, capsys, write_file):
    write_file(tmp_path / "t.npz")
    sentence = refused("compare", "--data", tmp_path / "t.npz")
    assert sentence.startswith(f"{tmp_path / 't.npz'} is not an npz file of arrays")
    assert "pickled" not in sentence and "loaded" not in capsys.readouterr().out


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_arrays_that_are_no_columns(tmp_path, shape):
    np.savez(tmp_path / "t.npz", y=[1.0, 2.0], cube=np.zeros(shape))
    words = rf"one or two dimensions, found 'cube' of shape {re.escape(str(shape))}\."
    with pytest.raises(InputError, match=words):
        read_columns(tmp_path / "t.npz")


def test_two_columns_of_one_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y,x\n1,2,3\n")
    with pytest.raises(InputError, match="must have one column of each name, found 'x' twice"):
        read_columns(path)
    path.write_text("x,y,x.1\n1,2,3\n")
    assert list(read_columns(path)) == ["x", "y", "x.1"]


def test_a_long_reason_is_not_cut_in_a_word(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / ("long" * 20 + ".parquet")
    path.write_bytes(b"x")
    with pytest.raises(InputError, match="is not a table that can be read") as raised:
        read_columns(path)
    sentence = str(raised.value)
    assert sentence.count("(") == sentence.count(")") and sentence.endswith(".")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"", "is not a table that can be read"),
        ("t.csv", b"\xff\xfe\x00\x01binary\x00", "is not a table that can be read|without rows"),
        ("t.csv", b"a,b\n", "is a table without rows"),
        ("t.csv", b"a,b\n1,2\n1,2,3,4\n", "is not a table that can be read"),
        ("t.csv.gz", b"not gzip", "is not a table that can be read"),
        ("t.parquet", b"not parquet", "is not a table that can be read"),
        ("t.npz", b"PK\x03\x04 broken", "is not an npz file of arrays"),
        ("t.npz", b"", "is not an npz file of arrays"),
        ("t.txt", b"a,b\n1,2\n", "must be tone, esol or a file that ends in .csv"),
    ],
)
def test_what_is_not_a_table(tmp_path, name, content, words):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as raised:
        read_columns(path)
    assert "\n" not in str(raised.value)


def test_arrays_of_different_lengths(tmp_path):
    np.savez(tmp_path / "t.npz", y=[1.0, 2.0], x=[1.0])
    with pytest.raises(InputError, match="must hold arrays of one length, found y 2, x 1"):
        read_columns(tmp_path / "t.npz")


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        read_columns(tmp_path / "t.csv")
    with pytest.raises(InputError, match="found the folder"):
        read_columns(tmp_path)


def test_parquet_without_pyarrow(tmp_path, monkeypatch, frame):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")

    def refuse(path):
        raise ImportError("Unable to find a usable engine")

    monkeypatch.setattr(pandas, "read_parquet", refuse)
    with pytest.raises(InputError, match="needs pyarrow, which is not installed"):
        read_columns(tmp_path / "t.parquet")
