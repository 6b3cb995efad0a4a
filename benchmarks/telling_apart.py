"""How well two kinds of people can be told apart by numbers about their strides: a logistic fit of our own.

Every person weighs the same, however many strides; a fold holds whole persons, so that nobody is judged by a fit that
has seen them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
RIDGE = 0.01
FOLDS = 5


def auc(score: Floats, is_second: NDArray[np.bool_], weight: Floats) -> float:
    """Return the chance that a stride of the second kind scores higher than one of the first: 0.5 none, 1 always."""
    order = np.argsort(score, kind="stable")
    ranked, w = is_second[order], weight[order]
    below = np.cumsum(np.where(ranked, 0.0, w))
    return float((below * w)[ranked].sum() / (w[ranked].sum() * w[~ranked].sum()))


def person_weights(is_second: NDArray[np.bool_], person: NDArray[np.int64]) -> Floats:
    """Return a weight for each stride, so that persons weigh alike and so do the two kinds; each kind sums to 1."""
    weight = 1.0 / np.bincount(person)[person]
    for kind in (False, True):
        weight[is_second == kind] /= weight[is_second == kind].sum()
    return weight


def logistic_fit(x: Floats, is_second: NDArray[np.bool_], weight: Floats) -> Floats:
    """Return constant and one coefficient per column of `x` (strides, columns), a little ridge against blow-up."""
    sign = np.where(is_second, 1.0, -1.0)

    def loss(b: Floats) -> tuple[float, Floats]:
        margin = sign * (b[0] + x @ b[1:])
        pull = -sign * weight * np.exp(-np.logaddexp(0.0, margin))
        gradient = np.concatenate([[pull.sum()], x.T @ pull + RIDGE * b[1:]])
        return float(weight @ np.logaddexp(0.0, -margin) + 0.5 * RIDGE * b[1:] @ b[1:]), gradient

    return minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x


def standardised(values: Floats) -> Floats:
    """Return the logarithms with mean 0 and SD 1 per column."""
    logs = np.log(values)
    return (logs - logs.mean(axis=0)) / logs.std(axis=0)


def with_products(x: Floats) -> Floats:
    """Return the columns and all their products, for a fit that may bend."""
    i, j = np.triu_indices(x.shape[1])
    return np.concatenate([x, np.clip(x[:, i] * x[:, j], -9.0, 9.0)], axis=1)


def cross_validated_auc(
    x: Floats, is_second: NDArray[np.bool_], person: NDArray[np.int64], *, seed: int = 1
) -> float:
    """Return the AUC over all strides, each scored by a fit to the other folds' persons."""
    weight = person_weights(is_second, person)
    fold = np.random.default_rng(seed).permutation(person.max() + 1)[person] % FOLDS
    score = np.zeros(len(x))
    for k in range(FOLDS):
        b = logistic_fit(x[fold != k], is_second[fold != k], weight[fold != k])
        score[fold == k] = b[0] + x[fold == k] @ b[1:]
    return auc(score, is_second, weight)
