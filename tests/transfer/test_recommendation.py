"""The verdict, on findings made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_stats.transfer import Diagnostic, StrategyResult
from w2s_stats.transfer._intervals import mean_interval
from w2s_stats.transfer._recommendation import recommend_by_checks, recommend_by_error

FINE = Diagnostic("matching", 1.0, 0.2, True, "The margin is clear of 0.")
OPEN = Diagnostic("matching", 1.0, np.nan, None, "The margin has no known error.")
BAD = Diagnostic("target: convergence", 5.0, 5.0, False, "In the target, EM did not converge.")


def row(name, losses=None, checks=(), weak=np.nan, failure=""):
    found = mean_interval(np.array([]) if losses is None else losses)
    return StrategyResult(
        strategy=name,
        error=found.mean,
        error_lower=found.lower,
        error_upper=found.upper,
        difference=np.nan,
        difference_lower=np.nan,
        difference_upper=np.nan,
        weak_log_likelihood=weak,
        weak_log_likelihood_lower=np.nan,
        weak_log_likelihood_upper=np.nan,
        fit_time=1.0,
        is_oracle=name == "oracle",
        failure=failure,
        diagnostics=tuple(checks),
        warnings=(),
    )


def by_error(losses, checks=None):
    checks = checks or {}
    table = [row(name, values, checks.get(name, ())) for name, values in losses.items()]
    return recommend_by_error(
        table,
        {"deconvolution"},
        losses,
        None,
        metric="mean squared error",
        weak_labels=mean_interval(np.array([0.4, 0.6])),
        n_gold=50,
        interval="t",
        confidence_level=0.95,
    )


NOISE = np.random.default_rng(0).normal(size=(4, 50))
SMALL, ALSO, THIRD, LARGE = (
    1.0 + 0.1 * NOISE[0],
    1.001 + 0.1 * NOISE[1],
    1.05 + NOISE[2],
    3 + NOISE[3],
)


def test_a_clear_lead():
    trusted, said = by_error({"weak": LARGE, "refined": SMALL, "oracle": SMALL - 0.5})
    assert trusted == "refined"
    assert said[0].startswith("Trust refined: on 50 held-out target rows with gold labels")
    assert said[1].startswith("Chance does not explain its lead")
    assert "The oracle, which learns from gold labels, has" in said[2]
    assert "The weak labels themselves have 0.5" in said[3]


def test_a_tie_goes_to_a_sound_deconvolution():
    near = ALSO - 0.001 + 0.05 * NOISE[0] - 0.05 * NOISE[0].mean()
    losses = {"refined": near, "deconvolution": ALSO, "weak": LARGE}
    trusted, said = by_error(losses, {"deconvolution": [FINE]})
    assert trusted == "deconvolution"
    assert "stays consistent" in said[0]
    assert said[1].startswith("The smallest, of refined, is")
    trusted, said = by_error(losses, {"deconvolution": [BAD], "refined": [BAD]})
    assert trusted == "refined"
    assert "cannot be told from deconvolution" in said[1]
    assert said[-1] == "A check failed: In the target, EM did not converge."
    assert by_error(losses, {"deconvolution": [OPEN]})[0] == "refined"


def test_a_tie_of_all_is_no_verdict():
    trusted, said = by_error({"refined": SMALL, "weak": THIRD})
    assert trusted is None
    assert said[0].startswith("Trust none above the others")
    assert "More gold labels" in said[1]


def test_differences_are_judged_together():
    """The more strategies, the larger a lead has to be."""
    random = np.random.default_rng(3)
    base = random.normal(size=50)
    step = random.normal(size=50)
    step = (step - step.mean()) / step.std(ddof=1)
    # A difference 2.2 standard errors from 0: t on 49 degrees of freedom says p = .033.
    behind = base + step + 2.2 / np.sqrt(50)
    few = {"a": base, "b": behind}
    many = {
        "a": base,
        "b": behind,
        **{f"c{i}": base + 10 + random.normal(size=50) for i in range(3)},
    }
    assert by_error(few)[1][1].startswith("Chance does not explain")
    assert "cannot be told from b" in by_error(many)[1][1]


@pytest.mark.parametrize(
    ("checks", "trusted"),
    [([FINE], "deconvolution"), ([FINE, BAD], None), ([OPEN], None), ([], "deconvolution")],
)
def test_without_gold_labels(checks, trusted):
    table = [row("deconvolution", checks=checks, weak=-1.0), row("weak")]
    found, said = recommend_by_checks(table, {"deconvolution"}, 0)
    assert found == trusted
    if checks == [FINE]:
        assert FINE.sentence in said and "Weak is not consistent" in said[2]
    if trusted is None:
        assert checks[-1].sentence in said
    assert "y_gold" in said[-1]


def test_of_sound_deconvolutions_the_likelier_one():
    table = [
        row("two", checks=[FINE], weak=-1.0),
        row("three", checks=[FINE], weak=-0.5),
        row("four", checks=[BAD], weak=0.0),
        row("five", failure="ValueError: no"),
    ]
    names = {"two", "three", "four", "five"}
    assert recommend_by_checks(table, names, 1)[0] == "three"
    assert "there is one gold label only" in recommend_by_checks(table, names, 1)[1][0]
