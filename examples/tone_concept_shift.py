"""Which strategy to trust when a concept becomes more frequent: the demo, in Python.

In the tone data a musician either sets the octave (y near 2) or follows an overtone (y = x). A
mixture of two regressions is fitted to the 150 measured points. With it the points are split into
a source, where the octave is the rule, and a target, where it is not; and a weak model is made
whose labels are too high. Which way of learning the target from weak labels is best?

    python examples/tone_concept_shift.py [PICTURE.png]
"""

import sys

import numpy as np

from w2s_stats.datasets import load_tone, make_concept_shift
from w2s_stats.mixture import MixtureOfExpertsRegressor
from w2s_stats.transfer import compare_strategies

tone = load_tone()
mixture = MixtureOfExpertsRegressor(n_experts=2, random_state=0).fit(tone.X, tone.y)
print(mixture.summary(), "\n")

data = make_concept_shift(
    tone.X,
    tone.y,
    mixture,
    target_size=50,
    target_prior=[0.4, 0.6],
    weak_shift=1.0,
    weak_noise=1.5,
    random_state=0,
)
print(data.DESCR, "\n")

comparison = compare_strategies(
    data.X,
    data.y,
    y_weak=data.y_weak,
    y_gold=data.y_gold,  # to measure errors; only the oracle learns from them
    sample_domain=data.sample_domain,
    n_experts=2,
    random_state=0,
)
print(comparison.summary(), "\n")

# What deconvolution found: how often each concept occurs, in the source and in the target.
model = comparison.estimators_["concept deconvolution"]
target = data.sample_domain < 0
print("concept frequencies        octave  overtone")
for domain, found, made in (
    ("source", model.source_.weights_, data.source_frequencies),
    ("target", model.concept_prior_, data.target_frequencies),
):
    print(f"  {domain}, estimated        {found[0]:6.2f}    {found[1]:6.2f}")
    print(f"  {domain}, as made          {made[0]:6.2f}    {made[1]:6.2f}")

# Its prediction for three new trials of the target.
x_new = np.array([[1.5], [2.0], [2.8]])
print("\nx", x_new.ravel(), "E_Q[Y|x]", model.predict(x_new).round(2))

if len(sys.argv) > 1:
    from w2s_stats.reports import TargetFitDisplay

    display = TargetFitDisplay.from_comparison(
        comparison,
        data.X[target],
        y_weak=data.y_weak[target],
        y_gold=data.y_gold[target],
        x_label="stretchratio",
        y_label="tuned",
    )
    display.plot().figure_.savefig(sys.argv[1], dpi=150)
    print(f"\nwrote {sys.argv[1]}")
