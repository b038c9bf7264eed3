"""Arguments of `fit`: one sentence that names the one, and nothing half-fitted."""

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tests.bad_input.arguments import (
    BAD,
    CLASSES,
    ESTIMATORS,
    NEEDED,
    ONLY_CLASSES,
    ONLY_REAL,
    REAL,
    REAL_SIZES,
    SIZES,
    USES_WEAK,
    assert_one_sentence,
    classifier,
    given,
    regressor,
    same,
)
from w2s_stats.transfer import stack_domains

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def cases():
    for name, (_, data, arguments) in ESTIMATORS.items():
        tables = [BAD, ONLY_REAL if data is REAL else ONLY_CLASSES]
        tables += [SIZES, REAL_SIZES] if data is REAL else [SIZES]
        tables += [NEEDED] if name in USES_WEAK else []
        for table in tables:
            for argument, changes in table.items():
                for what, change in changes.items():
                    if argument in arguments:
                        yield pytest.param(name, argument, change, id=f"{name}: {argument} {what}")


@pytest.mark.parametrize(("name", "argument", "change"), list(cases()))
def test_fit(fitted, name, argument, change):
    estimator, data, arguments = ESTIMATORS[name]
    bad = given(data, arguments)
    bad[argument] = change(bad[argument])
    fresh, former = clone(estimator), copy.deepcopy(fitted[name])
    for model in (fresh, former):
        before = dict(vars(model))
        with pytest.raises((ValueError, TypeError)) as caught:
            model.fit(**bad)
        assert_one_sentence(caught.value, argument)
        assert same(before, vars(model))
    with pytest.raises(NotFittedError):
        fresh.predict(data.X)
    assert same(vars(former), vars(fitted[name]))


def test_columns_are_called_by_their_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(REAL.X, columns=["age", "dose"])
    for bad, says in [
        (frame.assign(dose="high"), "found 'high' in row 0, column 'dose'"),
        (frame.mask(frame > 1.5), "found NaN in row .*, column 'age'"),
        (frame.set_axis(["age", "age"], axis=1), "different names; found 'age' twice"),
    ]:
        with pytest.raises(ValueError, match=says) as caught:
            regressor().fit(bad, REAL.y_gold)
        assert_one_sentence(caught.value, "X")


def test_missing_markers_of_pandas_are_gaps_and_no_bad_input():
    pandas = pytest.importorskip("pandas")
    words = pandas.Series(np.where(CLASSES.y_gold > 0, "yes", "no"), dtype="string")
    words[3] = pandas.NA
    for labels in (words, words.astype(object), words.astype("category")):
        model = classifier().fit(CLASSES.X, labels)
        assert model.classes_.tolist() == ["no", "yes"]
        assert 0.5 < model.score(CLASSES.X, labels) <= 1.0
    domains = stack_domains((CLASSES.X, words), (CLASSES.X, words))
    assert domains[1][3] is None and domains[2][103] is None
