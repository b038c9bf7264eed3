"""Whether every interval that the toolkit gives holds the truth as often as it says."""

from bench.coverage import _bounds, _calibration, _models, _selection
from bench.coverage._count import AIMS, BAND, LEVEL, SIZES, VERDICTS, Case, Found, count

CASES = {**_calibration.CASES, **_bounds.CASES, **_selection.CASES, **_models.CASES}

__all__ = ["AIMS", "BAND", "CASES", "LEVEL", "SIZES", "VERDICTS", "Case", "Found", "count"]
