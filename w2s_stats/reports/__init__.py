"""Pictures of results: numbers in the constructor, matplotlib only inside ``plot``."""

from ._bound import BoundDisplay
from ._bound_rows import BoundRow
from ._budgeted_envelope import BudgetedEnvelopeDisplay
from ._comparison import StrategyComparisonDisplay
from ._consistency import ConsistencyDisplay
from ._gold_label_plan import GoldLabelPlanDisplay
from ._ranking import WeakModelRankingDisplay
from ._reliability import ReliabilityDisplay
from ._rows_to_label import RowsToLabelDisplay
from ._target_fit import TargetFitDisplay

__all__ = [
    "BoundDisplay",
    "BoundRow",
    "BudgetedEnvelopeDisplay",
    "ConsistencyDisplay",
    "GoldLabelPlanDisplay",
    "ReliabilityDisplay",
    "RowsToLabelDisplay",
    "StrategyComparisonDisplay",
    "TargetFitDisplay",
    "WeakModelRankingDisplay",
]
