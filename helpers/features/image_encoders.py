"""Columns of images: grey levels, edges and colours, reduced to the directions that differ most.

There is no compiled form: reading a picture takes longer than all the rest.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from .encoders import CompiledStep, Stateless, compiled_step, remember_columns


class ImageToNumbers(Stateless):
    """Columns of image paths (or bytes) as numbers: grey levels, edge directions, and colours.

    Grey levels are those of an 8 × 8 picture. Edge directions are counted in eight bins over four
    quarters of the picture, a plain form of the histogram of oriented gradients (Dalal and Triggs
    2005). Colours are the shares of pixels in eight levels of red, of green and of blue (Swain and
    Ballard 1991). A picture that can't be read is missing: all NaN.
    """

    def __init__(self, side: int = 8):
        self.side = side

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """`side`² + 32 + 24 columns for each column of images."""
        blocks = [np.vstack([self._read(value) for value in X[name]]) for name in X.columns]
        return pd.DataFrame(np.hstack(blocks), index=X.index, columns=self.get_feature_names_out())

    def _read(self, value) -> np.ndarray:
        from PIL import Image

        try:
            source = io.BytesIO(value) if isinstance(value, bytes) else Path(value)
            with Image.open(source) as picture:
                coloured = picture.convert("RGB")
                grey = coloured.convert("L")
                small, large = (_brightness(grey, side) for side in (self.side, 32))
                colours = np.asarray(coloured.resize((32, 32)))
        except (OSError, TypeError, ValueError, SyntaxError, Image.DecompressionBombError):
            return np.full(sum(self._sizes().values()), np.nan)
        return np.concatenate([small.ravel(), _edge_directions(large), _colour_shares(colours)])

    def _sizes(self) -> dict[str, int]:
        return {"grey": self.side**2, "edge": 32, "colour": 24}

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """`<column>_grey_<n>`, `<column>_edge_<n>` and `<column>_colour_<n>`."""
        check_is_fitted(self)
        return np.array(
            [
                f"{name}_{part}_{i + 1}"
                for name in self.feature_names_in_
                for part, size in self._sizes().items()
                for i in range(size)
            ],
            dtype=object,
        )


def _brightness(grey, side: int) -> np.ndarray:
    """A grey picture as side × side numbers from 0 to 1."""
    return np.asarray(grey.resize((side, side)), dtype=float) / 255


def _edge_directions(picture: np.ndarray) -> np.ndarray:
    """32 numbers: how strong edges are in eight directions, in each quarter of 32 × 32 pixels."""
    down, right = np.gradient(picture)
    strength = np.hypot(down, right)
    direction = ((np.arctan2(down, right) % np.pi) / np.pi * 8).astype(int) % 8
    quarters = [(slice(a, a + 16), slice(b, b + 16)) for a in (0, 16) for b in (0, 16)]
    counts = [np.bincount(direction[q].ravel(), strength[q].ravel(), minlength=8) for q in quarters]
    total = np.concatenate(counts)
    return total / max(np.linalg.norm(total), 1e-9)


def _colour_shares(picture: np.ndarray) -> np.ndarray:
    """24 numbers: of (height, width, 3) bytes, the share of pixels in 8 levels of each channel."""
    levels = picture.reshape(-1, 3) // 32
    return np.concatenate([np.bincount(channel, minlength=8) for channel in levels.T]) / len(levels)


class ImageParts(TransformerMixin, BaseEstimator):
    """What `ImageToNumbers` reads, reduced: the directions in which the pictures differ most.

    Principal components of each image column's numbers, gaps filled with averages and scaled first:
    the fewest that hold `share` of the variance, at most `components`. A neighbouring pixel says
    nearly the same, so that few directions are enough.
    """

    def __init__(self, components: int = 40, share: float = 0.95, seed: int = 42):
        self.components = components
        self.share = share
        self.seed = seed

    def fit(self, X: pd.DataFrame, y=None) -> ImageParts:
        """Learn the averages, the scales and the directions of each image column."""
        remember_columns(self, X)
        self.columns_ = _by_image(X.columns)
        self.models_ = {image: self._learn(X[names]) for image, names in self.columns_.items()}
        return self

    def _learn(self, numbers: pd.DataFrame) -> Pipeline:
        ready = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
        scaled = ready.fit_transform(numbers)
        with np.errstate(invalid="ignore"):  # where every picture is alike, or broken
            shares = PCA(random_state=self.seed).fit(scaled).explained_variance_ratio_
            enough = 1 + int(np.searchsorted(np.cumsum(np.nan_to_num(shares)), self.share))
            count = min(enough, self.components, *scaled.shape)
            return make_pipeline(*ready, PCA(count, random_state=self.seed).fit(scaled))

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Up to `components` columns for each column of images."""
        blocks = [m.transform(X[self.columns_[image]]) for image, m in self.models_.items()]
        return pd.DataFrame(np.hstack(blocks), index=X.index, columns=self.get_feature_names_out())

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """`<column>_part_<n>`."""
        sizes = {image: model[-1].n_components_ for image, model in self.models_.items()}
        return np.array([f"{n}_part_{i + 1}" for n, size in sizes.items() for i in range(size)],
                        object)  # fmt: skip


def image_steps(task: str | None, seed: int) -> Pipeline:
    """The unfitted steps for columns of images."""
    return make_pipeline(ImageToNumbers(), ImageParts(seed=seed))


def _by_image(names) -> dict[str, list[str]]:
    """The names of numbers by the image that they were read from.

    >>> _by_image(["a_grey_1", "a_edge_1", "b_c_colour_24"])
    {'a': ['a_grey_1', 'a_edge_1'], 'b_c': ['b_c_colour_24']}
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(str(name).rsplit("_", 2)[0], []).append(str(name))
    return found


class ImageColumns(CompiledStep):
    """The steps of images, which are asked themselves; it knows which picture a number is of."""

    def origins(self) -> list[tuple[str, ...]]:
        """The column of each direction."""
        models = self.steps[-1].models_
        return [(name,) for name, model in models.items() for _ in range(model[-1].n_components_)]

    def described(self) -> dict:
        """Not written out: whoever runs the description can't open pictures; numbers are held."""
        return super().described()


@compiled_step.register
def _(first: ImageToNumbers, steps, columns: list[str]) -> CompiledStep:
    return ImageColumns(steps, columns)
