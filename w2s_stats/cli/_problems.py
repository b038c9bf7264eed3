"""What ``w2s-stats compare --data`` stands for: a source, a target, labels strong and weak."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s_stats.cli._errors import InputError, as_input_error

SHIFT_SEED = 0  # of the controlled shifts below; --seed is that of folds and fits


@dataclass
class Problem:
    """Source and target, stacked."""

    name: str
    note: str
    X: np.ndarray
    y: np.ndarray
    y_weak: np.ndarray
    y_gold: np.ndarray | None
    sample_domain: np.ndarray | None
    feature_names: list[str]
    label_name: str
    task: str = "regression"

    @property
    def target(self) -> np.ndarray:
        """Which rows are target rows."""
        if self.sample_domain is not None:
            return self.sample_domain < 0
        missing = [label is None or label == -1 for label in self.y.tolist()]
        return np.isnan(self.y) if self.task == "regression" else np.array(missing)


def tone_problem() -> Problem:
    """Make the tone data's controlled concept shift: two experts, the generator's own settings.

    Returns
    -------
    Problem
        X and gold labels as measured; the split into source and target and the weak labels are
        made by :func:`w2s_stats.datasets.make_concept_shift` with its defaults and seed 0, which
        were not chosen by what the strategies make of them.
    """
    from w2s_stats.datasets import load_tone, make_concept_shift
    from w2s_stats.mixture import MixtureOfExpertsRegressor

    tone: Any = load_tone()
    mixture = MixtureOfExpertsRegressor(n_experts=2, random_state=SHIFT_SEED).fit(tone.X, tone.y)
    data = make_concept_shift(tone.X, tone.y, mixture, random_state=SHIFT_SEED)
    note = (
        "150 measured points, two latent concepts; split into source and target so that the "
        f"concepts' frequencies shift {_arrow(data)}; weak labels from weakened experts"
    )
    return Problem(
        "tone",
        note,
        data.X,
        data.y,
        data.y_weak,
        data.y_gold,
        data.sample_domain,
        tone.feature_names,
        tone.target_name,
    )


def esol_problem() -> Problem:
    """Make ESOL's controlled concept shift, with Delaney's predictions as weak labels.

    Returns
    -------
    Problem
        Features, strong labels and weak labels as published; only the split is made.
    """
    from w2s_stats.datasets import load_esol, make_concept_shift
    from w2s_stats.mixture import MixtureOfExpertsRegressor

    try:
        with as_input_error():
            esol = load_esol()
    except FileNotFoundError:
        folder = os.environ.get("W2S_STATS_DATA", "")
        found = f"it is not in {folder!r}" if folder else "W2S_STATS_DATA is not set"
        raise InputError(
            "--data esol needs the file esol.csv.gz, which is not part of the package, in the "
            f"folder that W2S_STATS_DATA names; {found}."
        ) from None
    mixture = MixtureOfExpertsRegressor(n_experts=2, random_state=SHIFT_SEED).fit(esol.X, esol.y)
    data = make_concept_shift(esol.X, esol.y, mixture, random_state=SHIFT_SEED)
    note = (
        f"{len(esol.y)} molecules, weak labels are a published formula's predictions; split into "
        f"source and target so that two latent concepts' frequencies shift {_arrow(data)}"
    )
    return Problem(
        "esol",
        note,
        esol.X,
        data.y,
        esol.y_weak,
        esol.y,
        data.sample_domain,
        esol.feature_names,
        esol.target_name,
    )


def _arrow(data: dict[str, np.ndarray]) -> str:
    before, after = (
        "/".join(f"{share:.2f}" for share in data[f"{domain}_frequencies"])
        for domain in ("source", "target")
    )
    return f"from {before} to {after}"
