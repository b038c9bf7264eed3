"""Cross-validation that holds out target rows only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import BaseCrossValidator, KFold
from sklearn.utils.validation import _num_samples

from w2s_stats._validation import check_seed, shown
from w2s_stats.transfer._domains import check_domain


class TargetKFold(BaseCrossValidator):
    """K folds of the target rows; the source rows are in every training set and in no test set.

    What a strategy is worth shows in the target, on rows that it has not seen; the source is
    there to learn from. So n_splits folds are cut from the target rows, and all source rows join
    each training set.

    With metadata routing on, the splitter asks for `sample_domain`; with routing off, pass the
    domains as `groups`: ``cross_validate(..., groups=sample_domain, cv=TargetKFold())``.

    Parameters
    ----------
    n_splits : int, default=5
        Folds, >= 2.
    shuffle : bool, default=False
        Whether to shuffle the target rows before cutting.
    random_state : int, RandomState or None, default=None
        Seed of the shuffling.

    Raises
    ------
    ValueError
        If n_splits is below 2, or `random_state` is given without `shuffle`; in `split`, if the
        domains are left out or there are fewer target rows than folds.

    See Also
    --------
    stack_domains : Makes one sample, with its domains, from a source and a target.

    Examples
    --------
    >>> import numpy as np
    >>> from w2s_stats.transfer import TargetKFold
    >>> domain = np.array([1, 1, -1, -1, 1, -1, -1])
    >>> for train, test in TargetKFold(2).split(np.zeros((7, 1)), sample_domain=domain):
    ...     print(train, test)
    [0 1 4 5 6] [2 3]
    [0 1 2 3 4] [5 6]
    """

    __metadata_request__split: ClassVar[dict] = {"sample_domain": True}

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        if not isinstance(n_splits, int | np.integer) or n_splits < 2:
            raise ValueError(f"n_splits must be an integer of at least 2, found {shown(n_splits)}.")
        if not isinstance(shuffle, bool | np.bool_):
            raise ValueError(f"shuffle must be True or False, found {shown(shuffle)}.")
        check_seed(random_state)
        if random_state is not None and not shuffle:
            raise ValueError("random_state must be None unless shuffle=True: it has no effect.")
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state

    def split(
        self, X: Any, y: Any = None, groups: Any = None, *, sample_domain: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the positions of training and test rows, fold by fold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : Ignored
        groups : array-like of int of shape (n_samples,) or None
            Stands in for `sample_domain` where that cannot be passed.
        sample_domain : array-like of int of shape (n_samples,) or None
            >= 0 in source rows, < 0 in target rows.

        Yields
        ------
        train : ndarray of int
            All source rows, and the target rows of the other folds.
        test : ndarray of int
            Target rows of the fold.
        """
        domain = groups if sample_domain is None else sample_domain
        if domain is None:
            raise ValueError(
                "sample_domain must be passed to TargetKFold (as groups, with metadata routing "
                "off): integers, >= 0 in source rows and < 0 in target rows."
            )
        if X is None:
            raise TypeError("X must have a row for each of sample_domain; found None.")
        return super().split(X, groups=check_domain(domain, _num_samples(X)))

    def _iter_test_indices(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator:
        target = np.flatnonzero(groups < 0)
        if len(target) < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits} needs at least as many target rows, found {len(target)} "
                "rows with sample_domain < 0."
            )
        folds = KFold(self.n_splits, shuffle=self.shuffle, random_state=self.random_state)
        for _, test in folds.split(target):
            yield target[test]

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, **metadata: Any
    ) -> int:
        """Return the number of folds; every argument is ignored."""
        return int(self.n_splits)
