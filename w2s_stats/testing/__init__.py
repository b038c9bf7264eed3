"""Laws that estimators, bounds and divergences obey, to be run on your own; needs hypothesis."""

try:
    import hypothesis  # noqa: F401
except ImportError:
    raise ModuleNotFoundError(
        "w2s_stats.testing needs hypothesis, which is not installed: "
        "pip install 'w2s-stats[test]'.",
        name="hypothesis",
    ) from None

from w2s_stats.testing import strategies
from w2s_stats.testing._bound import check_bound
from w2s_stats.testing._divergence import check_divergence
from w2s_stats.testing._em import check_em_monotone

__all__ = ["check_bound", "check_divergence", "check_em_monotone", "strategies"]
