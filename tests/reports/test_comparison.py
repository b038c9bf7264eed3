"""The picture of a comparison shows its numbers."""

import sys

import numpy as np
import pytest

from w2s_stats.reports import StrategyComparisonDisplay

NAMES = ["concept deconvolution", "source only", "oracle"]


@pytest.fixture
def pyplot():
    module = pytest.importorskip("matplotlib.pyplot")
    yield module
    module.close("all")


def test_rows_points_and_intervals(pyplot):
    display = StrategyComparisonDisplay(
        NAMES,
        [0.1, 0.2, 0.05],
        lower=[0.08, 0.15, np.nan],
        upper=[0.12, 0.25, np.nan],
        recommended=NAMES[0],
        unattainable=["oracle"],
        title="tone",
    ).plot()
    ax = display.ax_
    assert [tick.get_text() for tick in ax.get_yticklabels()] == NAMES
    weights = [tick.get_fontweight() for tick in ax.get_yticklabels()]
    assert weights == ["bold", "normal", "normal"]
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in points] == [0.1, 0.2, 0.05]
    assert points[2].get_markerfacecolor() == "white"
    intervals = [tuple(line.get_xdata()) for line in ax.lines if line.get_marker() != "o"]
    assert intervals == [(0.08, 0.12), (0.15, 0.25)]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is on top


def test_what_is_not_known_is_said(pyplot):
    display = StrategyComparisonDisplay(NAMES, [0.1, np.nan, 0.2]).plot()
    assert "not known" in [text.get_text().strip() for text in display.ax_.texts]


@pytest.mark.parametrize(("largest", "scale"), [(0.3, "linear"), (30.0, "log")])
def test_far_apart_scores_get_a_logarithmic_axis(pyplot, largest, scale):
    display = StrategyComparisonDisplay(NAMES, [0.1, 0.2, largest]).plot()
    assert display.ax_.get_xscale() == scale


def test_nothing_known_can_be_drawn(pyplot):
    StrategyComparisonDisplay(NAMES, np.full(3, np.nan)).plot().figure_.canvas.draw()


def test_styles_stay_as_they_were(pyplot):
    before = dict(pyplot.rcParams)
    StrategyComparisonDisplay(NAMES, [0.1, 0.2, 0.3]).plot()
    assert dict(pyplot.rcParams) == before


def test_numbers_of_another_length():
    with pytest.raises(ValueError, match="scores must have one number for each of the 3"):
        StrategyComparisonDisplay(NAMES, [0.1])


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    display = StrategyComparisonDisplay(NAMES, [0.1, 0.2, 0.3])
    with pytest.raises(ImportError, match=r"needs matplotlib.*w2s-stats\[plot\]"):
        display.plot()
