"""The bench of the CUDA kernels, as far as it goes without a GPU."""

import json
import types

import pytest
from rich.console import Console

from bench import gpu as bench
from tests.gpu.conftest import no_gpu


def test_every_case_agrees_with_the_reference(on_device):
    rows = []
    for case in bench.cases(scale=1e-5):
        rows.append(bench.row_of(case, bandwidth=1e9, repeats=1))
        assert rows[-1]["error"] < 1e-5, case.kernel
        assert rows[-1]["peers_over_ours"] or case.kernel == "KL from logits"
    assert {row["kernel"] for row in rows} == {
        *("KL from logits", "KL rows", "misfit", "bootstrap", "calibration bins"),
        *("E-step and sums", "EM iteration"),
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
    said = console.export_text()
    assert all(words in said for words in ("KL from logits", "copy >= 0.85: ", "torch >= 3: "))
    assert bench.copy_bandwidth(1e6) > 0


@pytest.mark.parametrize(("error", "status"), [(1e-7, 0), (1e-3, 1), (float("nan"), 1)])
def test_a_kernel_that_is_off_shows_in_the_exit_status(error, status, tmp_path, monkeypatch):
    row = {
        **{"kernel": "a", "shape": "b", "dtype": "c", "seconds": 1.0, "quartiles": [1.0, 1.0]},
        **{"gigabytes_a_second": 1.0, "over_copy": 1.0, "peers_over_ours": {}, "aims": []},
    }
    monkeypatch.setattr(bench, "absence", lambda: None)
    monkeypatch.setattr(bench, "check", lambda: True)
    monkeypatch.setattr(bench, "machine", dict)
    monkeypatch.setattr(bench, "copy_bandwidth", lambda n_bytes: 1e9)
    monkeypatch.setattr(bench, "cases", lambda: [types.SimpleNamespace(kernel="a", shape="b")])
    monkeypatch.setattr(bench, "row_of", lambda case, bandwidth: {**row, "error": error})
    assert bench.main(["--json", str(tmp_path / "rows.json")]) == status


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
