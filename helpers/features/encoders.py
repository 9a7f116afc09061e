"""What turns cleaned columns into numbers: scikit-learn transformers, one for each role.

Each is fitted on training rows alone and stays a plain thing of lists and numbers, so that a stored
model holds data and no code.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import f_classif, f_regression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

from .column_formulas import evaluate, group_statistics

YEAR = 365  # days
WORDS_OF_A_SENTENCE = 4  # texts with fewer on average are names or titles
MOST_PAIRS = 6  # of date columns whose differences become numbers


class Stateless(TransformerMixin, BaseEstimator):
    """A transformer whose result for a row depends on the row alone."""

    def fit(self, X, y=None):
        """Remember the names of the columns."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns that come out."""
        check_is_fitted(self)
        return self.feature_names_in_


class ToNumbers(Stateless):
    """Numbers and booleans as floats; missing is NaN."""

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same columns as floats."""
        return X.astype("float64")


class ToText(Stateless):
    """Categories as text; a missing one is a level of its own."""

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The same columns as text."""
        return X.astype("str").fillna("(missing)").astype(object)


class Derive(Stateless):
    """Adds columns by formula (see `helpers.features.column_formulas`); a formula may use those before it.

    What a formula asks of groups, such as the mean price of a city, is learnt from the rows that it
    is fitted on; a group that they lack gets what holds for all of them.
    """

    def __init__(self, formulas: dict[str, str]):
        self.formulas = formulas

    def fit(self, X, y=None) -> Derive:
        """Remember the names of the columns, and learn the statistics of groups."""
        super().fit(X)
        self.groups_ = {}
        out = X.copy(deep=False)
        for name, formula in self.formulas.items():
            self.groups_ |= group_statistics(formula, out)
            out[name] = evaluate(formula, out, self.groups_)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """The columns and the derived ones."""
        out = X.copy(deep=False)
        for name, formula in self.formulas.items():
            out[name] = evaluate(formula, out, self.groups_)
        return out

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of the columns and of the derived ones."""
        return np.append(self.feature_names_in_, list(self.formulas)).astype(object)


class DateParts(TransformerMixin, BaseEstimator):
    """Dates as numbers: hour, weekday, and the time of the year where a whole year was seen.

    What goes round comes as a sine and a cosine too, so that 23:00 lies beside 0:00 and December
    beside January. Two columns of dates give the days between them.

    A part of the calendar that the training rows do not cover can't be learnt, and hurts on later
    rows: with eight months of training, the time of the year is left out. `parts="all"` takes it
    all the same. A date column without times gets no hour.

    Why not `skrub.DatetimeEncoder` (0.11): it keeps parts that training does not cover. Fitted on
    departures of January to June and tested on July and August, their times alone give a ROC AUC of
    0.669 (logistic) and 0.675 (boosted trees) by these parts, 0.645 to 0.649 and 0.647 to 0.661 by
    skrub's, with or without weekday, seconds and circles. It has no days between dates either.
    """

    def __init__(self, parts: str = "covered"):
        self.parts = parts

    def fit(self, X: pd.DataFrame, y=None) -> DateParts:
        """Find out which parts vary and are covered."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.used_ = {str(name): self._parts_of(X[name].dropna()) for name in X.columns}
        names = list(self.used_)
        self.pairs_ = [[a, b] for i, a in enumerate(names) for b in names[i + 1 :]][:MOST_PAIRS]
        return self

    def _parts_of(self, dates: pd.Series) -> list[str]:
        if dates.empty:
            return ["weekday"]
        parts = ["weekday", "weekday_sin", "weekday_cos"]
        if (dates.dt.hour != 0).any():
            parts = ["hour", "hour_sin", "hour_cos", *parts]
        if self.parts == "all" or (dates.max() - dates.min()).days >= YEAR:
            parts += ["day_of_year", "day_of_year_sin", "day_of_year_cos", "year"]
        return parts

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """One column a part, and one a pair of dates; missing is NaN."""
        columns = {
            f"{name}_{part}": _calendar(X[name], part)
            for name, parts in self.used_.items()
            for part in parts
        }
        for first, second in self.pairs_:
            days = (X[second] - X[first]).dt.total_seconds() / 86_400
            columns[f"{second}_minus_{first}_days"] = days.astype("float64")
        return pd.DataFrame(columns, index=X.index)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """`<column>_<part>`, then `<column>_minus_<column>_days`."""
        parts = [f"{n}_{p}" for n, parts in self.used_.items() for p in parts]
        return np.array(parts + [f"{b}_minus_{a}_days" for a, b in self.pairs_], object)


def _calendar(dates: pd.Series, part: str) -> pd.Series:
    """One part of some dates as floats; `_sin` and `_cos` of a part are its place on a circle."""
    read = {
        "hour": (24, lambda d: d.dt.hour + d.dt.minute / 60),
        "weekday": (7, lambda d: d.dt.day_of_week),
        "day_of_year": (365.25, lambda d: d.dt.day_of_year),
        "year": (1, lambda d: d.dt.year + (d.dt.day_of_year - 1) / 366),  # with its fraction
    }
    name, wave, _ = part.partition("_sin" if part.endswith("_sin") else "_cos")
    length, value = read[name]
    number = value(dates).astype("float64")
    if not wave:
        return number
    return (np.sin if wave == "_sin" else np.cos)(2 * np.pi * number / length)


# A product of matrices differs in its last bits with the number of rows and the version of SciPy; a
# tree would separate two such numbers
DIGITS_OF_A_TOPIC = 12


class TextToNumbers(TransformerMixin, BaseEstimator):
    """Columns of text as a few numbers each: TF-IDF weights, reduced by truncated SVD (LSA).

    Sentences are cut into words; names of few words into pieces of three and four letters, so that
    Smith and Smithson have something in common; `cut` ("words" or "letters") settles it. Deerwester
    et al. (1990), "Indexing by latent semantic analysis".

    Why not `skrub.StringEncoder` (0.11), which is the same idea: it keeps every piece of text, also
    those that come once (20,000 names: 35,702 pieces against 20,000 here, fitted in 5.2 s against
    2.3), computes in float32, fails where no word is left, and leaves the choice of words or
    letters open. What models score with it is the same (plane models, airport names: within 0.03).
    """

    def __init__(self, components: int = 30, seed: int = 42, cut: str = "auto"):
        self.components = components
        self.seed = seed
        self.cut = cut

    def fit(self, X: pd.DataFrame, y=None) -> TextToNumbers:
        """Learn each column's words and main directions."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.models_ = {str(name): self._learn(self._texts(X[name])) for name in X.columns}
        return self

    def _learn(self, texts: list[str]) -> Pipeline | None:
        pieces = {"analyzer": "char_wb", "ngram_range": (3, 4)} if self._in_letters(texts) else {}
        words = TfidfVectorizer(
            min_df=min(2, len(texts)), max_features=20_000, sublinear_tf=True, **pieces
        )
        try:
            size = words.fit_transform(texts).shape[1]
        except ValueError:  # no word is left
            return None
        if size < 2:
            return None
        count = min(self.components, size - 1, max(len(texts) - 1, 1))
        return make_pipeline(words, TruncatedSVD(count, random_state=self.seed)).fit(texts)

    def _in_letters(self, texts: list[str]) -> bool:
        return self.cut == "letters" or (self.cut == "auto" and _are_names(texts))

    @staticmethod
    def _texts(column: pd.Series) -> list[str]:
        return column.astype("str").fillna("").tolist()

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Up to `components` columns for each column of text; zeros where it has no words."""
        blocks = [
            model.transform(self._texts(X[name])) if model else np.zeros((len(X), 1))
            for name, model in self.models_.items()
        ]
        numbers = np.hstack(blocks).round(DIGITS_OF_A_TOPIC)
        return pd.DataFrame(numbers, index=X.index, columns=self.get_feature_names_out())

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """`<column>_topic_<n>`."""
        sizes = {n: m[-1].n_components if m else 1 for n, m in self.models_.items()}
        return np.array(
            [f"{n}_topic_{i + 1}" for n, size in sizes.items() for i in range(size)], object
        )


def _are_names(texts: list[str]) -> bool:
    """Whether texts are names and titles rather than sentences."""
    counts = [len(text.split()) for text in set(texts) if any(map(str.isalpha, text))]
    return len(counts) > 1 and bool(np.mean(counts) < WORDS_OF_A_SENTENCE)


class KeepBest(TransformerMixin, BaseEstimator):
    """Keeps the numbers that say most about the target, each looked at by itself (F test).

    `count` of them, or all where there are fewer. What it keeps is learnt from labels, so it
    belongs inside the folds: chosen before, noise looks like a signal.
    """

    def __init__(self, count: int):
        self.count = count

    def fit(self, X, y) -> KeepBest:
        """Rank the columns by F; those without any spread come last."""
        X = np.asarray(X, dtype=float)
        numeric = np.issubdtype(np.asarray(y).dtype, np.number)
        with np.errstate(all="ignore"):
            found = (f_regression if numeric else f_classif)(X, y)[0]
        order = np.argsort(-np.nan_to_num(found, nan=-1.0), kind="stable")
        self.kept_ = np.sort(order[: self.count])
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        """The columns that are kept, in their order."""
        return X.iloc[:, self.kept_] if isinstance(X, pd.DataFrame) else X[:, self.kept_]

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names of those that are kept."""
        return np.asarray(input_features, dtype=object)[self.kept_]
