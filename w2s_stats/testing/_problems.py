"""Strategy for data with latent concepts whose frequencies shift."""

from __future__ import annotations

import inspect
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from sklearn.utils import Bunch

from w2s_stats.datasets import make_latent_concept_shift

_DRAWN: dict[str, SearchStrategy] = {
    "n_source": st.integers(20, 100),
    "n_target": st.integers(20, 100),
    "n_features": st.integers(1, 3),
    "n_experts": st.integers(1, 3),
    "expert": st.sampled_from(["gaussian", "poisson", "bernoulli", "multinomial"]),
    "gate": st.sampled_from(["constant", "softmax", "gaussian"]),
    "weak_shift": st.sampled_from([0.5, 0.0, 2.0]),
    "weak_drift": st.sampled_from([0.0, 0.3]),
    "random_state": st.integers(0, 2**32 - 1),
}


def latent_concept_problems(**arguments: Any) -> SearchStrategy[Bunch]:
    """Strategy for source and target samples that share concepts and differ in how many of each.

    The model of theory 6.1, by `w2s_stats.datasets.make_latent_concept_shift`.

    Parameters
    ----------
    **arguments
        Those of `make_latent_concept_shift`, each a value or a strategy. Left out: 20 to 100 rows
        in each domain, 1 to 3 features, 1 to 3 experts of any family with any gate, weak labels
        that are biased or not and drift or not, any seed; the others have their defaults.

    Returns
    -------
    SearchStrategy of Bunch
        With the truth: X, y, y_weak, y_gold, sample_domain, target_mean or target_proba, ...

    Raises
    ------
    TypeError
        If there is no such argument.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from w2s_stats.testing.strategies import latent_concept_problems
    >>> @settings(database=None, max_examples=10)
    ... @given(latent_concept_problems(expert="gaussian", n_experts=2))
    ... def test_gates_are_distributions(data):
    ...     assert abs(data.target_gate.sum(axis=1) - 1).max() < 1e-12
    >>> test_gates_are_distributions()
    """
    known = inspect.signature(make_latent_concept_shift).parameters
    for name in arguments:
        if name not in known:
            raise TypeError(
                f"latent_concept_problems has the arguments of make_latent_concept_shift, found "
                f"{name!r}: choose from {', '.join(known)}."
            )
    fixed = {
        name: value if isinstance(value, SearchStrategy) else st.just(value)
        for name, value in arguments.items()
    }
    return st.fixed_dictionaries({**_DRAWN, **fixed}).map(
        lambda drawn: make_latent_concept_shift(**drawn)
    )
