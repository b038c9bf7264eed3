"""Labels outside the classes are refused, wherever an argument shows how many there are."""

import numpy as np
import pytest

from w2s_stats.selection import agreement_report, performance_gap_recovered

PROBA = np.full((4, 2), 0.5)


def test_labels_outside_the_classes():
    with pytest.raises(ValueError, match="y_true must hold labels of the 2 classes of y_weak"):
        agreement_report(PROBA, PROBA, [0, 1, 2, 0])
    with pytest.raises(ValueError, match="y_ceiling must have a column for each of the 2 classes"):
        performance_gap_recovered(PROBA, PROBA, np.full((4, 3), 1 / 3), [0, 1, 1, 0])
