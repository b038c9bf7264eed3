"""The embedded tone data, against figures computed from the table by other means."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from w2s_stats.datasets import load_tone


def test_rows_and_means():
    tone = load_tone()
    assert tone.X.shape == (150, 1)
    assert tone.y.shape == (150,)
    # column means and the mean product, summed by awk
    assert tone.X.mean() == pytest.approx(2.1652, abs=1e-8)
    assert tone.y.mean() == pytest.approx(2.07221333, abs=1e-8)
    assert (tone.X[:, 0] * tone.y).mean() == pytest.approx(4.56018440, abs=1e-8)
    assert (tone.X.min(), tone.X.max()) == (1.35, 3.0)
    assert (tone.X[0, 0], tone.y[0]) == (1.35, 1.461)
    assert (tone.X[-1, 0], tone.y[-1]) == (3.0, 2.91)
    assert tone.feature_names == ["stretchratio"]
    assert tone.target_name == "tuned"
    assert tone.data is tone.X
    assert tone.target is tone.y
    assert tone.frame is None


def test_known_fit_has_the_known_log_likelihood():
    """The two-line fit quoted in DESCR, from R's mixtools, belongs to these very rows."""
    tone = load_tone()
    x, y = tone.X[:, 0], tone.y
    density = 0.0
    for weight, b, a, s in (
        (0.69772, 1.91638, 0.042549, 0.046192),
        (0.30228, -0.019275, 0.992296, 0.132834),
    ):
        z = (y - b - a * x) / s
        density = density + weight * np.exp(-0.5 * z * z) / (s * np.sqrt(2 * np.pi))
    assert np.log(density).sum() == pytest.approx(141.198402, abs=1e-4)


def test_description_names_source_and_columns():
    text = load_tone().DESCR
    for word in ("Cohen", "1980", "stretchratio", "tuned", "150"):
        assert word in text


def test_return_x_y():
    X, y = load_tone(return_X_y=True)
    assert X.shape == (150, 1)
    assert y.shape == (150,)
    X[:] = 0
    assert load_tone().X.min() == 1.35


def test_as_frame():
    pd = pytest.importorskip("pandas")
    tone = load_tone(as_frame=True)
    assert list(tone.X.columns) == ["stretchratio"]
    assert tone.y.name == "tuned"
    assert tone.frame.shape == (150, 2)
    X, y = load_tone(return_X_y=True, as_frame=True)
    assert isinstance(X, pd.DataFrame)
    assert isinstance(y, pd.Series)


def test_as_frame_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="as_frame=True needs pandas"):
        load_tone(as_frame=True)
