"""The largest number of each column: found in one read, gaps passed over."""

import warnings

import numpy as np
import pytest

from w2s_stats._validation import _rows, check_sizes
from w2s_stats.datasets import make_latent_concept_shift
from w2s_stats.transfer import ConceptDeconvolutionRegressor, _domains


@pytest.mark.parametrize("chunk", [3, 1 << 14])
def test_gaps_and_signs(chunk, monkeypatch):
    monkeypatch.setattr(_rows, "_CHUNK", chunk)
    values = np.full((10, 3), np.nan)
    values[7:, 0] = [-1e60, 0.0, 2.0]  # gaps alone in the chunks before
    values[2, 1] = -1e71
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_sizes(values[:, [0, 2]], "y")
        check_sizes(values[:, 0], "y")
        with pytest.raises(ValueError, match=r"found 1e\+71 in column 1: rescale it"):
            check_sizes(values, "y")
    with pytest.raises(ValueError, match="found 1e-80: rescale it"):
        check_sizes(np.array([0.0, -1e-80, np.nan]), "y")


@pytest.mark.parametrize("chunk", [3, 1 << 14])
@pytest.mark.parametrize("where", ["first", "second"])
def test_rows_that_are_fitted_apart(where, chunk, monkeypatch):
    monkeypatch.setattr(_rows, "_CHUNK", chunk)
    apart = np.arange(10) % 3 == 0
    values = np.ones((10, 2))
    values[apart if where == "first" else ~apart, 1] = 1e-80
    check_sizes(values, "X")  # as one, they have a column whose largest number is 1
    with pytest.raises(ValueError, match="found 1e-80 in column 1"):
        check_sizes(values, "X", apart=apart)
    check_sizes(np.ones((10, 2)), "X", apart=np.ones(10, dtype=bool))


def test_a_strategy_looks_at_its_rows_once(monkeypatch):
    looked = []

    def counted(values, name, apart=None):
        looked.append(name)
        check_sizes(values, name, apart)

    monkeypatch.setattr(_domains, "check_sizes", counted)
    for module in ("_regressor", "_classifier"):
        monkeypatch.setattr(f"w2s_stats.mixture.{module}.check_sizes", counted)
    data = make_latent_concept_shift(100, 100, n_features=2, n_experts=2, random_state=0)
    model = ConceptDeconvolutionRegressor()
    model.fit(data.X, data.y, y_weak=data.y_weak, sample_domain=data.sample_domain)
    assert looked == ["X", "y", "y_weak"]
    looked.clear()
    rows = data.sample_domain >= 0
    model.source_.__class__(2, n_init=1).fit(data.X[rows], data.y[rows], np.ones(rows.sum()))
    assert looked == ["X", "y", "sample_weight"]
