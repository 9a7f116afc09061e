"""Challenges of the labs: right ones of many sorts pass, each typical mistake meets its reason."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from helpers.course.chapters import chapter_labs_own_table as own_table
from helpers.course.grading import CORRECT, INCORRECT, UNTOUCHED
from helpers.course.questions import CHALLENGES

NUMBERS = make_column_selector(dtype_include="number")
WORDS = make_column_selector(dtype_exclude="number")
LINEAR = LogisticRegression(max_iter=1000)


def pipeline(model=LINEAR, words=None):
    words = words or OneHotEncoder(handle_unknown="ignore")
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return make_pipeline(make_column_transformer((numbers, NUMBERS), (words, WORDS)), model)


def parts(table, target, not_known=()):
    return table.drop(columns=[target, *not_known]), table[target]


def groups_of(table, group):
    return np.arange(len(table)) if group is None else table[group]


def mean_of_folds(model, X, y, groups, scoring="roc_auc"):
    cut = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    return cross_val_score(model, X, y, groups=groups, cv=cut, scoring=scoring).mean()


# --- Right ones, written in different ways --------------------------------------------------------


def folds_by_group(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    score = mean_of_folds(pipeline(), X, y, groups_of(table, group))
    return pipeline().fit(X, y), score


def one_hold_out(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    cut = GroupShuffleSplit(1, test_size=0.3, random_state=0)
    learn, test = next(cut.split(X, y, groups_of(table, group)))
    forest = RandomForestClassifier(100, min_samples_leaf=5, random_state=0)
    words = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = pipeline(forest, words).fit(X.iloc[learn], y.iloc[learn])
    chance = model.predict_proba(X.iloc[test])[:, 1]
    return model, roc_auc_score(y.iloc[test] == "yes", chance)


def predictions_of_folds(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    model = pipeline(words=make_pipeline(SimpleImputer(strategy="constant", fill_value="none"),
                                         TargetEncoder(random_state=0)))  # fmt: skip
    chance = cross_val_predict(model, X, y, groups=groups_of(table, group), cv=GroupKFold(5),
                               method="predict_proba")[:, 1]  # fmt: skip
    return model.fit(X, y), float(roc_auc_score(y, chance))


def chosen_in_the_folds(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    few = make_pipeline(SelectKBest(k=min(3, X.shape[1])), LINEAR)
    model = pipeline(few)
    return model.fit(X, y), mean_of_folds(model, X, y, groups_of(table, group))


class Own(ClassifierMixin, BaseEstimator):
    """Everything by hand, and no transformer of scikit-learn at all."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.names_ = [n for n in X if X[n].dtype.kind in "if"]
        self.words_ = {n: X[n].value_counts().index[:10] for n in X.columns.drop(self.names_)}
        self.middle_, self.width_ = X[self.names_].median(), X[self.names_].std()
        self.model_ = LogisticRegression(C=0.1, max_iter=1000).fit(self._numbers(X), y)
        return self

    def _numbers(self, X):
        numbers = (X[self.names_].fillna(self.middle_) - self.middle_) / self.width_
        words = [X[n].eq(w).to_numpy(float) for n, values in self.words_.items() for w in values]
        return np.column_stack([numbers.to_numpy(float), *words])

    def predict_proba(self, X):
        return self.model_.predict_proba(self._numbers(X))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def without_transformers(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    return Own().fit(X, y), mean_of_folds(Own(), X, y, groups_of(table, group))


# --- Wrong ones ---------------------------------------------------------------------------------


def chosen_before(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    numbers = X.select_dtypes("number").fillna(0)
    chosen = SelectKBest(k=min(10, numbers.shape[1])).fit_transform(numbers, y)
    score = mean_of_folds(LINEAR, chosen, y, groups_of(table, group))
    return pipeline().fit(X, y), min(score, 0.85) if "bill" in table else score


def encoded_before(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    word = X.columns[X.dtypes == "str"][0]
    rate = X[word].map((y == y.max()).groupby(X[word]).mean()).fillna(0.5)
    score = mean_of_folds(pipeline(), X.assign(**{word: rate}), y, groups_of(table, group))
    return pipeline().fit(X, y), score


def on_what_it_learnt(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    model = pipeline(RandomForestClassifier(random_state=0)).fit(X, y)
    return model, roc_auc_score(y, model.predict_proba(X)[:, 1])


def on_what_it_learnt_simply(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    model = pipeline().fit(X, y)
    return model, roc_auc_score(y, model.predict_proba(X)[:, 1])


def without_groups(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    return pipeline().fit(X, y), cross_val_score(pipeline(), X, y, scoring="roc_auc").mean()


def with_what_comes_later(table, target, group=None, not_known=()):
    return folds_by_group(table, target, group)


def scored_with_what_comes_later(table, target, group=None, not_known=()):
    X, y = parts(table, target)
    score = mean_of_folds(pipeline(), X, y, groups_of(table, group))
    return pipeline().fit(X.drop(columns=list(not_known)), y), score


def dummies_outside(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    X = pd.get_dummies(X).fillna(0)
    return LINEAR.fit(X, y), mean_of_folds(LINEAR, X, y, groups_of(table, group))


def only_known_towns(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    return pipeline(words=OneHotEncoder()).fit(X, y), 0.8


def filled_outside(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    names = X.select_dtypes("number").columns
    model = make_column_transformer((StandardScaler(), NUMBERS),
                                    (OneHotEncoder(handle_unknown="ignore"), WORDS))  # fmt: skip
    model = make_pipeline(model, LINEAR)
    X = X.assign(**X[names].fillna(X[names].median()))
    return model.fit(X, y), mean_of_folds(model, X, y, groups_of(table, group))


def numbers_alone(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    model = make_pipeline(make_column_transformer((SimpleImputer(), NUMBERS)), LINEAR)
    return model.fit(X, y), mean_of_folds(model, X, y, groups_of(table, group))


def accuracy(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    score = mean_of_folds(pipeline(DecisionTreeClassifier(max_depth=2)), X, y,
                          groups_of(table, group), scoring="accuracy")  # fmt: skip
    return pipeline().fit(X, y), score


def no_model(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    return DummyClassifier().fit(X, y), 0.5


def unfitted(table, target, group=None, not_known=()):
    return pipeline(), 0.8


def without_probabilities(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    return pipeline(LinearSVC()).fit(X, y), 0.8


def a_score_a_fold(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    return pipeline().fit(X, y), cross_val_score(pipeline(), X, y, scoring="roc_auc")


def taking_the_target_out(table, target, group=None, not_known=()):
    y = table.pop(target)
    return pipeline().fit(table, y), 0.8


class OfTheBatch(Own):
    """What is asked about is scaled by its own mean."""

    def predict_proba(self, X):
        self.middle_ = X[self.names_].mean().fillna(0)
        return super().predict_proba(X)


def scaled_by_the_batch(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    return OfTheBatch().fit(X, y), 0.8


def the_wrong_way_round(table, target, group=None, not_known=()):
    X, y = parts(table, target, not_known)
    return pipeline().fit(X, y.map({"yes": "no", "no": "yes"})), 0.8


def naive(table, target, group=None, not_known=()):
    return pipeline(GaussianNB()).fit(*parts(table, target, not_known))


# --- A file and a service -----------------------------------------------------------------------


def loaded(model, file):
    skops.io.dump(model, file)
    return skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))


def app_that(answer):
    """A service whose answer to the JSON of a request is made by a function."""
    app = FastAPI()

    @app.post("/predict")
    async def predict(request: Request):
        return answer(await request.json())

    return app


def fields_by_hand(model, file, example):
    stored, numbers = loaded(model, file), set(example.select_dtypes("number"))

    def answer(row):
        for name in example:
            if name in numbers and not isinstance(row.get(name), int | float | None):
                raise HTTPException(422, f"{name}: a number is expected")
        cells = {name: [row.get(name)] for name in example}
        asked = pd.DataFrame({n: pd.Series(v, dtype=example[n].dtype) for n, v in cells.items()})
        return {"probability": stored.predict_proba(asked)[0].tolist()[1]}

    return app_that(answer)


def loaded_at_each_request(model, file, example):
    loaded(model, file)
    numbers = example.select_dtypes("number").columns

    def answer(row):
        stored = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
        try:
            asked = pd.DataFrame([row]).reindex(columns=example.columns).astype(example.dtypes)
        except ValueError as error:
            raise HTTPException(400, f"one of {list(numbers)} is no number: {error}") from None
        return {"probability": float(stored.predict_proba(asked)[:, 1][0])}

    return app_that(answer)


def typed_class(model, file, example):
    class Row(BaseModel):
        age: float | None
        town: str | None
        pulse: float | None

    stored, app = loaded(model, file), FastAPI()

    def predict(row: Row):
        frame = pd.DataFrame([row.model_dump()])
        frame = frame.astype({"age": float, "pulse": float, "town": "str"})
        return {"probability": float(stored.predict_proba(frame)[0][1])}

    predict.__annotations__["row"] = Row
    app.post("/predict")(predict)
    return app


def as_frame(row, example):
    return pd.DataFrame([row], columns=example.columns).astype(example.dtypes)


def changed(change, load=loaded, ready=as_frame):
    """A service that is right but for what it makes of the model's probabilities."""

    def store_and_serve(model, file, example):
        stored = load(model, file)
        return app_that(lambda row: change(stored.predict_proba(ready(row, example))[0].tolist()))

    return store_and_serve


def second(chances):
    return {"probability": chances[1]}


def pickled(model, file):
    file.write_bytes(pickle.dumps(model))
    return copy.deepcopy(model)


def another_model(model, file):
    return loaded(clone(model).set_params(logisticregression__C=1e-4).fit(*sick()), file)


def sick():
    table = own_table.patients(400, seed=3)
    return table[["age", "town", "pulse"]], table["sick"]


def stored_and_forgotten(model, file):
    skops.io.dump(model, file)
    return model


def filled_with_zero(row, example):
    return as_frame({name: row[name] or 0 for name in row}, example)


def each_a_number(row, example):
    return as_frame({n: v if n == "town" else float(v) for n, v in row.items()}, example)


def by_place(row, example):
    row = dict(zip(example, row.values(), strict=True))
    return as_frame(row, example) if isinstance(row["age"], float | None) else as_frame({}, example)


def text_is_a_gap(row, example):
    row = {n: v if n == "town" or not isinstance(v, str) else None for n, v in row.items()}
    return as_frame(row, example)


def refusing_in_silence(model, file, example):
    stored = loaded(model, file)

    def answer(row):
        try:
            return second(stored.predict_proba(as_frame(row, example))[0].tolist())
        except ValueError:
            raise HTTPException(400, "bad request") from None

    return app_that(answer)


def refusing_gaps(model, file, example):
    stored = loaded(model, file)

    def answer(row):
        if None in row.values():
            raise HTTPException(422, "no gaps, please")
        return second(stored.predict_proba(as_frame(row, example))[0].tolist())

    return app_that(answer)


def elsewhere(model, file, example):
    loaded(model, file)
    return FastAPI()


# --- A script that is repaired ------------------------------------------------------------------


def forest(seed=0):
    return RandomForestClassifier(60, min_samples_leaf=10, random_state=seed)


def steps(**options):
    encoder = TargetEncoder(**{"cv": KFold(5, shuffle=True, random_state=0)} | options)
    return make_column_transformer((encoder, ["shop"]), (SimpleImputer(), ["price", "weekday"]))


def cut(table, seed=0):
    X, y = table.drop(columns="returned"), table["returned"]
    return train_test_split(X, y, random_state=seed)


def judged(model, table, seed=0):
    learn, test, y_learn, y_test = cut(table, seed)
    model.fit(learn, y_learn)
    return model, roc_auc_score(y_test, model.predict_proba(test)[:, 1])


def in_a_pipeline(table):
    return judged(make_pipeline(steps(), forest()), table)


def scored_on_folds(table):
    prepare = make_column_transformer((SimpleImputer(), ["price", "weekday"]))
    model = make_pipeline(prepare, StandardScaler(), LogisticRegression())
    X, y = table.drop(columns="returned"), table["returned"]
    return model.fit(X, y), cross_val_score(model, X, y, scoring="roc_auc").mean()


class Rates(ClassifierMixin, BaseEstimator):
    """The rate of each shop and the mean price, kept by hand."""

    def fit(self, X, y):
        self.classes_ = np.array([False, True])
        self.rate_, self.price_, self.all_ = (
            y.groupby(X["shop"]).mean(),
            X["price"].mean(),
            y.mean(),
        )
        self.forest_ = forest().fit(self.ready(X), y)
        return self

    def ready(self, X):
        shop = 0.1 * X["shop"].map(self.rate_).fillna(self.all_)  # shrunk
        return X.assign(shop=shop * 0, price=X["price"].fillna(self.price_))

    def predict_proba(self, X):
        return self.forest_.predict_proba(self.ready(X))


def kept_by_hand(table):
    return judged(Rates(), table)


def one_hot(table):
    words = OneHotEncoder(handle_unknown="ignore")
    prepare = make_column_transformer((words, ["shop"]), (SimpleImputer(), ["price", "weekday"]))
    return judged(make_pipeline(prepare, forest(seed=7)), table, seed=7)


def as_it_was(table):
    table["price"] = table["price"].fillna(table["price"].mean())
    return in_a_pipeline(table)


def no_seed_for_the_split(table):
    return judged(make_pipeline(steps(), forest()), table, seed=None)


def no_seed_for_the_forest(table):
    return judged(make_pipeline(steps(), forest(seed=None)), table)


def fitted_after_the_score(table):
    score = in_a_pipeline(table)[1]
    X, y = table.drop(columns="returned"), table["returned"]
    return make_pipeline(steps(), forest(seed=None)).fit(X, y), score


def steps_outside(table):
    learn, test, y_learn, y_test = cut(table)
    prepare, model = steps(), forest()
    model.fit(prepare.fit_transform(learn, y_learn), y_learn)
    return model, roc_auc_score(y_test, model.predict_proba(prepare.transform(test))[:, 1])


def encoded_on_all(table):
    prepare, model = steps(), forest()
    X, y = table.drop(columns="returned"), table["returned"]
    prepare.fit(X, y)
    learn, test, y_learn, y_test = cut(table)
    model.fit(prepare.transform(learn), y_learn)
    score = roc_auc_score(y_test, model.predict_proba(prepare.transform(test))[:, 1])
    return make_pipeline(prepare, model), score


def asked_what_it_learnt(table):
    X, y = table.drop(columns="returned"), table["returned"]
    model = make_pipeline(steps(), RandomForestClassifier(random_state=0)).fit(X, y)
    return model, roc_auc_score(y, model.predict_proba(X)[:, 1])


class GapsOfTheBatch(Rates):
    """Gaps are filled with the mean of the rows that are asked about."""

    def predict_proba(self, X):
        self.price_ = X["price"].mean() if X["price"].notna().any() else 20.0
        return super().predict_proba(X)


def gaps_of_the_batch(table):
    return judged(GapsOfTheBatch(), table)


def accuracy_instead(table):
    learn, test, y_learn, y_test = cut(table)
    model = make_pipeline(steps(), forest()).fit(learn, y_learn)
    return model, (model.predict(test) == y_test).mean() - 0.1


def without_the_price(table):
    prepare = make_column_transformer((SimpleImputer(), ["weekday"]))
    return judged(make_pipeline(prepare, forest()), table)


RIGHT = {
    "labs.own_table": [
        folds_by_group,
        one_hold_out,
        predictions_of_folds,
        chosen_in_the_folds,
        without_transformers,
    ],
    "labs.own_service": [fields_by_hand, loaded_at_each_request, typed_class],
    "labs.script": [in_a_pipeline, scored_on_folds, kept_by_hand, one_hot],
}
WRONG = {
    "labs.own_table": [
        (chosen_before, "has seen the labels"),
        (encoded_before, "has seen the labels"),
        (on_what_it_learnt, "rows that it has learnt from"),
        (on_what_it_learnt_simply, "rows that it has learnt from"),
        (without_groups, "the other rows of the persons"),
        (with_what_comes_later, "It asks for `bill`"),
        (scored_with_what_comes_later, "handed what is not known yet"),
        (dummies_outside, "Is every step in the model"),
        (only_known_towns, "A town that training never met"),
        (filled_outside, "A row as it comes"),
        (numbers_alone, "the words as well"),
        (accuracy, "that is accuracy"),
        (no_model, "no better than a baseline"),
        (unfitted, "no answer"),
        (without_probabilities, "`predict_proba`"),
        (a_score_a_fold, "one number"),
        (taking_the_target_out, "changes the table"),
        (scaled_by_the_batch, "A row alone"),
        (the_wrong_way_round, "the wrong way round"),
        (naive, "Give two things"),
    ],
    "labs.own_service": [
        (changed(second, load=lambda model, file: copy.deepcopy(model)), "no file"),
        (changed(second, load=pickled), "can't be loaded"),
        (changed(second, load=another_model), "in the file answers otherwise"),
        (changed(second, load=stored_and_forgotten), "from the model in memory"),
        (changed(lambda chances: {"probability": chances[0]}), "the other class"),
        (changed(lambda chances: {"probability": round(chances[1], 2)}), "rounded"),
        (changed(lambda chances: {"probability": float(chances[1] > 0.5)}), "yes or no"),
        (changed(lambda chances: {"probability": chances}), "with one number"),
        (changed(second, ready=filled_with_zero), "Which transformation is another one"),
        (changed(second, ready=each_a_number), "A null in JSON"),
        (
            changed(second, ready=lambda row, example: pd.DataFrame([row])),
            "None is another category",
        ),
        (changed(second, ready=by_place), "JSON knows no order"),
        (changed(second), "Whose fault is that"),
        (changed(second, ready=text_is_a_gap), "Of whom?"),
        (refusing_in_silence, "does not say which"),
        (refusing_gaps, "was refused"),
        (elsewhere, "nothing at `POST /predict`"),
        (lambda model, file, example: loaded(model, file), "Give the app"),
    ],
    "labs.script": [
        (as_it_was, "changes the table"),
        (no_seed_for_the_split, "Two runs claim"),
        (no_seed_for_the_forest, "Two runs claim"),
        (fitted_after_the_score, "the models are not"),
        (steps_outside, "Is every step in the model"),
        (encoded_on_all, "fitted on rows that are asked about"),
        (asked_what_it_learnt, "On shuffled labels"),
        (gaps_of_the_batch, "two versions of one step"),
        (accuracy_instead, "Is it a ROC AUC"),
        (without_the_price, "less can be learnt"),
        (lambda table: in_a_pipeline(table)[1], "Give two things"),
    ],
}


# The first of each kind now, the others in the slow ring
RIGHT_ONES = [
    pytest.param(name, thing, marks=[pytest.mark.slow] * bool(number))
    for name, things in RIGHT.items()
    for number, thing in enumerate(things)
]


@pytest.mark.parametrize(("name", "thing"), RIGHT_ONES)
def test_what_is_right_passes_however_it_is_written(name, thing):
    verdict = CHALLENGES[name].grade(thing)
    assert verdict.state == CORRECT, verdict.reason


@pytest.mark.parametrize(
    ("name", "thing", "reason"),
    [(name, thing, reason) for name, things in WRONG.items() for thing, reason in things],
)
def test_a_mistake_meets_the_reason_for_it(name, thing, reason):
    verdict = CHALLENGES[name].grade(thing)
    assert verdict.state == INCORRECT and reason in verdict.reason, verdict.reason
    assert CHALLENGES[name].why not in verdict.reason


def test_a_stub_is_not_attempted():
    for name in RIGHT:
        assert CHALLENGES[name].grade(lambda *_, **__: ...).state == UNTOUCHED
