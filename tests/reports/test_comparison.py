"""The picture of a comparison shows its numbers."""

import sys
from types import SimpleNamespace

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


def test_marks_and_the_choice_are_explained_below(pyplot):
    """The strategy to trust need not be the one of the smallest error: the picture says why."""
    rows = [
        SimpleNamespace(
            strategy=name, error=e, error_lower=e / 2, error_upper=2 * e, is_oracle=name == "oracle"
        )
        for name, e in zip(NAMES, (0.2, 0.1, 0.05), strict=True)
    ]
    comparison = SimpleNamespace(
        table=rows,
        trusted_=NAMES[0],
        metric="mean squared error",
        confidence_level=0.95,
        recommendation=("Trust it: it is sound.", "The smallest cannot be told from it.", "More."),
    )
    display = StrategyComparisonDisplay.from_comparison(comparison).plot()
    assert display.ax_.get_title(loc="left") == "Error in the target"
    below = " ".join(text.get_text() for text in display.ax_.texts)
    for words in ("Bold and blue: the strategy to trust", "Hollow:", "cannot be told from it."):
        assert words in below
    assert "More." not in below
    none = StrategyComparisonDisplay(NAMES[:2], [0.1, 0.2]).plot()
    assert not any("Bold" in text.get_text() for text in none.ax_.texts)


def test_what_is_not_known_is_said(pyplot):
    display = StrategyComparisonDisplay(NAMES, [0.1, np.nan, -np.inf]).plot()
    assert {"not known", "-inf"} <= {text.get_text().strip() for text in display.ax_.texts}


@pytest.mark.parametrize(("largest", "scale"), [(0.3, "linear"), (30.0, "log")])
def test_far_apart_scores_get_a_logarithmic_axis(pyplot, largest, scale):
    display = StrategyComparisonDisplay(NAMES, [0.1, 0.2, largest]).plot()
    assert display.ax_.get_xscale() == scale


def test_nothing_known_can_be_drawn(pyplot):
    display = StrategyComparisonDisplay(NAMES, np.full(3, np.nan)).plot()
    display.figure_.canvas.draw()
    texts = [text.get_text().strip() for text in display.ax_.texts]
    assert texts.count("not known") == 3 and not display.ax_.lines
    assert [tick.get_text() for tick in display.ax_.get_yticklabels()] == NAMES


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
