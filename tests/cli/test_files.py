"""Files are there completely, or not at all."""

import json
import os

import numpy as np
import pytest

from w2s_stats.cli import _files
from w2s_stats.cli._errors import InputError
from w2s_stats.cli._files import json_bytes, make_folder, picture_bytes, write_atomically
from w2s_stats.reports import ConsistencyDisplay


def test_write_and_replace(tmp_path):
    path = tmp_path / "numbers.json"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["numbers.json"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch, error, call):
    path = tmp_path / "numbers.json"
    path.write_bytes(b"old")

    def interrupt(*args):
        raise error

    monkeypatch.setattr(_files.os, call, interrupt)
    with pytest.raises(InputError if error is OSError else error):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["numbers.json"]


def test_a_file_gets_the_rights_that_the_user_set(tmp_path):
    write_atomically(tmp_path / "ours", b"")
    (tmp_path / "theirs").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "theirs").stat().st_mode


def test_json_is_strict():
    assert json.loads(json_bytes({"error": None, "name": "µ"})) == {"error": None, "name": "µ"}
    with pytest.raises(ValueError, match="JSON"):
        json_bytes({"error": np.nan})


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG\r\n\x1a\n"), (".pdf", b"%PDF"), (".SVG", b"<?xml")]
)
def test_pictures(suffix, start):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    display = ConsistencyDisplay([100, 1000], ["source only"], [[0.5, 0.4]])
    content = picture_bytes([display, display], suffix)
    assert content.startswith(start)
    if suffix == ".png":
        assert content.rstrip().endswith(b"IEND\xaeB`\x82")
    assert not pyplot.get_fignums()


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="--out must be a folder"):
        make_folder(tmp_path / "file", "--out")
