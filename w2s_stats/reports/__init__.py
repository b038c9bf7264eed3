"""Pictures of results: numbers in the constructor, matplotlib only inside ``plot``."""

from ._comparison import StrategyComparisonDisplay
from ._consistency import ConsistencyDisplay
from ._target_fit import TargetFitDisplay

__all__ = ["ConsistencyDisplay", "StrategyComparisonDisplay", "TargetFitDisplay"]
