"""Statistics of weak-to-strong generalization.

A weak model labels data and a strong model learns from those labels. The subpackages answer what
the strong model really learned, how far it can be trusted and which way of learning is best. Each
is imported when it is first asked for, by name (``from w2s_stats.mixture import
MixtureOfExpertsRegressor``) or as an attribute (``w2s_stats.mixture``), so that importing this
module costs nothing.
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

_PACKAGES = (
    "bounds",
    "calibration",
    "datasets",
    "divergences",
    "experiments",
    "mixture",
    "reports",
    "selection",
    "testing",
    "transfer",
)


def __getattr__(name: str) -> ModuleType:
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_PACKAGES]
