"""The recorded R fits are what they say: same data, same log-likelihood in plain NumPy."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.oracles.cases import digest, evaluate, load, log_likelihood

FITS = json.loads(Path(__file__).with_name("flexmix_fits.json").read_text(encoding="utf-8"))
SIMULATED_FITS = [fit for fit in FITS["fits"] if fit["file"] is None]


@pytest.mark.parametrize("fit", SIMULATED_FITS, ids=lambda fit: fit["name"])
def test_simulated_data_and_log_likelihood(fit):
    X, y = load(fit)
    assert digest(X, y) == fit["sha256"]
    assert log_likelihood(fit, X, y) == pytest.approx(fit["loglik"], abs=1e-6)


def test_expressions_of_columns():
    columns = {"a": np.array([1.0, np.e]), "b": np.array(["Yes", "No"])}
    np.testing.assert_allclose(evaluate("(b == 'Yes') * 2 + log(a)**2", columns), [2, 1])


def test_every_fit_is_a_strict_local_maximum():
    for fit in FITS["fits"]:
        assert fit["strict_maximum"], fit["name"]
        assert fit["newton_decrement"] < 1e-12, fit["name"]
