"""Whether every interval that the toolkit gives holds the truth as often as it says."""

from bench.coverage import _bounds, _calibration, _selection
from bench.coverage._count import AIMS, LEVEL, SIZES, Case, Found, count

CASES = {**_calibration.CASES, **_bounds.CASES, **_selection.CASES}

__all__ = ["AIMS", "CASES", "LEVEL", "SIZES", "Case", "Found", "count"]
