"""The picture of the strategies' predictions shows them, and says what bold is."""

import pytest

from w2s_stats.reports import TargetFitDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")
PREDICTIONS = {"a": [0.0, 1.0], "b": [1.0, 0.0]}


@pytest.mark.parametrize("recommended", [None, "b"])
def test_lines_are_predictions_and_bold_is_explained(recommended):
    display = TargetFitDisplay(
        [0.0, 1.0], [0.1, 0.9], None, [0.0, 1.0], PREDICTIONS, recommended=recommended, title="t"
    ).plot()
    drawn = [line.get_ydata().tolist() for line in display.ax_.lines]
    assert drawn == list(PREDICTIONS.values())
    assert display.ax_.get_title(loc="left") == "t   × weak labels"
    texts = {text.get_text(): text.get_fontweight() for text in display.ax_.texts}
    assert (texts["b"] == "bold") == (recommended == "b")
    assert any(text.startswith("Bold") for text in texts) == (recommended is not None)
    pyplot.close("all")
