"""Draw rows of both domains from the truth of the latent concept model (theory §6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from ._arguments import check_count, seed_of
from ._latent_rows import draw_rows, expert_means, gate_probabilities
from ._latent_truth import TRUTH_KEYS

_ROW_STREAMS = (3, 4)  # others than those of make_latent_concept_shift


def sample_latent_concept_shift(
    truth: Mapping[str, Any],
    n_source: int = 1000,
    n_target: int = 1000,
    *,
    gold: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Draw fresh rows from the truth of an earlier call (theory §6.1).

    The rows are independent of those that came with `truth`, also where `random_state` is the
    seed that made it.

    Parameters
    ----------
    truth : Bunch
        What `make_latent_concept_shift` or this function returned; only its parameters are used.
        It can be pickled, and a dict with the same keys does as well.
    n_source, n_target : int, default=1000
        Rows of each domain, >= 0 and not both zero.
    gold : bool, default=True
        Whether the result holds ``y_gold``.
    random_state : int, RandomState instance or None, default=None
        Seed of the rows.

    Returns
    -------
    Bunch
        The same keys as from `make_latent_concept_shift`.

    Raises
    ------
    ValueError
        If `truth` lacks a parameter, or a number of rows is wrong.

    Examples
    --------
    >>> from w2s_stats.datasets import make_latent_concept_shift, sample_latent_concept_shift
    >>> train = make_latent_concept_shift(100, 100, random_state=0)
    >>> test = sample_latent_concept_shift(train, 0, 20_000, random_state=1)
    >>> test.X.shape, bool((test.coef == train.coef).all())
    ((20000, 5), True)
    >>> bool(abs(test.target_frequencies - train.target_prior).max() < 0.02)
    True
    """
    if not isinstance(truth, Mapping):
        raise ValueError(
            "truth must be what make_latent_concept_shift returned, "
            f"got an object of type {type(truth).__name__}."
        )
    absent = [key for key in TRUTH_KEYS if key not in truth]
    if absent:
        more = f" and {len(absent) - 2} more" if len(absent) > 2 else ""
        raise ValueError(
            "truth must be what make_latent_concept_shift returned, "
            f"but it lacks {', '.join(absent[:2])}{more}."
        )
    n_source = check_count(n_source, "n_source", 0)
    n_target = check_count(n_target, "n_target", 0)
    if n_source + n_target == 0:
        raise ValueError("n_source and n_target must not both be 0.")
    kept = {key: truth[key] for key in TRUTH_KEYS}
    return assemble(kept, n_source, n_target, gold, seed_of(random_state), _ROW_STREAMS)


def assemble(
    truth: dict[str, Any],
    n_source: int,
    n_target: int,
    gold: bool,
    seed: int,
    streams: tuple[int, int],
) -> Bunch:
    """Draw both domains, stack them and put everything known about them into one Bunch."""
    domains = (("source", n_source, streams[0]), ("target", n_target, streams[1]))
    parts = [
        draw_rows(np.random.default_rng([seed, stream]), truth, size, domain)
        for domain, size, stream in domains
    ]
    rows = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    X, y_gold = rows["X"], rows["y_gold"]
    y = y_gold.copy()
    y[n_source:] = np.nan if truth["n_classes"] is None else -1
    data = Bunch(
        X=X,
        y=y,
        y_weak=rows["y_weak"],
        sample_domain=np.repeat([1, -1], [n_source, n_target]),
        concept=rows["concept"],
        source_gate=gate_probabilities(X, truth, truth["source_prior"]),
        target_gate=gate_probabilities(X, truth, truth["target_prior"]),
        **truth,
        DESCR=_describe(truth, n_source, n_target),
    )
    if gold:
        data["y_gold"] = y_gold
    means = expert_means(X, truth["coef"], truth["intercept"], truth["expert"])
    mixed = np.einsum("nk,nko->no", data.target_gate, means)
    if truth["expert"] == "bernoulli":
        mixed = np.column_stack([1.0 - mixed, mixed])
    is_regression = truth["n_classes"] is None
    flat = is_regression and mixed.shape[1] == 1
    data["target_mean" if is_regression else "target_proba"] = mixed[:, 0] if flat else mixed
    n_experts = truth["coef"].shape[0]
    for domain, part in zip(("source", "target"), parts, strict=True):
        counts = np.bincount(part["concept"], minlength=n_experts)
        size = part["concept"].size
        data[f"{domain}_frequencies"] = counts / size if size else np.full(n_experts, np.nan)
    return data


def _describe(truth: Mapping[str, Any], n_source: int, n_target: int) -> str:
    n_experts, _, n_features = truth["coef"].shape
    return (
        f"Generated data under latent concept shift (theory §6.1): {n_source} source rows and "
        f"{n_target} target rows, {n_features} features, {n_experts} {truth['expert']} experts, "
        f"{truth['gate']} gate. X is standard normal in both domains; the concept prior is "
        f"{np.round(truth['source_prior'], 4).tolist()} in the source and "
        f"{np.round(truth['target_prior'], 4).tolist()} in the target. Strong labels of the "
        "target are hidden in y and kept in y_gold; weak labels are known everywhere."
    )
