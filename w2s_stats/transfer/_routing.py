"""What `fit` calls its metadata, with scikit-learn's metadata routing on or off."""

from __future__ import annotations

from typing import Any

from sklearn import get_config
from sklearn.pipeline import Pipeline


def fit_metadata(estimator: Any, **metadata: Any) -> dict[str, Any]:
    """Name metadata as an estimator's `fit` takes it; what is None is left out.

    A pipeline hands metadata on by itself when routing is on; when it is off, the name says for
    which step it is, and here that is the last.

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
    while isinstance(estimator, Pipeline) and not get_config()["enable_metadata_routing"]:
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return {prefix + name: value for name, value in metadata.items() if value is not None}


def last_step(estimator: Any) -> Any:
    """What a pipeline ends with, or the estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator
