"""No bound copies an array of predictions more than once, whatever it makes of it."""

import tracemalloc

import numpy as np
import pytest

from w2s_stats.bounds import (
    BudgetedEnvelope,
    CalibrationShift,
    ConvexHull,
    ErrorFloor,
    GainCertificate,
    GoldLabelPlan,
    KLSandwich,
    MisfitGain,
    NonRealizableGain,
    project_least_squares,
    project_onto_hull,
)
from w2s_stats.divergences import KL
from w2s_stats.selection import rank_weak_models

SHAPE = 60_000, 32


@pytest.fixture(scope="module")
def models():
    rng = np.random.default_rng(0)
    rows = rng.uniform(1.0, 2.0, size=(4, *SHAPE))
    rows /= rows.sum(axis=2, keepdims=True)
    return rows


FITS = {
    "MisfitGain": lambda w, s, t, c: MisfitGain(KL()).fit(w, s, t, y_ceiling=c),
    "NonRealizableGain": lambda w, s, t, c: NonRealizableGain().fit(w, s, t, y_ceiling=c),
    "NonRealizableGain, hull": lambda w, s, t, c: NonRealizableGain(ConvexHull([s, c])).fit(
        w, s, t, y_ceiling=c
    ),
    "GainCertificate": lambda w, s, t, c: GainCertificate(ConvexHull([s, c]), KL()).fit(w, s, t),
    "GainCertificate, weights": lambda w, s, t, c: GainCertificate(ConvexHull([s, c]), KL()).fit(
        w, s, t, sample_weight=np.linspace(1, 2, len(w))
    ),
    "KLSandwich": lambda w, s, t, c: KLSandwich().fit(w, s, t),
    "BudgetedEnvelope": lambda w, s, t, c: BudgetedEnvelope(budget=0.01).fit(w, s),
    **{
        f"CalibrationShift, {measure}": lambda w, s, t, c, measure=measure: CalibrationShift(
            measure=measure
        ).fit(w, s, t)
        for measure in ("smooth", "same-information")
    },
    **{
        f"ErrorFloor, {loss}": lambda w, s, t, c, loss=loss: ErrorFloor(loss=loss).fit(w, s, t)
        for loss in ("kl", "cross-entropy", "zero-one", "squared")
    },
    "GoldLabelPlan": lambda w, s, t, c: GoldLabelPlan().fit(w, s, t),
    "rank_weak_models": lambda w, s, t, c: rank_weak_models(
        [w, c], [s, s], t.argmax(axis=1), n_resamples=2
    ),
}


H = np.random.default_rng(1).normal(size=(SHAPE[0], 4))
PROJECTIONS = {
    "onto a hull": lambda w, s, c, u: project_onto_hull([s, c], w, sample_weight=u),
    "least squares": lambda w, s, c, u: project_least_squares(H[: len(w)], w, sample_weight=u),
    "least squares, a ball": lambda w, s, c, u: project_least_squares(
        H[: len(w)], w, radius=0.01, sample_weight=u
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_one_copy_at_most(models, name):
    # Half a copy is for blocks, and for numbers a row.
    assert copies(FITS[name], models) < 1.5


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", PROJECTIONS)
def test_one_copy_at_most_beside_the_student(models, name, weighted):
    def project(w, s, t, c):
        return PROJECTIONS[name](w, s, c, np.linspace(1, 2, len(w)) if weighted else None)

    assert copies(project, models) < 2.5


def copies(call, models):
    """Memory at its highest, in arrays of predictions."""
    call(*models[:, :100])  # what is compiled or imported once
    tracemalloc.start()
    try:
        call(*models)
        return tracemalloc.get_traced_memory()[1] / models[0].nbytes
    finally:
        tracemalloc.stop()
