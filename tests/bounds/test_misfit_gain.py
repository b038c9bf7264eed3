"""MisfitGain: what the table says, unlabelled rows, intervals, and bad input."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone

from w2s_stats.bounds import (
    Assumption,
    ErrorFloor,
    GainCertificate,
    MisfitGain,
    NonRealizableGain,
    NormBall,
    OutputKLGain,
    heads_correction,
    project_least_squares,
)
from w2s_stats.bounds._inputs import check_predictions
from w2s_stats.bounds._ranges import value_ranges
from w2s_stats.bounds._row_means import LABELLED_AT_RANDOM, NEW_ROWS
from w2s_stats.divergences import KL, BinaryKL, GeneralizedKL, ItakuraSaito, Squared
from w2s_stats.reports import BoundDisplay


def linear(rng, n=200, noise=1.0):
    h = rng.normal(size=(n, 3))
    truth = h @ [1.0, -1.0, 0.5]
    weak = truth + noise * rng.normal(size=n)
    return h, truth, weak, project_least_squares(h, weak).fitted


def values_of(bound):
    return {row.name: row.value for row in bound.table_}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def probabilities(rng, n=50, c=3, gamma=0.05):
    return gamma + (1 - c * gamma) * rng.dirichlet(np.ones(c), size=n)


def test_numbers_are_means_over_rows(rng):
    weak, student, truth = rng.normal(size=(3, 40, 2))
    bound = MisfitGain(random_state=0).fit(weak, student, truth)
    values = values_of(bound)
    assert values["misfit"] == pytest.approx(np.mean(((student - weak) ** 2).sum(axis=1)))
    assert values["error of the weak model"] == pytest.approx(
        np.mean(((truth - weak) ** 2).sum(axis=1))
    )
    difference = values["error of the weak model"] - values["error of the student"]
    assert bound.estimate_ == pytest.approx(difference)
    assert values["gain - misfit"] == pytest.approx(bound.estimate_ - values["misfit"])
    assert bound.interval_[0] < bound.estimate_ < bound.interval_[1]
    assert bound.method_ == "bootstrap, skew-widened"
    assert bound.upper_ == np.inf


def test_without_truth(rng):
    _, _, weak, student = linear(rng)
    for y_true in (None, np.full(len(weak), np.nan)):
        bound = MisfitGain().fit(weak, student, y_true)
        assert np.isnan(bound.estimate_)
        assert np.isnan(bound.interval_).all()
        assert bound.holds_ is None
        assert bound.lower_ == pytest.approx(np.mean((student - weak) ** 2))
        assert "no truth was given, or it is not" in str(bound.summary())


def test_misfit_predicts_gain_where_the_truth_is_unknown(rng):
    _, truth, weak, student = linear(rng, n=2000)
    truth[100:] = np.nan
    bound = MisfitGain(random_state=0).fit(weak, student, truth)
    alone = MisfitGain(random_state=0).fit(weak[:100], student[:100], truth[:100])
    assert bound.method_ == "prediction-powered, skew-widened"
    assert np.ptp(bound.interval_) < 0.7 * np.ptp(alone.interval_)
    # Likewise errors, and rows of any one weight.
    rows, few = ({row.name: row for row in found.table_} for found in (bound, alone))
    assert rows["error of the weak model"].method == "prediction-powered, skew-widened"
    for name in ("misfit", "error of the weak model"):
        assert rows[name].high - rows[name].low < 0.7 * (few[name].high - few[name].low)
    weighted = MisfitGain(random_state=0).fit(weak, student, truth, sample_weight=np.full(2000, 3))
    assert weighted.estimate_ == pytest.approx(bound.estimate_)
    assert weighted.interval_ == pytest.approx(bound.interval_)
    assert weighted.lower_ == pytest.approx(bound.lower_)


def test_labels_are_rows_of_zeros_and_a_one(rng):
    weak, student = probabilities(rng), probabilities(rng)
    labels = rng.integers(0, 3, size=50)
    by_label = MisfitGain(KL(), random_state=0).fit(weak, student, labels)
    by_row = MisfitGain(KL(), random_state=0).fit(weak, student, np.eye(3)[labels])
    rows = np.arange(50)
    gain = np.mean(np.log(student[rows, labels] / weak[rows, labels]))
    assert by_label.estimate_ == pytest.approx(gain)
    assert by_row.interval_ == by_label.interval_
    missing = np.where(rows < 10, labels, np.nan)
    assert (
        MisfitGain(KL()).fit(weak, student, missing).method_ == "prediction-powered, skew-widened"
    )


def test_noisy_labels_have_the_gain_of_their_mean(rng):
    weak, student, truth = (probabilities(rng, n=1) for _ in range(3))
    exact = MisfitGain(KL(), n_resamples=1).fit(weak, student, truth)
    each = [MisfitGain(KL(), n_resamples=1).fit(weak, student, [j]).estimate_ for j in range(3)]
    assert exact.estimate_ == pytest.approx(truth[0] @ each)


def test_single_precision(rng):
    _, truth, weak, student = linear(rng)
    double = MisfitGain(student_class="affine", random_state=0).fit(weak, student, truth)
    arrays = (a.astype(np.float32) for a in (weak, student, truth))
    single = MisfitGain(student_class="affine", random_state=0).fit(*arrays)
    assert single.estimate_ == pytest.approx(double.estimate_, rel=1e-5)
    assert single.holds_
    assert double.holds_


def test_ceiling_tells_a_student_that_is_no_projection(rng):
    _, truth, weak, student = linear(rng)
    for student_class in ("convex", "affine"):
        bound = MisfitGain(student_class=student_class, random_state=0)
        status = dict(bound.fit(weak, student, truth, y_ceiling=truth).assumptions_)
        assert status["The student minimises the misfit over the class, unpenalised"] != "violated"
        assert status["The truth is y_ceiling"] == "held"
        # No row can show that.
        assert status["y_ceiling lies in the class"] == "not checked"
        status = dict(bound.fit(weak, 0.5 * student, truth, y_ceiling=truth).assumptions_)
        assert status["The student minimises the misfit over the class, unpenalised"] == "violated"


def test_finite_sample_terms(rng):
    h, truth, weak, student = linear(rng)
    truth = truth + 0.3 * h[:, 0] ** 2
    ceiling = project_least_squares(h, truth).fitted
    values = values_of(
        MisfitGain(width=0.01, random_state=0).fit(weak, student, truth, y_ceiling=ceiling)
    )

    def d(a, b):
        return np.mean((a - b) ** 2)

    A = (d(student, ceiling) ** 0.5 + 0.1) ** 2
    E = (d(student, truth) ** 0.5 + 0.1) ** 2
    D, F, I = d(ceiling, truth), d(weak, truth), d(student, weak)
    terms = {"epsilon = d(F_s, F*)": D, "error of the weak model": F, "misfit": I}
    terms |= {"A = d(F_sw, F_s), at most": A, "E = d(F_sw, F*), at most": E}
    terms |= {"error of the student": d(student, truth), "H = d(student, F_sw), at most": 0.01}
    terms |= {"u = misfit - d(F_sw, F_w), at most": 0.02, "2 epsilon": 2 * D}
    terms |= {"2 sqrt(epsilon F), F the weak model's error": 2 * (D * F) ** 0.5}
    terms |= {"2 sqrt(A epsilon)": 2 * (A * D) ** 0.5, "2 sqrt(E H)": 2 * (E * 0.01) ** 0.5}
    for name, value in terms.items():
        assert values[name] == pytest.approx(value), name
    slack = 2 * D + 2 * (D * F) ** 0.5 + 2 * (A * D) ** 0.5 + 0.01 + 2 * (E * 0.01) ** 0.5 + 0.02
    assert values["lower limit of [C24] Thm 2"] == pytest.approx(I - slack)
    assert "lower limit of [C24] Thm 2" not in values_of(MisfitGain().fit(weak, student, truth))
    own = MisfitGain(random_state=0).fit(weak, student, truth, y_ceiling=ceiling)
    # On the student's own rows F_sw is the student, and every distance has an interval.
    row = {row.name: row for row in own.table_}["A = d(F_sw, F_s)"]
    assert row.low < row.value < row.high and row.value == pytest.approx(d(student, ceiling))
    assert any("H = u = 0" in assumption.name for assumption in own.assumptions_)
    for bound in (own, NonRealizableGain().fit(weak, student, truth, y_ceiling=ceiling)):
        rows = [row for row in bound.table_ if not row.name.startswith("gain - misfit")]
        numbers = [round(row.value, 12) for row in rows if row.value != 0]
        assert len(set(numbers)) == len(numbers)  # none under two names


def test_heads_correction_is_subtracted(rng):
    weak, student = probabilities(rng), probabilities(rng)
    bound = MisfitGain(KL(), n_heads=1000, gamma=0.05).fit(weak, student)
    correction = 2 / 1000 + np.sqrt(2 * 0.95 * 2 / (0.05 * 1000))
    assert heads_correction(1000, 0.05, n_classes=3) == pytest.approx(correction)
    assert bound.lower_ == pytest.approx(KL().mean(student, weak) - correction)
    without_floor = MisfitGain(KL(), n_heads=1000, gamma=0.0).fit(weak, student)
    assert without_floor.lower_ == -np.inf


def test_few_heads_rest_on_what_few_heads_rest_on(rng):
    weak, student = probabilities(rng), probabilities(rng)
    bound = MisfitGain(KL(), n_heads=1000, gamma=0.05).fit(weak, student)
    names = [assumption.name for assumption in bound.assumptions_]
    assert names[:4] == [
        "The probabilities of all heads, in the mixture or not, are at least gamma",
        "The truth lies in the closed convex hull of all heads",
        "The student is the global minimiser of the misfit over mixtures of 1000 heads",
        "gamma was known beforehand",
    ]
    assert not any("convex in mean" in name for name in names)
    # Within the correction a ceiling says nothing; beyond it, that the student is no minimiser.
    for n_heads, status in ((1000, "not checked"), (10**9, "violated")):
        bound = MisfitGain(KL(), n_heads=n_heads, gamma=0.05, n_resamples=10)
        bound.fit(weak, 0.5 * (student + weak), y_ceiling=weak)
        assert bound.assumptions_[3].status == status
    known = Assumption("output_range was known beforehand", "not checked")
    assert known in MisfitGain(output_range=(0, 1)).fit(weak, student).assumptions_
    assert known not in MisfitGain().fit(weak, student).assumptions_


def test_a_truth_seen_in_some_rows_is_not_seen_to_be_the_ceiling(rng):
    _, truth, weak, student = linear(rng)
    part = np.where(np.arange(len(truth)) < 50, truth, np.nan)
    status = dict(MisfitGain(n_resamples=2).fit(weak, student, part, y_ceiling=truth).assumptions_)
    assert status["The truth lies in the class"] == "not checked"
    assert "The truth is y_ceiling" not in status


def test_refit_clone_and_summary(rng):
    _, truth, weak, student = linear(rng)
    bound = MisfitGain(GeneralizedKL(), random_state=0)
    assert clone(bound).get_params()["random_state"] == 0
    with pytest.raises(ValueError, match="y_student must lie in"):
        bound.fit(np.abs(weak), student, np.abs(truth))
    assert not hasattr(bound, "table_")
    text = str(MisfitGain(random_state=0).fit(weak, student, truth, y_ceiling=truth).summary())
    for word in ("MisfitGain", "misfit", "outside the class", "[C24] Thm 2", "[0.025", "bootstrap"):
        assert word in text


def test_sizes(rng):
    one = MisfitGain(random_state=0).fit([1.0], [0.5], [0.0])
    assert one.estimate_ == pytest.approx(0.75)
    assert one.holds_
    large = MisfitGain().fit(*rng.normal(size=(3, 30_000)))
    assert large.method_ == "normal, skew-widened"


# ------------------------------------------------------------ coverage


def test_intervals_cover(rng):
    """A known population: gain 1.25 - 0.25, by 95 % intervals of all methods."""
    n, hits = 200, {"bootstrap": 0, "finite": 0, "powered": 0, "difference": 0}
    n_runs = 200
    for _ in range(n_runs):
        z, e = rng.uniform(-1, 1, size=(2, n))
        truth, weak, student = np.zeros(n), z, 0.5 * z + 0.1 * e
        # E z^2 = 1/3: gain 1/3 - (1/12 + 1/300), misfit 1/12 + 1/300.
        gain, misfit = 1 / 3 - 1 / 12 - 1 / 300, 1 / 12 + 1 / 300
        bound = MisfitGain(output_range=(-1, 1), n_resamples=200, random_state=rng.integers(2**31))
        bound.fit(weak, student, truth)
        hits["bootstrap"] += bound.interval_[0] <= gain <= bound.interval_[1]
        table = {row.name: row for row in bound.table_}
        hits["finite"] += all(
            table[f"{name}, any n"].low <= value <= table[f"{name}, any n"].high
            for name, value in {"gain": gain, "misfit": misfit}.items()
        )
        difference = table["gain - misfit"]
        hits["difference"] += difference.low <= gain - misfit <= difference.high
        truth[50:] = np.nan
        bound.fit(weak, student, truth)
        hits["powered"] += bound.interval_[0] <= gain <= bound.interval_[1]
    covered = {name: hit / n_runs for name, hit in hits.items()}
    # Three standard errors of a share are .046.
    for name in ("bootstrap", "difference", "powered"):
        assert 0.9 <= covered[name] <= 0.99, covered
    assert covered["finite"] >= 0.95


@pytest.mark.parametrize(
    ("divergence", "truth", "ends"),
    [
        (BinaryKL(), 0.5, (0.0, 1.0)),
        (BinaryKL(), 0.0, (0.0, 1.0)),
        (BinaryKL(), 1.0, (0.0, 1.0)),
        (GeneralizedKL(), 0.0, (0.0, 0.7)),
        (GeneralizedKL(), 0.5, (0.0, 0.7)),
        (ItakuraSaito(), 0.2, (0.2, 0.7)),
        (Squared(), 0.7, (0.2, 0.7)),
    ],
)
def test_truths_beyond_the_range_lie_up_to_the_end_of_the_domain(divergence, truth, ends):
    """Ranges of the rows' terms: what they can be on a fine grid of truths and models."""
    ranges = value_ranges(divergence, (0.2, 0.7), check_predictions([0.2], [0.7], [truth]))
    p, w, s = np.meshgrid(np.linspace(*ends, 11), *np.linspace((0.2, 0.2), (0.7, 0.7), 11).T)
    misfit = divergence.pointwise(s.ravel(), w.ravel())
    gain, to_student = (divergence.pointwise(p.ravel(), q.ravel()) for q in (w, s))
    gain = gain - to_student
    assert ranges["gain"] == pytest.approx((-np.abs(gain).max(), np.abs(gain).max()))
    assert ranges["misfit"] == pytest.approx((0, misfit.max()))
    low, high = ranges["gain - misfit"]
    assert low <= (gain - misfit).min() and (gain - misfit).max() <= high


@pytest.mark.parametrize(
    ("divergence", "truth"), [(BinaryKL(), 1.5), (GeneralizedKL(), 0.8), (Squared(), 0.1)]
)
def test_truths_beyond_the_range_and_the_domain_are_refused(divergence, truth):
    with pytest.raises(ValueError, match="y_true must lie in"):
        MisfitGain(divergence, output_range=(0.2, 0.7)).fit([0.2, 0.7], [0.3, 0.6], [0.5, truth])


def test_hard_labels_have_intervals_at_every_n():
    """A Bernoulli population, weak and student on two levels: the gain is known."""
    rng, inside = np.random.default_rng(0), 0
    weak, student, chance = np.array([0.3, 0.6]), np.array([0.2, 0.8]), np.array([0.1, 0.9])
    gain = np.mean(
        chance * np.log(student / weak) + (1 - chance) * np.log((1 - student) / (1 - weak))
    )
    for _ in range(200):
        row = rng.integers(2, size=100)
        y = 1.0 * (rng.random(100) < chance[row])
        bound = MisfitGain(BinaryKL(), output_range=(0.2, 0.8), n_resamples=10)
        table = {r.name: r for r in bound.fit(weak[row], student[row], y).table_}
        inside += table["gain, any n"].low <= gain <= table["gain, any n"].high
    assert inside >= 190


def test_rare_hard_labels_have_intervals_at_every_n():
    """Most samples hold no truth beyond output_range; a range read off them would be too narrow."""
    rng, n, inside, alike = np.random.default_rng(1), 60, 0, []
    weak, student, rare = np.full(n, 0.49), np.full(n, 0.51), 0.01
    gain = -rare * np.log(0.51 / 0.49)  # a truth of 1/2 gains nothing
    for _ in range(200):
        y = np.where(rng.random(n) < rare, 0.0, 0.5)
        bound = MisfitGain(BinaryKL(), output_range=(0.49, 0.51), n_resamples=2)
        row = {r.name: r for r in bound.fit(weak, student, y).table_}["gain, any n"]
        inside += row.low <= gain <= row.high
        if (y == 0.5).all():
            alike.append(row.high - row.low)
    assert inside >= 190 and len(alike) > 80
    # Rows without spread leave 7 R log(4 / .05) / (3 (n - 1)), R the range of gains of 0 and 1.
    R = 2 * np.log(0.51 / 0.49)
    assert alike == pytest.approx([2 * 7 * R * np.log(80) / (3 * (n - 1))] * len(alike))


# ------------------------------------------------------------ bad input

A = [0.2, 0.4]
P = [[0.2, 0.8], [0.4, 0.6]]


@pytest.mark.parametrize(
    ("bound", "arguments", "message"),
    [
        (MisfitGain(), ([], []), "y_weak must not be empty"),
        (MisfitGain(), (A, [0.1]), r"y_student must have the shape of y_weak, \(2,\); found"),
        (
            MisfitGain(),
            (A, [0.1, np.nan]),
            "y_student must be finite; found NaN or infinity in row 1",
        ),
        (MisfitGain(), (A, [0.1, np.inf]), "y_student must be finite"),
        (MisfitGain(), (A, ["a", "b"]), "y_student must hold real numbers"),
        (MisfitGain(), (A, A, [0.1]), r"y_true must have the shape of y_weak"),
        (
            MisfitGain(),
            (A, A, [0.1, np.inf]),
            "y_true must be finite; found NaN or infinity in row 1",
        ),
        (
            MisfitGain(),
            (P, P, [[0.5, np.nan], [0.5, 0.5]]),
            "y_true must be finite; found NaN or infinity in row 0",
        ),
        (MisfitGain(KL()), (P, P, [0, 2]), "y_true must hold class labels from 0 to 1; found 2"),
        (MisfitGain(KL()), (A, A), "y_student must have two dimensions"),
        (MisfitGain(KL()), (P, [[0.2, 0.7], [0.4, 0.6]]), "The rows of y_student must sum to 1"),
        (
            MisfitGain(KL()),
            ([[1.0, 0.0]], [[0.5, 0.5]]),
            "KL of y_student from y_weak must be finite; found infinity in row 0",
        ),
        (
            MisfitGain(KL()),
            ([[0.5, 0.5]], [[1.0, 0.0]], [1]),
            "KL of y_true from y_student must be finite",
        ),
        (MisfitGain(BinaryKL()), ([0.5], [1.5]), r"y_student must lie in \[0, 1\] for BinaryKL"),
        (MisfitGain(confidence_level=1.0), (A, A), "confidence_level must"),
        (MisfitGain(n_resamples=0), (A, A), "n_resamples must be an integer of at least 1"),
        (MisfitGain(student_class="linear"), (A, A), "student_class must be one of convex, affine"),
        (MisfitGain(width=-1.0), (A, A), "width must be zero or positive"),
        (MisfitGain(n_heads=3), (A, A), r"n_heads needs divergence=KL\(\) and gamma"),
        (
            MisfitGain(KL(), n_heads=0, gamma=0.1),
            (P, P),
            "n_heads must be an integer of at least 1; found 0",
        ),
        (
            MisfitGain(KL(), n_heads=3, gamma=0.1, student_class="affine"),
            (P, P),
            'n_heads must be None with student_class="affine": .* no affine space; found 3',
        ),
        (MisfitGain(KL(), gamma=-0.1), (P, P), "gamma must lie between 0 and 1/2"),
        (MisfitGain(KL(), gamma=0.3), (P, P), "gamma must be a floor of the probabilities"),
        (MisfitGain(gamma=0.1), (A, A), "gamma must be None with Squared, .*; found 0.1"),
        (
            MisfitGain(KL(), output_range=(0, 1)),
            (P, P),
            "output_range must be None with KL, .*; found",
        ),
        (MisfitGain(output_range=(1, 0)), (A, A), "output_range must be two finite numbers"),
        (MisfitGain(output_range=(0, 0.3)), (A, A), "y_weak must lie in output_range, 0 to 0.3"),
        (
            MisfitGain(BinaryKL(), output_range=(0, 1)),
            (A, A),
            r"output_range must lie in \(0, 1\) for BinaryKL",
        ),
    ],
)
def test_bad_input(bound, arguments, message):
    with pytest.raises(ValueError, match=message):
        bound.fit(*arguments)
    assert not hasattr(bound, "estimate_")


def test_finite_sample_intervals_are_for_rows_without_weights():
    floor = MisfitGain(KL(), gamma=0.2, random_state=0)
    names = [row.name for row in floor.fit(P, P[::-1], P).table_ if row.name.endswith("any n")]
    assert names == ["misfit, any n", "gain - misfit, any n", "gain, any n"]
    weighted = floor.fit(P, P[::-1], P, sample_weight=[1.0, 2.0])
    assert not [row for row in weighted.table_ if row.name.endswith("any n")]


def test_bad_weights():
    with pytest.raises(ValueError, match="sample_weight must be zero or positive"):
        MisfitGain(Squared()).fit(A, A, sample_weight=[1.0, -1.0])


def partly_labelled(n=300, n_labelled=40):
    """An exact projection on linear heads that hold the truth, which 40 rows show."""
    rng = np.random.default_rng(0)
    h = rng.normal(size=(n, 4))
    truth = h.sum(axis=1)
    weak = truth + 2.0 * rng.normal(size=n)
    known = np.full(n, np.nan)
    known[:n_labelled] = truth[:n_labelled]
    return h, weak, project_least_squares(h, weak).fitted, truth, known


def test_an_identity_over_all_rows_is_not_refuted_by_some():
    h, weak, student, truth, known = partly_labelled()
    bound = MisfitGain(student_class="affine", random_state=0)
    weight = np.linspace(0.5, 1.5, len(h))
    for options in ({}, {"sample_weight": weight}):
        assert bound.fit(weak, student, known, **options).holds_ is None
        assert bound.estimate_ != pytest.approx(bound.lower_)
        assert LABELLED_AT_RANDOM in bound.assumptions_
        text = " ".join(str(bound.summary()).split())
        assert "The inequality may hold or fail: gain - misfit is" in text
    assert bound.fit(weak, student, truth).holds_ is True
    assert LABELLED_AT_RANDOM not in bound.assumptions_
    # Rows that do not count need no label.
    assert bound.fit(weak, student, known, sample_weight=~np.isnan(known)).holds_ is not None


def test_other_gain_bounds_do_not_compare_other_rows_either():
    h, weak, student, truth, known = partly_labelled()
    for bound in (
        GainCertificate(NormBall(h, radius=3.0), random_state=0),
        NonRealizableGain(epsilon=0.0, random_state=0),
    ):
        assert bound.fit(weak, student, known).holds_ is None
        assert LABELLED_AT_RANDOM in bound.assumptions_
        assert bound.fit(weak, student, truth).holds_ is True
        assert LABELLED_AT_RANDOM not in bound.assumptions_


def test_intervals_are_for_new_rows():
    h, weak, student, *_ = partly_labelled()
    for bound in (
        MisfitGain(random_state=0),
        GainCertificate(NormBall(h, radius=3.0), random_state=0),
        NonRealizableGain(epsilon=0.0, random_state=0),
        OutputKLGain(normalize="softmax"),
    ):
        assert bound.fit(weak, student).assumptions_.count(NEW_ROWS) == 1
        text = " ".join(str(bound.summary()).split())
        assert "the student was trained on others: not checked." in text


def test_a_student_one_ulp_from_the_weak_model_is_within_rounding():
    ball = NormBall([[-1.43238137]], 1.0)
    bound = GainCertificate(ball, random_state=0).fit([1.0], [1.0 + 2.2e-16], [-0.4476])
    assert bound.holds_ is True


def told(bound):
    return " ".join(str(bound.summary()).split())


def test_what_the_interval_tells_where_rows_lack_labels_or_chance_decides():
    """A student that unlearns the truth; one that is right; one whose few rows are unlucky."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=2000)
    weak = truth + 0.5 * rng.normal(size=2000)
    known = np.where(np.arange(2000) < 200, truth, np.nan)
    bound = MisfitGain(random_state=0).fit(weak, -weak, known)
    assert bound.holds_ is None
    assert "The inequality does not hold: gain - misfit is -" in told(bound)
    assert "below 0 at 95% confidence." in told(bound)
    assert BoundDisplay.from_estimator(bound).title == "MisfitGain: gain − misfit is below 0"
    bound.fit(weak, truth, known)
    assert "The inequality holds: gain - misfit is 0.000 [0.000, 0.000], within" in told(bound)
    bound.set_params(student_class="affine").fit(weak, truth + 0.01, known)
    assert bound._excess.certain is False and "The inequality may hold or fail" in told(bound)
    bound.fit(weak, 0.5 * (truth + weak), known)
    assert "The inequality does not hold: gain - misfit is 0" in told(bound)
    assert ", above 0.000 at 95% confidence." in told(bound)

    ahead = np.where(np.arange(40) % 2, 1.0, -1.1)
    bound = MisfitGain(random_state=0).fit(-np.ones(40), np.zeros(40), ahead)
    assert bound.holds_ is False
    assert (
        "not on this sample. The inequality may hold in the population: gain - misfit is -"
        in told(bound)
    )
    display = BoundDisplay.from_estimator(bound)
    assert display.title == "MisfitGain: the estimate lies outside the limits, by chance perhaps"
    assert any("The inequality may hold in the population" in note for note in display.notes)
    bound.fit(-np.ones(40), np.zeros(40), ahead - 5)
    assert "not on this sample. The inequality does not hold: gain - misfit is -" in told(bound)


def test_the_correction_for_heads_is_room():
    weak, student, truth = (np.tile([p, 1 - p], (30, 1)) for p in (0.6, 0.5, 0.55))
    bound = MisfitGain(KL(), n_heads=4, gamma=0.3, random_state=0).fit(weak, student, truth)
    row = {q.name: q.value for q in bound.table_}
    assert bound._excess.found.name == "gain - misfit + correction"
    assert bound._excess.found.value == pytest.approx(bound.estimate_ - bound.lower_)
    assert bound._excess.found.value > row["gain - misfit"]


@pytest.mark.parametrize("scale", [1e60, 1e150, 1e200])
def test_errors_too_large_for_intervals_are_refused(rng, scale):
    _, truth, weak, student = (scale * part for part in linear(rng, n=20))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"Squared of y_student from y_weak .* rescale y_stu"):
            MisfitGain(random_state=0).fit(weak, student, truth)
        with pytest.raises(
            ValueError, match=r"Squared errors must be at most 1e\+100; found .* resca"
        ):
            ErrorFloor(loss="squared").fit(weak, student, truth)
