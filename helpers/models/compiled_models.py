"""The compiled forms of fitted models: what each has learnt, read out once and kept as arrays.

scikit-learn is made for many rows: for a single one, nearly all the time goes into checks.
`compiled_model` finds the form by the model's class. One that registers none is asked itself, many
rows at a time, and the pipeline answers single rows.
"""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np
from sklearn import ensemble
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier

from .calibrated_model import MIN_PROBABILITY, Calibrated, apply_calibration
from .parallel_trees import ParallelTrees, boosting_trees, forest_trees


class CompiledModel:
    """A fitted model, asked for probabilities (of classes) or numbers; this one asks it itself.

    `no_row_form` says what has no form for one row, "" where there is one.
    """

    no_row_form = ""

    def __init__(self, model):
        self.model = model

    def row(self, x: np.ndarray) -> np.ndarray | float:
        """The probabilities of the classes, or the number, of one row of features."""
        raise NotImplementedError(f"There is no one-row form of {self.no_row_form}.")

    def table(self, x: np.ndarray) -> np.ndarray:
        """n × classes probabilities, or n numbers, of n × features."""
        has_classes = hasattr(self.model, "predict_proba")
        return self.model.predict_proba(x) if has_classes else self.model.predict(x)

    def described(self) -> dict | None:
        """The model as plain data for `scorer.js`; None where it has no written form."""
        return None


class AskedModel(CompiledModel):
    """A model whose class has no compiled form."""

    def __init__(self, model):
        super().__init__(model)
        self.no_row_form = f"the model {type(model).__name__}"


@singledispatch
def compiled_model(model) -> CompiledModel:
    """The compiled form of a fitted model, by its class."""
    return AskedModel(model)


@compiled_model.register
def _(model: FixedThresholdClassifier) -> CompiledModel:
    return compiled_model(model.estimator_)


@compiled_model.register(DummyClassifier)
@compiled_model.register(DummyRegressor)
class Constant(CompiledModel):
    """The same answer to every row."""

    def __init__(self, model):
        super().__init__(model)
        is_class = hasattr(model, "class_prior_")
        self.answer = model.class_prior_ if is_class else float(model.constant_.item())

    def row(self, x: np.ndarray) -> np.ndarray | float:
        """The answer."""
        return self.answer

    def described(self) -> dict:
        """The answer."""
        return {"kind": "constant", "answer": np.asarray(self.answer, dtype=float)}


@compiled_model.register(LogisticRegression)
class Logistic(CompiledModel):
    """The logistic function of a weighted sum, or softmax of several."""

    def __init__(self, model: LogisticRegression):
        super().__init__(model)
        self.is_binary = len(model.classes_) == 2
        self.weights = model.coef_[0] if self.is_binary else model.coef_
        self.start = float(model.intercept_[0]) if self.is_binary else model.intercept_

    def row(self, x: np.ndarray) -> np.ndarray:
        """The probabilities of the classes."""
        margins = self.weights @ x + self.start
        return binary_probabilities(float(margins)) if self.is_binary else softmax(margins)

    def described(self) -> dict:
        """A row of weights for each margin, and where each starts."""
        return {"kind": "logistic", "weights": np.atleast_2d(self.weights),
                "start": np.atleast_1d(self.start)}  # fmt: skip


@compiled_model.register(Ridge)
class Linear(CompiledModel):
    """A weighted sum."""

    def __init__(self, model: Ridge):
        super().__init__(model)
        self.weights, self.start = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])

    def row(self, x: np.ndarray) -> float:
        """The number."""
        return float(self.weights @ x) + self.start

    def described(self) -> dict:
        """The weights, and where it starts."""
        return {"kind": "linear", "weights": self.weights, "start": self.start}


@compiled_model.register(ensemble.RandomForestClassifier)
@compiled_model.register(ensemble.RandomForestRegressor)
class Forest(CompiledModel):
    """The mean of the trees' answers. They were grown on single precision, and are asked in it."""

    def __init__(self, model):
        super().__init__(model)
        self.is_class = isinstance(model, ensemble.RandomForestClassifier)
        self.members = [member.tree_ for member in model.estimators_]
        self.trees = ParallelTrees(forest_trees(self.members))

    def row(self, x: np.ndarray) -> np.ndarray | float:
        """The mean of the leaves that the row ends in."""
        leaves = self.trees.leaves(x.astype(np.float32).astype(np.float64))
        mean = np.add.reduce(leaves) / len(self.members)
        return mean if self.is_class else float(mean[0])

    def table(self, x: np.ndarray) -> np.ndarray:
        """The mean over the trees, each asked directly."""
        rows = np.ascontiguousarray(x, dtype=np.float32)
        mean = sum(tree.predict(rows) for tree in self.members) / len(self.members)
        return mean if self.is_class else mean[:, 0]

    def described(self) -> dict:
        """The trees; of the shares of the classes all but the first, which is the rest."""
        trees = self.trees.described()
        value = trees["value"][:, 1:] if self.is_class else trees["value"]
        own = {"value": value, "outs": value.shape[1], "is_class": self.is_class}
        return {"kind": "forest"} | trees | own


@compiled_model.register(ensemble.HistGradientBoostingClassifier)
@compiled_model.register(ensemble.HistGradientBoostingRegressor)
class Boosting(CompiledModel):
    """The sum of the trees' answers: a margin, or one for each of several classes."""

    def __init__(self, model):
        super().__init__(model)
        self.is_number = isinstance(model, ensemble.HistGradientBoostingRegressor)
        self.columns = len(model._predictors[0])  # 1, or a tree a class in each round
        if any(tree.nodes["is_categorical"].any() for some in model._predictors for tree in some):
            self.no_row_form = "boosting with categories of its own"
            return
        self.trees = ParallelTrees(boosting_trees(model._predictors))
        self.start = np.ravel(model._baseline_prediction)

    def row(self, x: np.ndarray) -> np.ndarray | float:
        """The probabilities of the margins, or the one margin of a regression."""
        margins = self.trees.leaves(x).reshape(self.columns, -1).sum(axis=1) + self.start
        if self.is_number:
            return float(margins[0])
        return binary_probabilities(float(margins[0])) if self.columns == 1 else softmax(margins)

    def described(self) -> dict | None:
        """The trees, as many rounds for each of `columns` margins, and where the margins start."""
        if self.no_row_form:
            return None
        own = {"columns": self.columns, "start": self.start, "is_number": self.is_number}
        return {"kind": "boosting"} | self.trees.described() | own


@compiled_model.register(Calibrated)
class CompiledCalibration(CompiledModel):
    """A model's probabilities, stretched and shifted (see `Calibrated`)."""

    def __init__(self, model: Calibrated):
        super().__init__(model)
        self.inner = compiled_model(model.estimator_)
        self.slope, self.shifts = float(model.slope), [float(shift) for shift in model.shifts]
        self.applies = len(self.shifts) == len(model.classes_)
        self.no_row_form = self.inner.no_row_form

    def row(self, x: np.ndarray) -> np.ndarray:
        """The calibrated probabilities; `apply_calibration` for a handful of numbers."""
        found = self.inner.row(x)
        if not self.applies:
            return found
        pairs = zip(found.tolist(), self.shifts, strict=True)
        margins = [self.slope * math.log(max(p, MIN_PROBABILITY)) + shift for p, shift in pairs]
        raised = [math.exp(margin - max(margins)) for margin in margins]
        return np.array(raised) / sum(raised)

    def table(self, x: np.ndarray) -> np.ndarray:
        """The calibrated probabilities, n × classes."""
        found = self.inner.table(x)
        return apply_calibration(found, self.slope, self.shifts) if self.applies else found

    def described(self) -> dict | None:
        """The model inside, the slope and the shifts."""
        inner = self.inner.described()
        if inner is None or not self.applies:
            return inner
        own = {"slope": self.slope, "shifts": self.shifts, "least": MIN_PROBABILITY}
        return {"kind": "calibrated", "inner": inner} | own


@compiled_model.register(ensemble.VotingClassifier)
@compiled_model.register(ensemble.VotingRegressor)
class MeanOfModels(CompiledModel):
    """The mean of some models' answers, each with its own weight where there are any."""

    def __init__(self, model):
        super().__init__(model)
        self.members = [compiled_model(member) for member in model.estimators_]
        self.no_row_form = next((m.no_row_form for m in self.members if m.no_row_form), "")
        weights = model.weights if model.weights is not None else [1] * len(self.members)
        self.weights = np.array(weights, dtype=float) / np.sum(weights)

    def row(self, x: np.ndarray) -> np.ndarray | float:
        """The weighted mean of the members' answers to one row."""
        return sum(w * m.row(x) for w, m in zip(self.weights, self.members, strict=True))

    def table(self, x: np.ndarray) -> np.ndarray:
        """The weighted mean of the members' answers to many rows."""
        return sum(w * m.table(x) for w, m in zip(self.weights, self.members, strict=True))

    def described(self) -> dict | None:
        """The members and their weights."""
        members = [member.described() for member in self.members]
        return None if None in members else {"kind": "mean", "members": members,
                                             "weights": self.weights}  # fmt: skip


def binary_probabilities(margin: float) -> np.ndarray:
    """The probabilities of no and yes of a margin.

    >>> binary_probabilities(0.0).tolist(), binary_probabilities(-1e6).tolist()
    ([0.5, 0.5], [1.0, 0.0])
    """
    yes = 1 / (1 + math.exp(-margin)) if margin > -700 else 0.0
    return np.array([1 - yes, yes])


def softmax(margins: np.ndarray) -> np.ndarray:
    """The probabilities of one margin a class."""
    raised = np.exp(margins - margins.max())
    return raised / raised.sum()
