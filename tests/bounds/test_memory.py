"""No bound copies an array of predictions more than once, whatever it makes of it."""

import tracemalloc

import numpy as np
import pytest

from w2s_stats.bounds import (
    BudgetedEnvelope,
    ConvexHull,
    GainCertificate,
    GoldLabelPlan,
    KLSandwich,
    MisfitGain,
    NonRealizableGain,
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
    "GoldLabelPlan": lambda w, s, t, c: GoldLabelPlan().fit(w, s, t),
    "rank_weak_models": lambda w, s, t, c: rank_weak_models(
        [w, c], [s, s], t.argmax(axis=1), n_resamples=2
    ),
}


@pytest.mark.parametrize("name", FITS)
def test_one_copy_at_most(models, name):
    small = models[:, :100]
    FITS[name](*small)  # what is compiled or imported once
    tracemalloc.start()
    try:
        FITS[name](*models)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Half a copy is for blocks, and for numbers a row.
    assert peak < 1.5 * models[0].nbytes
