"""The picture of the consistency experiment shows its numbers."""

import numpy as np
import pytest

from w2s_stats.reports import ConsistencyDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")
SIZES, NAMES = [300, 1000, 3000], ["concept deconvolution", "source only"]
ERRORS = [[0.01, 0.003, 0.001], [0.9, 0.9, 0.9]]


@pytest.fixture
def display():
    yield ConsistencyDisplay(SIZES, NAMES, ERRORS, slopes=[-1.0, 0.0], title="errors").plot()
    pyplot.close("all")


def test_lines_are_the_errors(display):
    assert (display.ax_.get_xscale(), display.ax_.get_yscale()) == ("log", "log")
    for line, errors in zip(display.lines_, ERRORS, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), SIZES)
        np.testing.assert_array_equal(line.get_ydata(), errors)


def test_every_line_is_named_with_its_slope(display):
    texts = [text.get_text() for text in display.ax_.texts]
    names = ["concept deconvolution  (−1.00)", "source only  (+0.00)", "slope −1"]
    assert texts[:3] == names
    assert "In brackets: the fitted slope" in texts[3] and "Dashed:" in texts[3]
    assert "Bands:" not in " ".join(texts)
    assert display.ax_.get_title(loc="left") == "errors"


def test_bands_are_explained_where_there_are_some():
    bands = np.full((2, 3), 1e-4)
    ax = ConsistencyDisplay(SIZES, NAMES, ERRORS, standard_errors=bands).plot().ax_
    below = " ".join(text.get_text() for text in ax.texts)
    assert "Bands: one standard error" in below and "In brackets" not in below
    pyplot.close("all")


def test_ticks_are_the_sizes(display):
    assert [tick.get_text() for tick in display.ax_.get_xticklabels()] == ["300", "1,000", "3,000"]


def test_axes_of_the_caller_and_unknown_standard_errors():
    figure, ax = pyplot.subplots()
    unknown = np.full((2, 3), np.nan)
    display = ConsistencyDisplay(SIZES, NAMES, ERRORS, standard_errors=unknown).plot(ax=ax)
    assert display.ax_ is ax and display.figure_ is figure
    figure.canvas.draw()
    pyplot.close("all")


def test_errors_of_another_shape():
    with pytest.raises(ValueError, match=r"errors must have a row for each .* \(2, 3\); found"):
        ConsistencyDisplay(SIZES, NAMES, [[1.0, 2.0, 3.0]])
