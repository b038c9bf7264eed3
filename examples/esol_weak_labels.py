"""Real weak labels: solubilities of molecules, and a published formula's predictions of them.

ESOL holds measured solubilities (the strong labels) and Delaney's own predictions (the weak ones).
Nothing is made up here but the split: molecules go to the source or the target so that two latent
concepts, of a mixture fitted to all of them, are frequent in one and rare in the other.

The answer differs from that on made data, and the reason can be seen in the data: the formula uses
what x here does not hold (the partition coefficient), so that y and y' agree beyond what x and
the concept explain. Deconvolution assumes that they do not (theory 6.1); weak training gains by it.

    W2S_STATS_DATA=FOLDER python examples/esol_weak_labels.py [FILE_OR_FOLDER]

The data is not part of the package; without it this script says so and ends.
"""

import sys

import numpy as np

from w2s_stats.datasets import load_esol, make_concept_shift
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import compare_strategies

try:
    esol = load_esol(*sys.argv[1:2])
except FileNotFoundError as error:
    print(f"SKIPPED: {error}")
    sys.exit(0)

mixture = MixtureOfExpertsRegressor(n_experts=2, random_state=0).fit(esol.X, esol.y)
split = make_concept_shift(esol.X, esol.y, mixture, random_state=0)
source = split.sample_domain >= 0
print(
    f"{len(esol.y)} molecules, {source.sum()} of them in the source; concept frequencies "
    f"{split.source_frequencies.round(2)} there, {split.target_frequencies.round(2)} in the target"
)

comparison = compare_strategies(
    esol.X,
    split.y,
    y_weak=esol.y_weak,
    y_gold=esol.y,  # to measure errors; only the oracle learns from them
    sample_domain=split.sample_domain,
    source_model=MixtureOfExpertsRegressor(n_experts=2, gate="softmax", n_init=2),
    random_state=0,
)
print(comparison.summary())

# Are y and y' independent given x and the concept? The correlation of their residuals tells.
fitted = comparison.estimators_["concept deconvolution"].source_
labels = np.column_stack([esol.y, esol.y_weak])[source]
resp = fitted.responsibilities(esol.X[source], labels)
print("\ncorrelation of y and y' given x and the concept (deconvolution assumes 0):")
for k, (coef, intercept) in enumerate(zip(fitted.coef_, fitted.intercept_, strict=True)):
    residual = labels - esol.X[source] @ coef.T - intercept
    cov = np.cov(residual.T, aweights=resp[:, k])
    print(f"  concept {k}: {cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1]):.2f}")
