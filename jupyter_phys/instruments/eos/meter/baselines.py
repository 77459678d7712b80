"""Classical classifiers of scikit-learn on the network's inputs, flat; their strength is chosen on events set aside."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jupyter_phys.core.run import Run

STRENGTHS = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
TREES = 200


def classical(
    x: NDArray[Any], y: NDArray[Any], x_aside: NDArray[Any], y_aside: NDArray[Any], run: Run, seed: int
) -> Iterator[tuple[str, Any]]:
    """Name and fitted classifier, one after the other; inputs [n, pixel] are standardised already.

    Of every strength of regularisation that is tried, the one with most events set aside right is kept.
    """
    for name, makers in _makers(seed).items():
        best: tuple[float, Any] = (-1.0, None)
        for make in makers:
            model = make()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that not all of them converge shows in what is right
                model.fit(x, y)
            right = float((model.predict(x_aside) == y_aside).mean())
            if right > best[0]:
                best = right, model
            run.advance(0)
        yield name, best[1]


def _makers(seed: int) -> dict[str, list[Callable[[], Any]]]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC, LinearSVC

    def with_each(make: Callable[[float], Any]) -> list[Callable[[], Any]]:
        return [lambda c=c: make(c) for c in STRENGTHS]

    return {
        "logistic": with_each(lambda c: LogisticRegression(C=c, max_iter=500)),
        "linear SVM": with_each(lambda c: LinearSVC(C=c, random_state=seed, max_iter=2000)),
        "RBF SVM": [lambda c=c: SVC(C=c) for c in (0.1, 1.0, 10.0, 100.0)],
        "random forest": [lambda: RandomForestClassifier(TREES, random_state=seed)],
    }


NAMES = ("logistic", "linear SVM", "RBF SVM", "random forest")


def of_number(number: NDArray[np.float64], label: NDArray[Any], tested: NDArray[np.float64]) -> NDArray[Any]:
    """What logistic regression on dN/dy alone (and its logarithm) answers."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def columns(n: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([n, np.log(np.maximum(n, 1e-300))], 1)

    model: Any = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return model.fit(columns(number), label).predict(columns(tested))
