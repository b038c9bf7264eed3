"""The tone perception data: 150 measured points on two lines, embedded in the package."""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np
from sklearn.utils import Bunch

_FEATURE, _TARGET = "stretchratio", "tuned"


def load_tone(*, return_X_y: bool = False, as_frame: bool = False) -> Bunch | tuple:
    """Load the tone perception data: one musician, 150 trials, two latent concepts.

    In some trials the musician sets the exact octave (a flat line near 2), in the others the
    first overtone is followed (the diagonal): the classical example of a mixture of two
    regressions (theory §6.1 with a constant gate and Gaussian experts).

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(X, y)`` instead of a Bunch.
    as_frame : bool, default=False
        Whether X is a pandas DataFrame and y a Series; needs pandas.

    Returns
    -------
    Bunch or tuple
        X, data : ndarray of shape (150, 1)
            ``stretchratio``, overtones over fundamental, in [1.35, 3].
        y, target : ndarray of shape (150,)
            ``tuned``, the tone that was set over the fundamental; 2 is an octave.
        feature_names : list of str
        target_name : str
        frame : DataFrame or None
            Both columns, with ``as_frame=True``.
        DESCR : str
            What was measured, and by whom.

    Raises
    ------
    ImportError
        If `as_frame` is true and pandas is not installed.

    References
    ----------
    .. [1] Cohen (1980), Inharmonic tone perception, Ph.D. dissertation, Stanford University.

    Examples
    --------
    >>> from w2s_stats.datasets import load_tone
    >>> tone = load_tone()
    >>> tone.X.shape, tone.feature_names, tone.target_name
    ((150, 1), ['stretchratio'], 'tuned')
    >>> round(float(tone.y.mean()), 4)
    2.0722
    """
    folder = resources.files(__package__) / "data"
    table = (folder / "tone.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    X = np.array([[float(row[_FEATURE])] for row in rows])
    y = np.array([float(row[_TARGET]) for row in rows])
    frame = None
    if as_frame:
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("as_frame=True needs pandas, which is not installed.") from error
        frame = pd.DataFrame({_FEATURE: X[:, 0], _TARGET: y})
        X, y = frame[[_FEATURE]], frame[_TARGET]
    if return_X_y:
        return X, y
    return Bunch(
        X=X,
        y=y,
        data=X,
        target=y,
        feature_names=[_FEATURE],
        target_name=_TARGET,
        frame=frame,
        DESCR=(folder / "tone.rst").read_text(encoding="utf-8"),
    )
