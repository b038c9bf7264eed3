"""Ctrl-C during a fit leaves nothing half-fitted, and nothing that hampers the next fit."""

import _thread
import signal
import threading

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from threadpoolctl import threadpool_info

from w2s_stats.datasets import load_tone
from w2s_stats.em import Mixture
from w2s_stats.mixture import MixtureOfExpertsRegressor

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(),
    reason="signals reach the main thread only",
)


@pytest.fixture
def press_ctrl_c(monkeypatch):
    """Interrupt the main thread, from another one, in the twentieth pass over the data."""
    # A job in the background of a shell is born deaf to it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    evaluate, passes = Mixture.evaluate, []

    def counted(self, theta):
        passes.append(theta)
        if len(passes) == 20:
            other = threading.Thread(target=_thread.interrupt_main)
            other.start()
            other.join()
        return evaluate(self, theta)

    monkeypatch.setattr(Mixture, "evaluate", counted)
    yield passes
    signal.signal(signal.SIGINT, before)


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.mark.usefixtures("two_blas_threads")
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_interrupted_fit(press_ctrl_c, n_jobs):
    X, y = load_tone(return_X_y=True)
    threads = blas_threads()
    model = MixtureOfExpertsRegressor(random_state=0, n_jobs=n_jobs)
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert vars(model) == before
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert blas_threads() == threads
    # The passes that are counted are over: the same fit ends where it would have ended.
    assert model.fit(X, y).log_likelihood(X, y) == pytest.approx(141.198402, abs=1e-5)


def test_an_interrupted_fit_keeps_the_former_one(press_ctrl_c):
    X, y = load_tone(return_X_y=True)
    model = MixtureOfExpertsRegressor(1).fit(X, y)  # one expert needs few passes
    assert len(press_ctrl_c) < 20
    former = model.coef_
    with pytest.raises(KeyboardInterrupt):
        model.set_params(n_experts=2).fit(X, y)
    assert model.coef_ is former
    assert np.isfinite(model.predict(X)).all()
