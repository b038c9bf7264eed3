"""Gain and misfit of outputs taken as distributions over the sample, theory 5."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from w2s_stats._intervals import Interval, normal_mean
from w2s_stats._validation import check_choice, check_confidence_level
from w2s_stats.bounds._base import Assumption, Bound, Quantity
from w2s_stats.bounds._gain import CANCELLED, ROUNDING
from w2s_stats.bounds._inputs import Predictions, check_predictions
from w2s_stats.bounds._output_parts import (
    bracket_parts,
    condition_parts,
    divergence_parts,
    gain_parts,
    misfit_parts,
    over_mean,
)
from w2s_stats.bounds._row_means import LABELLED_AT_RANDOM, NEW_ROWS, powered_mean
from w2s_stats.divergences._outputs import as_outputs, check_positive


class OutputKLGain(Bound):
    r"""Whether the misfit bounds the gain of positive outputs, theory 5 ([Y25] Theorem 3).

    Outputs in the sample are divided by their mean (theory 1.3), d(f, g) = mean f log(f / g). A
    student of *forward* training, F_sw = argmin d(F_w, .), is said to have

    .. math:: d(F_w, F^*) - d(F_{sw}, F^*) \ge d(F_w, F_{sw})
              \quad\text{if}\quad \langle F_w - F_{sw},\, r - 1 - \log r\rangle \ge 0,
              \quad r = F^*/F_{sw}.

    The condition is needed, and not sharp: gain - misfit = (1 - E_{F_w} r) + <F_w - F_sw, r - 1 -
    log r> exactly (theory 5.1), the first bracket >= 0 for a minimiser over a convex class that
    holds the truth, so that the bound holds if and only if the condition's value is at least minus
    the bracket (theory 5.2). Without the condition it often fails. A student of *reverse* training,
    F_sw = argmin d(., F_w) over a convex class that holds the truth, has d(F*, F_w) - d(F*, F_sw)
    >= d(F_sw, F_w) without any condition (theory 5.3).

    With `y_ceiling`, F_s, a member of the class for a truth that may lie outside it, gain - misfit
    is in two parts (theory 5.4): *inside the class*, what it would be were F_s the truth, and
    *outside*, exactly E (F_w - F_sw) log(F_s / F*), forward, or E (F* - F_s) log(F_sw / F_w). The
    table has all terms of [Y25] Theorem 4 that the sample has, the condition for F_s among them;
    the assumptions name the others. `fit` takes outputs in one column.

    Parameters
    ----------
    training : {"forward", "reverse"}, default="forward"
        Which of the two `estimate_` and `lower_` are; the table has both.
    normalize : {"sum", "softmax"}, default="sum"
        How outputs become a distribution over the sample: themselves (which must be positive), or
        their exponentials.
    confidence_level : float, default=0.95

    Attributes
    ----------
    estimate_ : float
        The gain; NaN without truth. Where some rows have none, misfits predict gains there
        (prediction-powered inference on the rows of the delta method).
    lower_, upper_ : float
        The misfit, and infinity.
    condition_, bracket_ : float
        <F_w - F_sw, r - 1 - log r> and 1 - E_{F_w} r; NaN without truth.
    condition_holds_ : bool or None
        Whether `condition_` >= 0; where some rows have no truth, whether its interval lies on one
        side of 0, and on which. None where it does not, and without truth.
    holds_ : bool or None
        Whether gain >= misfit: forward, this is `condition_` >= -`bracket_`.
    interval_, method_, assumptions_, table_
        As in every bound; intervals are normal, widened for skewness, by the delta method.

    Raises
    ------
    ValueError
        In `fit`, also if outputs are not positive where they must be, or have several columns.

    References
    ----------
    Yao et al. (2025), The capabilities and limitations of weak-to-strong generalization, Theorems 3
    and 4.

    Examples
    --------
    >>> from w2s_stats.bounds import OutputKLGain
    >>> bound = OutputKLGain().fit([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], [1.0, 2.0, 2.5])
    >>> round(bound.estimate_, 4), round(bound.lower_, 4), bound.condition_holds_, bound.holds_
    (0.0233, 0.0102, True, True)
    """

    def __init__(
        self,
        *,
        training: str = "forward",
        normalize: str = "sum",
        confidence_level: float = 0.95,
    ) -> None:
        self.training = training
        self.normalize = normalize
        self.confidence_level = confidence_level

    def _fit(
        self,
        y_weak: Any,
        y_student: Any,
        y_true: Any,
        *,
        y_ceiling: Any,
        sample_weight: Any,
        **unused: Any,
    ) -> Self:
        check_confidence_level(self.confidence_level)
        check_choice("training", self.training, ("forward", "reverse"))
        check_choice("normalize", self.normalize, ("sum", "softmax"))
        weak, student = as_outputs(y_weak, name="y_weak"), as_outputs(y_student, name="y_student")
        if y_true is not None:
            y_true = as_outputs(y_true, name="y_true")
        if y_ceiling is not None:
            y_ceiling = as_outputs(y_ceiling, name="y_ceiling")
        data = check_predictions(
            weak, student, y_true, y_ceiling=y_ceiling, sample_weight=sample_weight
        )
        weak = self._log_density(data.weak, data, "y_weak")
        student = self._log_density(data.student, data, "y_student")
        misfits = misfit_parts(weak, student, data.weight)
        models = {"F_w": weak, "F_sw": student}
        if data.ceiling is not None:
            models["F_s"] = self._log_density(data.ceiling, data, "y_ceiling")
        inside = self._inside(models, misfits, data.weight)
        found = self._truth(models, data)
        table = [
            Quantity(name, *self._mean(rows, misfits[self.training], data))
            for name, rows in {
                "forward misfit, KL(weak || student)": misfits["forward"],
                "reverse misfit, KL(student || weak)": misfits["reverse"],
                **inside,
                **found,
            }.items()
        ]
        values = {row.name: row for row in table}
        estimate = values.get(f"{self.training} gain")
        condition = values.get("condition, forward")
        self.condition_, self.bracket_, self.condition_holds_ = np.nan, np.nan, None
        if condition is not None:
            self.condition_ = condition.value
            self.bracket_ = values["1 - E_weak r, forward"].value
            self.condition_holds_ = _not_negative(condition, exact=data.complete)
        for_ceiling = values.get("condition, forward, F_s for F*")
        return self._conclude(
            None if estimate is None else estimate[1:],
            np.average(misfits[self.training], weights=data.weight),
            np.inf,
            table=table,
            assumptions=[
                *self._assumptions(for_ceiling),
                NEW_ROWS,
                *([] if data.complete else [LABELLED_AT_RANDOM]),
            ],
            rounding=ROUNDING[data.student.dtype],
            cancelled=self._rounding_of_gain(values, data),
            comparable=data.complete,
            excess=values.get(f"{self.training} gain - misfit"),
        )

    def _inside(
        self,
        models: dict[str, np.ndarray],
        misfits: dict[str, np.ndarray],
        weight: np.ndarray | None,
    ) -> dict[str, np.ndarray]:
        """What gain - misfit and its two forward parts are if F_s is the truth."""
        if "F_s" not in models:
            return {}
        weak, student, ceiling = models.values()
        gains = gain_parts(weak, student, ceiling, weight)
        return {
            **{f"{k} gain - misfit, inside the class": gains[k] - misfits[k] for k in gains},
            "condition, forward, F_s for F*": condition_parts(weak, student, ceiling, weight),
            "1 - E_weak r, forward, F_s for F*": bracket_parts(weak, student, ceiling, weight),
            f"A = {self._distance('F_sw', 'F_s')}": self._parts(models, "F_sw", "F_s", weight),
        }

    def _truth(self, models: dict[str, np.ndarray], data: Predictions) -> dict[str, np.ndarray]:
        """What needs the truth, in the rows that have one: outputs are over the means of these."""
        if data.truth is None:
            return {}
        rows, weight = data.labelled, data.labelled_weight
        values = data.labelled_values(lambda truth, _: truth)
        known = {name: over_mean(model[rows], weight) for name, model in models.items()}
        weak, student = known["F_w"], known["F_sw"]
        misfits = misfit_parts(weak, student, weight)
        inside = self._inside(known, misfits, weight)
        known["F*"] = truth = self._log_density(values, data, "y_true", rows)
        gains = gain_parts(weak, student, truth, weight)
        slack = {k: gains[k] - misfits[k] for k in gains}
        found = {f"{k} gain": gains[k] for k in gains}
        found |= {f"{k} gain - misfit": slack[k] for k in slack}
        for k in slack if inside else ():
            within = inside[f"{k} gain - misfit, inside the class"]
            found[f"{k} gain - misfit, outside the class"] = slack[k] - within
        found["condition, forward"] = condition_parts(weak, student, truth, weight)
        found["1 - E_weak r, forward"] = bracket_parts(weak, student, truth, weight)
        for letter, model in {"D": "F_s", "F": "F_w", "G": "F_sw"}.items():
            if model in known:
                name = f"{letter} = {self._distance(model, 'F*')}"
                found[name] = self._parts(known, model, "F*", weight)
        return found

    def _rounding_of_gain(self, values: dict[str, Quantity], data: Predictions) -> float:
        """What rounding leaves of the two errors that the gain is the difference of.

        Of densities of mean 1, too: a student rounded to its last place is no exact minimiser.
        """
        names = (f"F = {self._distance('F_w', 'F*')}", f"G = {self._distance('F_sw', 'F*')}")
        size = 1.0 + sum(values[name].value for name in names if name in values)
        return float(CANCELLED * np.finfo(data.student.dtype).eps * size)

    def _distance(self, model: str, truth: str) -> str:
        """The divergence's name: forward training has the truth second."""
        return f"d({model}, {truth})" if self.training == "forward" else f"d({truth}, {model})"

    def _parts(
        self, models: dict[str, np.ndarray], model: str, truth: str, weight: np.ndarray | None
    ) -> np.ndarray:
        pair = (model, truth) if self.training == "forward" else (truth, model)
        return divergence_parts(models[pair[0]], models[pair[1]], weight)

    def _mean(self, rows: np.ndarray, guess: np.ndarray, data: Predictions) -> Interval:
        """Mean over all rows of what each adds, known for all rows or for those with a truth."""
        level = self.confidence_level
        if len(rows) == len(data.weak):
            found = normal_mean(rows, data.weight, confidence_level=level)
        else:
            found = powered_mean(rows, guess, data.labelled, data.weight, level)
        return found._replace(method=f"delta, {found.method}")

    def _log_density(
        self, values: np.ndarray, data: Predictions, name: str, rows: Any = slice(None)
    ) -> np.ndarray:
        """Logarithms of outputs over their mean: densities with respect to the sample."""
        values = values.astype(np.float64)
        if self.normalize == "sum":
            check_positive(values, lambda row: data.number(row, rows), name=name)
            values = np.log(values)
        return over_mean(values, None if data.weight is None else data.weight[rows])

    def _assumptions(self, for_ceiling: Quantity | None) -> list[Assumption]:
        first, second = {"forward": ("F_w", "."), "reverse": (".", "F_w")}[self.training]
        found = [
            Assumption(
                f"The student minimises d({first}, {second}) over a convex class with the truth, "
                "on these very rows (for others, what means over the rows that it learned from "
                "differ by is not computed)",
                "not checked",
            )
        ]
        if self.training == "forward":
            found.append(
                Assumption("<F_w - F_sw, r - 1 - log r> >= 0", _word(self.condition_holds_))
            )
            if for_ceiling is not None:
                holds = _not_negative(for_ceiling, exact=True)
                found.append(Assumption("The same for F_s in place of F*", _word(holds)))
                found.append(
                    Assumption(
                        "The same for the student in place of F* and the minimiser over a "
                        "population in place of F_sw",
                        "not checked",
                    )
                )
        return found


def _not_negative(found: Quantity, *, exact: bool) -> bool | None:
    """Whether a quantity is at least 0: this sample's, or one that an interval stands for."""
    if exact or found.low >= 0:
        return bool(found.value >= 0)
    return False if found.high < 0 else None


def _word(holds: bool | None) -> str:
    return {None: "not checked", True: "held", False: "violated"}[holds]
