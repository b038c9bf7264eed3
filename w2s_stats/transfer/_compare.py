"""All strategies on one problem, judged on target rows that their fits have not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from w2s_stats._validation import check_choice, check_confidence_level, check_seed, shown
from w2s_stats.transfer._comparison import StrategyComparison
from w2s_stats.transfer._default_strategies import check_source_model, default_strategies
from w2s_stats.transfer._held_out import HeldOut, hold_out
from w2s_stats.transfer._problem import Problem, read_problem
from w2s_stats.transfer._split import TargetKFold
from w2s_stats.transfer._tabulate import tabulate
from w2s_stats.transfer._task import infer_task


def compare_strategies(
    X: Any,
    y: Any,
    *,
    y_weak: Any,
    sample_domain: Any = None,
    sample_weight: Any = None,
    y_gold: Any = None,
    strategies: Mapping[str, Any] | Sequence[str] | None = None,
    source_model: Any = None,
    n_experts: int = 2,
    task: str | None = None,
    cv: Any = 5,
    interval: str = "t",
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
    progress: Callable[[str, int, int], Any] | None = None,
) -> StrategyComparison:
    """Fit every strategy, judge each on held-out target rows, and say which one to trust.

    Every strategy is fitted to all rows, and once for each fold of the target without that fold
    (:class:`TargetKFold`; the source stays in). Its error is the mean loss on held-out rows that
    have gold labels: squared error, or 1 for a wrong class. So the oracle too is judged on rows it
    has not seen. Only the oracle's fits see gold labels. A strategy that models the weak labels
    also gets its mean log-likelihood of held-out ones. A strategy that fails, or predicts what has
    no finite loss (NaN, infinity), is a row of the table that says so.

    With two gold labels or more, the strategy of smallest error is the one to trust; where chance
    may explain the order, a concept deconvolution whose diagnostics found nothing (theory 6.8)
    goes first. Without gold labels no error is known: such a deconvolution is trusted, or else
    nothing.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows of source and target, stacked (:func:`stack_domains`).
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Strong labels. In target rows missing (NaN; for classes also -1 or None), or gold.
    y_weak : array-like like y, or of shape (n_samples, n_classes)
        Weak labels, missing where not known, or probabilities of the sorted classes.
    sample_domain : array-like of int of shape (n_samples,) or None
        >= 0 in source rows, < 0 in target rows. None: rows with a strong label are source rows.
    sample_weight : array-like of shape (n_samples,) or None
        In the fits and in the mean losses.
    y_gold : array-like like y or None
        Gold labels of target rows, missing where not known; used instead of those in y. Entries of
        source rows are not looked at.
    strategies : dict of str to estimator, sequence of str, or None
        What to compare; or names of those to keep of the default: "concept deconvolution", "label
        refinement", "weak training", "source only" and, where there are gold labels, "oracle". A
        strategy is any estimator whose `fit` takes `y_weak` and `sample_domain`, or a pipeline
        that ends with one, or a search over one's parameters.
    source_model : MixtureOfExpertsRegressor, MixtureOfExpertsClassifier or None, default=None
        The mixture that the default strategies fit. None: `n_experts` Gaussian or multinomial
        experts with a constant gate.
    n_experts : int, default=2
        Used where `source_model` is None.
    task : {"regression", "classification"} or None, default=None
        None: what `source_model` or the strategies are for, else as in :func:`stack_domains`.
    cv : int or splitter, default=5
        Folds of the target rows, shuffled; or a splitter whose `split(X, y, sample_domain)` gives
        test sets that do not overlap (their source rows are not judged).
    interval : {"t", "bootstrap"}, default="t"
        "t": t intervals for means of rows' losses, Wilson's for error rates. "bootstrap":
        bootstrap-t of resampled rows. Both take the fits as given.
    confidence_level : float, default=0.95
    random_state : int, RandomState or None, default=None
        Seeds folds and default strategies.
    progress : callable or None, default=None
        Called as ``progress(stage, done, total)`` after every fit.

    Returns
    -------
    StrategyComparison
        Prints as a table with the recommendation.

    Raises
    ------
    ValueError
        In one sentence that names the argument: no target rows, fewer of them than folds, weak
        labels that are missing altogether, more experts than the default strategies have distinct
        rows to fit them to, lengths that do not agree, unknown names.

    Notes
    -----
    Errors and differences are those of the fits that are judged, each without a fold. Weak training
    on a pool of source and target has another limit there than the fit that is returned, for its
    pool has another mix (theory 6.5; with cv=5, four fifths of the target and all of the source):
    on large samples the interval of its difference to another strategy covers that of the returned
    fits far less often than its level says. More folds bring the two closer.

    References
    ----------
    Somerstep et al. (2025), Limitations of refinement methods for weak to strong generalization.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift
    >>> from w2s_stats.transfer import compare_strategies
    >>> data = make_latent_concept_shift(500, 500, n_experts=2, random_state=0)
    >>> comparison = compare_strategies(
    ...     data.X, data.y, y_weak=data.y_weak, y_gold=data.y_gold, cv=2, random_state=0
    ... )
    >>> comparison.trusted_
    'concept deconvolution'
    >>> lead = comparison.difference("concept deconvolution", "weak training")
    >>> lead.upper < 0
    True
    """
    check_choice("interval", interval, ("t", "bootstrap"))
    check_confidence_level(confidence_level)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be callable or None; found {shown(progress)}.")
    random = check_seed(random_state)
    task = _find_task(task, source_model, strategies, y, y_weak)
    problem = read_problem(
        X,
        y,
        y_weak=y_weak,
        sample_domain=sample_domain,
        sample_weight=sample_weight,
        y_gold=y_gold,
        task=task,
    )
    folds = _fold(problem, cv, int(random.randint(2**31 - 1)))
    model = check_source_model(source_model, n_experts, task)
    chosen = _choose(strategies, model, int(random.randint(2**31 - 1)), problem)
    if not isinstance(strategies, Mapping):
        _check_enough(problem, folds, chosen, model.n_experts)

    found: dict[str, HeldOut] = {}
    n_fits = len(folds) + 1
    for number, (name, strategy) in enumerate(chosen.items()):

        def report(done: int, name: str = name, before: int = number * n_fits) -> None:
            if progress is not None:
                progress(name, before + done, len(chosen) * n_fits)

        found[name] = hold_out(strategy, problem, folds, report)
        report(n_fits)
    return tabulate(
        problem,
        chosen,
        found,
        n_splits=len(folds),
        interval=interval,
        confidence_level=confidence_level,
    )


def _find_task(task: str | None, source_model: Any, strategies: Any, y: Any, y_weak: Any) -> str:
    if task is not None:
        check_choice("task", task, ("regression", "classification"))
        return task
    given = source_model
    if isinstance(strategies, Mapping) and strategies:
        given = next(iter(strategies.values()))
    if given is None:
        return infer_task(y, y_weak)
    return "classification" if is_classifier(given) else "regression"


def _fold(problem: Problem, cv: Any, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training rows, and the target rows among the test rows, of every fold."""
    target = problem.domain < 0
    if hasattr(cv, "get_n_splits"):
        splitter = cv
    elif not isinstance(cv, int | np.integer) or not 2 <= cv <= target.sum():
        raise ValueError(
            "cv must be a splitter, or a number of folds from 2 to the number of target rows, "
            f"{target.sum()}; found {shown(cv)}."
        )
    else:
        splitter = TargetKFold(int(cv), shuffle=True, random_state=seed)
    X = problem.take(np.arange(len(target)))
    folds = [(tr, te[target[te]]) for tr, te in splitter.split(X, problem.y, problem.domain)]
    seen = np.concatenate([test for _, test in folds])
    if len(np.unique(seen)) < len(seen):
        raise ValueError("cv must give test sets that do not overlap; found a row in two of them.")
    return folds


def _choose(strategies: Any, model: Any, seed: int, problem: Problem) -> dict[str, Any]:
    if isinstance(strategies, Mapping):
        if not strategies:
            raise ValueError("strategies must hold at least one strategy; found none.")
        for name, strategy in strategies.items():
            if not hasattr(strategy, "fit") or isinstance(strategy, type):
                raise TypeError(
                    f"strategies must hold unfitted estimators; found {shown(strategy)} for "
                    f"{name!r}."
                )
        return dict(strategies)
    known = default_strategies(model, seed, oracle=bool(problem.gold.any()))
    if strategies is None:
        return known
    is_sequence = isinstance(strategies, Sequence) and not isinstance(strategies, str)
    if not is_sequence or not strategies or set(map(str, strategies)) - set(known):
        raise ValueError(
            f"strategies must be a dict of estimators, or some of the names {', '.join(known)}"
            f"{'' if 'oracle' in known else ' (there are no gold labels for the oracle)'}; found "
            f"{shown(strategies)}."
        )
    return {name: known[name] for name in strategies}


def _check_enough(
    problem: Problem, folds: Sequence[tuple[np.ndarray, np.ndarray]], names: Any, n_experts: int
) -> None:
    """Raise where the default strategies' mixtures would have fewer distinct rows than experts."""
    if set(names) & {"concept deconvolution", "label refinement", "source only"}:
        found = problem.count_distinct(np.flatnonzero(problem.domain >= 0), n_experts)
        if n_experts > found:
            raise ValueError(_too_many(n_experts, found, "source"))
    if "concept deconvolution" in names:
        target = np.flatnonzero(problem.weak)
        found, where = problem.count_distinct(target, n_experts), "target"
        for train, _ in folds:
            fewer = problem.count_distinct(np.intersect1d(train, target), n_experts)
            if fewer < found:
                found, where = fewer, "smallest training fold of the target"
        if n_experts > found:
            raise ValueError(_too_many(n_experts, found, where))


def _too_many(n_experts: int, found: int, where: str) -> str:
    return (
        f"n_experts must not exceed the number of distinct labelled rows in the {where}, {found}; "
        f"found {n_experts}."
    )
