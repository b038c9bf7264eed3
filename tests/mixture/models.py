"""Mixtures of experts written down by hand: their parameters, draws and log-likelihood in NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln

from w2s_stats.mixture import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor

FAMILIES = ("gaussian", "poisson", "bernoulli", "multinomial")
GATES = ("constant", "softmax", "gaussian")
N_CLASSES = {"bernoulli": 2, "multinomial": 3}


@dataclass(frozen=True)
class Model:
    """Shapes of a mixture on `n_features` columns; `families` has an entry for each label."""

    families: tuple[str, ...]
    gate: str
    n_experts: int
    n_features: int

    def gate_features(self, X: np.ndarray) -> np.ndarray:
        columns = [np.ones(len(X))]
        if self.gate != "constant":
            columns += list(X.T)
        if self.gate == "gaussian":
            d = X.shape[1]
            columns += [X[:, i] * X[:, j] for i in range(d) for j in range(i, d)]
        return np.stack(columns, axis=1)

    def gate_terms(self) -> list[str]:
        names = [f"x{j}" for j in range(self.n_features)]
        terms = ["intercept"]
        if self.gate != "constant":
            terms += names
        if self.gate == "gaussian":
            for i, a in enumerate(names):
                terms += [f"{a}^2" if a == b else f"{a} {b}" for b in names[i:]]
        return terms

    def outputs(self) -> list[tuple[str, str]]:
        """Family and name of each row of coefficients that an expert has."""
        rows = []
        for m, family in enumerate(self.families):
            if family in N_CLASSES:
                rows += [(family, f"y={c}") for c in range(1, N_CLASSES[family])]
            else:
                rows.append((family, f"y{m}"))
        return rows

    def names(self) -> list[str]:
        """Every free parameter, in the documented order."""
        names = [f"gate[{k}].{t}" for k in range(1, self.n_experts) for t in self.gate_terms()]
        for k in range(self.n_experts):
            for family, output in self.outputs():
                terms = ["intercept", *(f"x{j}" for j in range(self.n_features))]
                terms += ["scale"] if family == "gaussian" else []
                names += [f"expert[{k}].{output}.{term}" for term in terms]
        return names

    def unpack(self, params: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Gate (K, features) with a row of zeros first, and each expert's rows (K, 1 + d [+ 1])."""
        q = len(self.gate_terms())
        gate = np.concatenate([np.zeros(q), params[: (self.n_experts - 1) * q]])
        rest, at = params[(self.n_experts - 1) * q :], 0
        rows: list[list[np.ndarray]] = [[] for _ in self.outputs()]
        for _ in range(self.n_experts):
            for i, (family, _) in enumerate(self.outputs()):
                size = 1 + self.n_features + (family == "gaussian")
                rows[i].append(rest[at : at + size])
                at += size
        assert at == len(rest)
        return gate.reshape(self.n_experts, q), [np.stack(r) for r in rows]

    def gate_proba(self, params: np.ndarray, X: np.ndarray) -> np.ndarray:
        """p(k | x), also for complex parameters."""
        logits = self.gate_features(X) @ self.unpack(params)[0].T
        e = np.exp(logits - logits.real.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def log_density(self, params: np.ndarray, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """log phi(y; x, theta_k), (n_samples, n_experts); NaN in Y drops out. Complex-safe."""
        _, rows = self.unpack(params)
        design = np.column_stack([np.ones(len(X)), X])
        total = np.zeros((len(X), self.n_experts), dtype=np.asarray(params).dtype)
        at = 0
        for m, family in enumerate(self.families):
            y = Y[:, m, None]
            n_rows = N_CLASSES.get(family, 2) - 1
            eta = [design @ row[:, : design.shape[1]].T for row in rows[at : at + n_rows]]
            if family == "gaussian":
                scale = rows[at][:, -1]
                e = (y - eta[0]) / scale
                log_p = -0.5 * e**2 - np.log(scale) - 0.5 * np.log(2 * np.pi)
            elif family == "poisson":
                log_p = y * eta[0] - np.exp(eta[0]) - gammaln(y + 1)
            else:
                logits = np.stack([np.zeros_like(eta[0]), *eta])
                norm = np.log(np.exp(logits).sum(axis=0))
                code = np.nan_to_num(Y[:, m]).astype(int)
                log_p = logits[code, np.arange(len(X))] - norm
            total = total + np.where(np.isnan(y), 0.0, log_p)
            at += n_rows
        return total

    def log_prob(self, params: np.ndarray, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """log p(y | x) of each row. Complex-safe, for complex-step derivatives."""
        joint = np.log(self.gate_proba(params, X)) + self.log_density(params, X, Y)
        top = joint.real.max(axis=1, keepdims=True)
        return np.log(np.exp(joint - top).sum(axis=1)) + top[:, 0]

    def draw(self, params: np.ndarray, X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Labels (n_samples, n_labels) as floats; classes are 0, 1, ..."""
        proba = self.gate_proba(params, X)
        k = (rng.random((len(X), 1)) > proba.cumsum(axis=1)[:, :-1]).sum(axis=1)
        _, rows = self.unpack(params)
        design = np.column_stack([np.ones(len(X)), X])
        Y, at = np.empty((len(X), len(self.families))), 0
        for m, family in enumerate(self.families):
            n_rows = N_CLASSES.get(family, 2) - 1
            eta = [(design * row[k, : design.shape[1]]).sum(1) for row in rows[at : at + n_rows]]
            if family == "gaussian":
                Y[:, m] = eta[0] + rows[at][k, -1] * rng.normal(size=len(X))
            elif family == "poisson":
                Y[:, m] = rng.poisson(np.exp(eta[0]))
            else:
                logits = np.stack([np.zeros(len(X)), *eta], axis=1)
                Y[:, m] = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
            at += n_rows
        return Y

    def estimator(self, **settings: Any) -> Any:
        """An estimator for this model, not fitted."""
        settings = {"random_state": 0, **settings}
        if self.families[0] in N_CLASSES:
            return MixtureOfExpertsClassifier(
                self.n_experts, expert=self.families[0], gate=self.gate, **settings
            )
        return MixtureOfExpertsRegressor(
            self.n_experts, expert=list(self.families), gate=self.gate, **settings
        )

    def labels(self, Y: np.ndarray) -> np.ndarray:
        """Y as `estimator` takes it: one label in one dimension, classes as integers."""
        if Y.shape[1] > 1:
            return Y
        return Y[:, 0].astype(int) if self.families[0] in N_CLASSES else Y[:, 0]


# An expert's rows, well apart: intercept, then two slopes (and the scale of a Gaussian one).
_ROWS: dict[str, tuple[tuple[float, ...], ...]] = {
    "gaussian": ((0.5, 2.0, -1.0, 0.5), (-1.0, -1.5, 1.0, 0.8)),
    "poisson": ((2.0, 0.4, -0.2), (0.3, -0.5, 0.4)),
}
# Classes: expert by expert, a row for each class but the first.
_CLASS_ROWS = {
    "bernoulli": (((0.5, 3.0, -1.0),), ((-0.5, -2.5, -2.0),)),
    "multinomial": (((0.5, 3.0, -1.0), (0.0, -1.0, 2.5)), ((-0.5, -2.5, -2.0), (0.3, 1.0, -2.0))),
}
_GATE = {
    "constant": (-0.5,),
    "softmax": (-0.5, 1.0, -0.8),
    "gaussian": (-0.8, 1.0, -0.8, 0.7, 0.4, -0.6),
}


def example(families: tuple[str, ...], gate: str) -> tuple[Model, np.ndarray]:
    """Two experts on two features, of which the first has more than half of the rows."""
    model = Model(families, gate, 2, 2)
    experts = []
    for k in range(2):
        for m, family in enumerate(families):
            if family in N_CLASSES:
                experts += [value for row in _CLASS_ROWS[family][k] for value in row]
            else:
                # Labels beyond the first have the experts' slopes the other way round.
                experts += _ROWS[family][k] if m % 2 == 0 else _ROWS[family][1 - k]
    return model, np.array([*_GATE[gate], *experts])
