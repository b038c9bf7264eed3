"""What is inside a pipeline or a search, and what its `fit` calls the metadata."""

from __future__ import annotations

from typing import Any

from sklearn import get_config
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline


def fit_metadata(estimator: Any, **metadata: Any) -> dict[str, Any]:
    """Name metadata as an estimator's `fit` takes it; what is None is left out.

    A pipeline hands metadata on by itself when routing is on; when it is off, the name says for
    which step it is, and here that is the last. A search hands on what it gets.

    Parameters
    ----------
    estimator : estimator
    **metadata
        Arrays with a row for each sample, or None.

    Returns
    -------
    dict

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from w2s_stats.transfer._routing import fit_metadata
    >>> fit_metadata(make_pipeline(StandardScaler(), Ridge()), sample_weight=[1.0, 2.0])
    {'ridge__sample_weight': [1.0, 2.0]}
    """
    prefix = ""
    if not get_config()["enable_metadata_routing"]:
        while (within := inner(estimator)) is not None:
            prefix += f"{estimator.steps[-1][0]}__" if isinstance(estimator, Pipeline) else ""
            estimator = within
    return {prefix + name: value for name, value in metadata.items() if value is not None}


def inner(estimator: Any) -> Any:
    """What a pipeline ends with, or what a search tries (once fitted, its best); else None."""
    if isinstance(estimator, Pipeline):
        return estimator.steps[-1][1]
    if isinstance(estimator, BaseSearchCV):
        return getattr(estimator, "best_estimator_", estimator.estimator)
    return None


def last_step(estimator: Any) -> Any:
    """What is inside of all pipelines and searches, or the estimator itself."""
    while (within := inner(estimator)) is not None:
        estimator = within
    return estimator
