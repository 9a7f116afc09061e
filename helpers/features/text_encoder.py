"""Columns of text: TF-IDF weights of words or pieces of words, reduced to a few numbers each."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline

from .encoders import CompiledStep, compiled_step, remember_columns

WORDS_OF_A_SENTENCE = 4  # texts with fewer on average are names or titles
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
        remember_columns(self, X)
        self.models_ = {str(name): self._learn(self._texts(X[name])) for name in X.columns}
        return self

    def _learn(self, texts: list[str]) -> Pipeline | None:
        pieces = {"analyzer": "char_wb", "ngram_range": (3, 4)} if self._in_letters(texts) else {}
        fewest = {"min_df": min(2, len(texts)), "max_features": 20_000}
        words = TfidfVectorizer(sublinear_tf=True, **fewest, **pieces)
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


def text_steps(task: str | None, seed: int) -> TextToNumbers:
    """The unfitted step for columns of text.

    Not scaled: a direction beyond the rank of the words varies by rounding errors alone.
    """
    return TextToNumbers(seed=seed)


class TopicsOfText:
    """The TF-IDF weights of one text, turned into directions; only its own words are looked at."""

    def __init__(self, model: Pipeline):
        words, svd = model[0], model[1]
        self.cut, self.places, self.weights = words.build_analyzer(), words.vocabulary_, words.idf_
        self.directions = svd.components_.T  # words × directions

    def of(self, text: str) -> np.ndarray:
        """The numbers of a text; zeros where none of its words is known."""
        counts = Counter(self.places[word] for word in self.cut(text) if word in self.places)
        found = np.zeros(self.directions.shape[1])
        if not counts:
            return found
        words = np.array(sorted(counts))
        weight = self._weights(words, np.array([float(counts[word]) for word in words]))
        for one, direction in zip(weight, self.directions[words], strict=True):
            found += one * direction
        return found.round(DIGITS_OF_A_TOPIC)

    def _weights(self, words: np.ndarray, counts: np.ndarray) -> np.ndarray:
        weight = (np.log(counts) + 1) * self.weights[words]
        return weight / math.sqrt(sum((weight * weight).tolist()))  # in scikit-learn's order


class NoTopic:
    """The one number of a column in which no word was left to learn from: 0."""

    def of(self, text: str) -> np.ndarray:
        """A zero."""
        return np.zeros(1)


class CompiledTexts(CompiledStep):
    """The topics of a row's texts; many rows are asked of the step, a distinct text at a time."""

    def __init__(self, steps: TextToNumbers, columns: list[str]):
        super().__init__(steps, columns)
        self.topics = [
            (name, NoTopic() if model is None else TopicsOfText(model))
            for name, model in steps.models_.items()
        ]
        self.no_row_form = ""

    def row(self, row: dict) -> np.ndarray:
        """The numbers of the row's texts, column by column."""
        return np.concatenate([topics.of(row[name] or "") for name, topics in self.topics])

    def origins(self) -> list[tuple[str, ...]]:
        """The column of each topic."""
        return [(name,) for name, topics in self.topics for _ in topics.of("")]

    def described(self) -> dict:
        """Not written out: words × directions are megabytes; the numbers of a text are held."""
        return super().described()


@compiled_step.register
def _(first: TextToNumbers, steps, columns: list[str]) -> CompiledStep:
    return CompiledTexts(steps, columns)
