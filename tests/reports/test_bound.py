"""The pictures of bounds show their estimators' numbers."""

import re
from functools import cache, partial
from itertools import pairwise

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from w2s_stats.bounds import (
    Assumption,
    Bound,
    BudgetedEnvelope,
    CalibrationShift,
    ErrorFloor,
    ExpansionBound,
    GainCertificate,
    GoldLabelPlan,
    KLSandwich,
    MisfitGain,
    NonRealizableGain,
    NormBall,
    OutputKLGain,
    Quantity,
    project_least_squares,
)
from w2s_stats.calibration import correct_weak_labels
from w2s_stats.divergences import KL
from w2s_stats.reports import BoundDisplay, BoundRow

pyplot = pytest.importorskip("matplotlib.pyplot")

RNG = np.random.default_rng(0)
N = 120
H = RNG.normal(size=(N, 3))
TRUTH = H.sum(axis=1) + 0.3 * H[:, 0] ** 2
WEAK = TRUTH + 2.0 * RNG.normal(size=N)
STUDENT = 0.9 * project_least_squares(H, WEAK).fitted
CEILING = project_least_squares(H, TRUTH).fitted
PROBA = RNG.dirichlet(np.ones(3), size=N)
LABELS = np.array([RNG.choice(3, p=p) for p in PROBA])
PROBA_WEAK = 0.5 * PROBA + 0.5 * RNG.dirichlet(np.ones(3), size=N)
PROBA_STUDENT = 0.7 * PROBA + 0.3 * PROBA_WEAK
CLASSES = RNG.integers(2, size=N)
WEAK_CLASSES = np.where(RNG.random(N) < 0.2, 1 - CLASSES, CLASSES)
NEIGHBORS = np.array(
    [RNG.choice(np.flatnonzero(np.equal(CLASSES, c)), 4, replace=False) for c in CLASSES]
)
BALL = NormBall(H, radius=2.0)
REGRESSION = (WEAK, STUDENT, TRUTH)
POSITIVE = tuple(np.exp(values / 4) for values in REGRESSION)
PROBABILITIES = (PROBA_WEAK, PROBA_STUDENT, LABELS)
FEW = np.where(np.arange(N) < 40, LABELS, np.nan)


def fits():
    """Fits of every kind, to be called: with truth, without it and with a part of it."""
    yield partial(MisfitGain(random_state=0).fit, *REGRESSION, y_ceiling=CEILING)
    yield partial(MisfitGain(student_class="affine", random_state=0).fit, WEAK, STUDENT)
    yield partial(MisfitGain(KL(), gamma=1e-9, n_heads=2, random_state=0).fit, *PROBABILITIES)
    yield partial(NonRealizableGain(random_state=0).fit, *REGRESSION, y_ceiling=CEILING)
    yield partial(NonRealizableGain(BALL, epsilon=0.1, random_state=0).fit, *REGRESSION)
    yield partial(GainCertificate(BALL, random_state=0).fit, WEAK, STUDENT)
    yield partial(GainCertificate(BALL, random_state=0).fit, *REGRESSION)
    yield partial(KLSandwich(random_state=0).fit, *PROBABILITIES)
    yield partial(KLSandwich(gamma=0.0, random_state=0).fit, PROBA_WEAK, PROBA_STUDENT, FEW)
    yield partial(BudgetedEnvelope(budget=0.3).fit, *PROBABILITIES)
    yield partial(CalibrationShift().fit, *PROBABILITIES)
    yield partial(CalibrationShift(measure="smooth-vector").fit, PROBA_WEAK, PROBA_STUDENT)
    yield partial(OutputKLGain().fit, *POSITIVE)
    yield partial(OutputKLGain(training="reverse").fit, *POSITIVE[:2])
    yield partial(OutputKLGain().fit, *POSITIVE, y_ceiling=np.exp(CEILING / 4))
    for loss in ("kl", "cross-entropy", "zero-one", "squared"):
        yield partial(ErrorFloor(loss=loss).fit, PROBA_WEAK, PROBA_STUDENT, LABELS)
    yield partial(GoldLabelPlan(n_labels=30).fit, *PROBABILITIES)
    yield partial(GoldLabelPlan(gain="accuracy").fit, PROBA_WEAK, PROBA_STUDENT)
    yield partial(ExpansionBound().fit, WEAK_CLASSES, CLASSES, CLASSES, neighbors=NEIGHBORS)
    yield partial(
        ExpansionBound(expansion=0.5, weak_error=0.2).fit,
        WEAK_CLASSES,
        CLASSES,
        neighbors=NEIGHBORS,
    )


FITS = list(fits())
NAMES = [f"{type(fit.func.__self__).__name__}-{i}" for i, fit in enumerate(FITS)]


@cache
def fitted(fit):
    """The bound; not before a test asks for it, so that collecting the tests takes no time."""
    return fit()


@pytest.fixture(autouse=True)
def closed():
    before = pyplot.get_fignums()
    yield
    for number in set(pyplot.get_fignums()) - set(before):
        pyplot.close(number)


def ends(bar):
    return bar.get_x(), bar.get_x() + bar.get_width()


def drawn(bound):
    return BoundDisplay.from_estimator(bound).plot()


@pytest.fixture(scope="module", params=FITS, ids=NAMES)
def pair(request):
    """A fitted bound and its picture."""
    bound = fitted(request.param)
    display = drawn(bound)
    yield bound, display
    pyplot.close(display.figure_)


def test_estimate_limits_and_intervals_are_the_bounds(pair):
    bound, display = pair
    low, high = display.ax_.get_xlim()
    assert ends(display.band_) == pytest.approx(np.clip([bound.lower_, bound.upper_], low, high))
    first = display.rows[0].name
    if np.isnan(bound.estimate_):
        assert first not in display.points_
        assert "not known" in [text.get_text() for text in display.ax_.texts]
        return
    assert display.points_[first].get_xdata() == [bound.estimate_]
    if np.isfinite(bound.interval_).all():
        np.testing.assert_array_equal(display.intervals_[first][0].get_xdata(), bound.interval_)


def test_every_row_is_where_its_numbers_are(pair):
    _, display = pair
    edges = display.ax_.get_xlim()
    ticks = [tick.get_text().replace("\n", " ") for tick in display.ax_.get_yticklabels()]
    names = [row.name for row in display.rows]
    assert ticks == names and len(set(names)) == len(names)
    for row in display.rows:
        if np.isnan(row.end.value):
            continue
        if row.kind == "point":
            assert display.points_[row.name].get_xdata()[0] == np.clip(row.end.value, *edges)
        else:
            wanted = np.clip([row.start.value, row.end.value], *edges)
            np.testing.assert_allclose(ends(display.bars_[row.name]), wanted, atol=1e-12)
    # Nothing finite lies outside the picture.
    for line in display.ax_.lines:
        across = np.asarray(line.get_xdata(), dtype=float)
        assert ((across >= edges[0]) & (across <= edges[1])).all()


def test_every_assumption_is_written_with_what_is_known(pair):
    bound, display = pair
    written = " ".join(text.get_text().strip() for text in display.ax_.texts)
    for name, status in bound.assumptions_:
        assert f"{status}: {name}" in written


WORDS = ("skew-widened", "prediction-powered", "envelope", "sharp", "printed", "[C24]", "bracket")


def test_marks_and_words_are_explained_below(pair):
    bound, display = pair
    shown = [row.name for row in display.rows] + [name for name, _ in bound.assumptions_]
    below = " ".join(display.notes)
    assert "Shaded:" in below and not re.search(r"theory \d", " ".join([below, *shown]))
    for word in WORDS:
        if any(name.startswith(word) for name in [*shown, *bound.method_.split(", ")]):
            assert re.search(rf"{re.escape(word)}[^.]*: ", below)
    words = {"term": "Blue bars", "L mean": "L mean distance:", "Pinsker": "Pinsker, Bretagnolle"}
    kinds = " ".join([*(row.kind for row in display.rows), *shown])
    assert all(sentence in below for word, sentence in words.items() if word in kinds)


@pytest.mark.parametrize("fit", FITS[::3], ids=NAMES[::3])
def test_texts_do_not_overlap(fit):
    bound = fitted(fit)
    display = drawn(bound)
    ax = display.ax_
    display.figure_.canvas.draw()
    texts = [*ax.texts, *ax.get_yticklabels(), *ax.get_xticklabels(), ax.xaxis.label]
    shown = [text.get_window_extent() for text in texts if text.get_text()]
    for i, box in enumerate(shown):
        assert box.count_overlaps(shown[i + 1 :]) == 0
        assert box.x0 >= 0 and box.x1 <= display.figure_.bbox.x1


def row(display, name):
    return next(row for row in display.rows if row.name == name)


@pytest.mark.parametrize(
    ("fit", "misfit", "difference"),
    [
        (FITS[0], "misfit", "gain - misfit"),
        (FITS[14], "forward misfit, KL(weak || student)", "forward gain - misfit"),
    ],
    ids=["squared", "output KL"],
)
def test_misfit_and_slopes_add_up_to_the_gain(fit, misfit, difference):
    bound = fitted(fit)
    display = drawn(bound)
    table = {quantity.name: quantity for quantity in bound.table_}
    start, slope = table[misfit].value, table[difference]
    inside, outside = (row(display, f"+ {where} the class") for where in ("inside", "outside"))
    assert inside.start.value == start
    assert outside.start.value == inside.end.value
    assert outside.end.value == pytest.approx(bound.estimate_)
    whole = row(display, "= gain − misfit")
    assert (whole.start.value, whole.end.value) == pytest.approx((start, bound.estimate_))
    interval = display.intervals_["= gain − misfit"][0].get_xdata()
    np.testing.assert_allclose(interval, [start + slope.low, start + slope.high])


@pytest.mark.parametrize("fit", FITS[3:7], ids=NAMES[3:7])
def test_terms_end_at_the_lower_limit(fit):
    bound = fitted(fit)
    terms = [row for row in BoundDisplay.from_estimator(bound).rows if row.kind == "term"]
    assert terms[0].start.value == 0.0
    for before, after in pairwise(terms):
        assert after.start.value == pytest.approx(before.end.value)
    assert terms[-1].end.value == pytest.approx(bound.lower_)


def test_bracket_and_condition_lead_from_misfit_to_gain():
    bound = OutputKLGain().fit(*POSITIVE)
    display = BoundDisplay.from_estimator(bound)
    bracket, condition = row(display, "+ bracket, 1 − E r"), row(display, "+ condition")
    assert bracket.start.value == pytest.approx(bound.lower_)
    assert bracket.end.value - bracket.start.value == pytest.approx(bound.bracket_)
    assert condition.end.value - condition.start.value == pytest.approx(bound.condition_)
    assert condition.end.value == pytest.approx(bound.estimate_)


@pytest.mark.parametrize("fit", FITS[-2:], ids=NAMES[-2:])
def test_an_expansion_limit_is_disagreement_plus_error_less_what_is_corrected(fit):
    bound = fitted(fit)
    terms = [row for row in BoundDisplay.from_estimator(bound).rows if row.kind == "term"]
    assert terms[0].end.value == pytest.approx(np.mean(WEAK_CLASSES != CLASSES))
    assert terms[1].start.value == terms[0].end.value
    assert terms[2].end.value == pytest.approx(bound.upper_)


def test_tiers_of_the_sandwich_are_nested():
    display = drawn(fitted(FITS[7]))
    names = ("envelope", "sharp, C mean √KL", "sharp, C √mean KL", "printed, C₁ √mean KL")
    tiers = [ends(display.bars_[name]) for name in names]
    for inner, outer in pairwise(tiers):
        assert outer[0] <= inner[0] and inner[1] <= outer[1]
    table = {quantity.name: quantity.value for quantity in fitted(FITS[7]).table_}
    assert tiers[-1][1] == pytest.approx(table["printed, C1 sqrt mean KL: +-"])
    # The printed limit is some hundred envelopes away.
    assert display.ax_.get_xscale() == "symlog"
    assert "logarithmic beyond" in display.ax_.get_xlabel()


def test_infinite_constants_run_to_both_edges():
    display = drawn(fitted(FITS[8]))
    assert ends(display.bars_["printed, C₁ √mean KL"]) == pytest.approx(display.ax_.get_xlim())
    assert "[−∞, ∞]" in [text.get_text() for text in display.ax_.texts]


def test_an_infinite_estimate_points_beyond_the_edge():
    student = PROBA_STUDENT.copy()
    student[LABELS == 0, 0] = 0.0
    bound = KLSandwich(random_state=0).fit(
        PROBA_WEAK, student / student.sum(axis=1, keepdims=True), LABELS
    )
    assert bound.estimate_ == -np.inf
    point = drawn(bound).points_["gain"]
    assert point.get_marker() == "<"
    assert point.get_xdata()[0] == point.axes.get_xlim()[0]


def test_intervals_around_zero_are_mirrored():
    bound = CalibrationShift().fit(*PROBABILITIES)
    display = drawn(bound)
    right, left = (line.get_xdata() for line in display.intervals_["observed, L mean distance"])
    np.testing.assert_array_equal(left, -np.flip(right))
    np.testing.assert_array_equal(right, bound.table_[0][2:4])


class Own(Bound):
    """A bound that its user wrote."""

    def __init__(self, *, confidence_level=0.95):
        self.confidence_level = confidence_level

    def _fit(self, y_weak, y_student, y_true, **unused):
        return self._conclude(
            (0.5, np.nan, np.nan, ""),
            -np.inf,
            0.4,
            table=[Quantity("something else", 7.0)],
            assumptions=[Assumption("All is well", "violated")],
        )


def test_a_bound_of_ones_own():
    display = drawn(Own().fit(None, None))
    assert [row.name for row in display.rows] == ["estimate", "limits"]
    assert display.title == "Own: the estimate lies outside the limits"
    texts = {text.get_text(): text for text in display.ax_.texts}
    assert texts["violated: All is well"].get_fontweight() == "bold"
    assert "≤ 0.400" in texts


def test_an_estimate_that_cannot_be_compared_says_so():
    """Few labels, and all rows' labels that are right on average only."""
    matrix = 0.1 + 0.7 * np.eye(3)
    corrected = correct_weak_labels(LABELS, confusion_matrix=matrix, independent_errors=True)
    for truth in (FEW, corrected):
        title = drawn(CalibrationShift().fit(PROBA_WEAK, PROBA_STUDENT, truth)).title
        assert title == "CalibrationShift: the estimate is not over the limits' own rows"


def test_a_subclass_has_its_parents_picture():
    class Mine(KLSandwich):
        pass

    rows = BoundDisplay.from_estimator(Mine(random_state=0).fit(*PROBABILITIES)).rows
    assert "printed, C₁ √mean KL" in [row.name for row in rows]


@pytest.mark.parametrize("bound", [MisfitGain(), KLSandwich(), GainCertificate(BALL), Own()])
def test_what_is_not_fitted(bound):
    with pytest.raises(NotFittedError, match=f"{type(bound).__name__} instance is not fitted yet"):
        BoundDisplay.from_estimator(bound)


def test_what_is_no_bound():
    with pytest.raises(TypeError, match=r"bound must be an instance of .*bounds\.Bound; found 3\."):
        BoundDisplay.from_estimator(3)


def test_axes_name_and_style_of_the_caller():
    before = dict(pyplot.rcParams)
    figure, axes = pyplot.subplots(1, 2)
    display = BoundDisplay.from_estimator(fitted(FITS[0]))
    assert display.plot(ax=axes[1], name="mine", marker="D") is display
    assert display.ax_ is axes[1] and display.figure_ is figure
    assert axes[1].get_title(loc="left") == "mine"
    assert display.points_["gain"].get_marker() == "D"
    assert not axes[0].has_data()
    assert pyplot.get_fignums()[-1] == figure.number
    assert dict(pyplot.rcParams) == before


def test_rows_made_by_hand():
    rows = [
        BoundRow("a", "point", Quantity("", 1.0, 0.5, 1.5)),
        BoundRow("b", "term", Quantity("", 0.5), Quantity("", 2.0)),
    ]
    display = BoundDisplay(rows, lower=0.5, label="metres").plot()
    assert display.ax_.get_xlabel() == "metres"
    assert ends(display.bars_["b"]) == (2.0, 0.5)
    assert [text.get_text() for text in display.ax_.texts] == ["1.00  [0.500, 1.50]", "−1.50"]


def test_rows_of_no_kind():
    with pytest.raises(ValueError, match=r"kind of a row must be .*found 'line'"):
        BoundDisplay([BoundRow("a", "line", Quantity("", 1.0))])


def test_a_single_label_leaves_a_limit_of_minus_infinity():
    one = np.where(np.arange(N) < 1, TRUTH, np.nan)
    bound = NonRealizableGain(random_state=0).fit(WEAK, STUDENT, one, y_ceiling=CEILING)
    display = drawn(bound)
    terms = [row for row in display.rows if row.kind == "term"]
    assert [row.end.value for row in terms][1:] == [-np.inf] == [bound.lower_]
    assert not any(np.isnan(row.end.value) for row in display.rows)
