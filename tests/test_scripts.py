"""Letters of every script in figures: drawn by the reader's browser where no font here has them."""

import warnings

import pytest

from helpers.pages import show
from helpers.pages.figure_style import picture


@picture
def bars(figure, names):
    """Bars by name."""
    axes = figure.subplots()
    axes.barh(range(len(names)), range(1, len(names) + 1))
    axes.set_yticks(range(len(names)), names)
    axes.scatter([1, 2], [0, 1])
    axes.set_title("Rows by place")
    return "Rows by place"


@pytest.mark.parametrize("name", ["北京", "กรุงเทพ", "서울", "😀 happy"])
def test_letters_that_no_font_has_are_text_in_an_svg_and_no_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = bars([name, "Oslo"])
    data, about = drawn._repr_mimebundle_()
    if "image/svg+xml" not in data:
        pytest.skip(f"a font of this machine has {name}")
    assert name in data["image/svg+xml"]
    assert about["image/svg+xml"] == {"alt": "Rows by place"}
    assert "data:image/svg+xml;base64," in show.as_html(drawn)


@pytest.mark.parametrize("name", ["Łódź", "ירושלים", "القاهرة", "Αθήνα", "Київ"])
def test_letters_that_the_font_has_stay_in_a_png(name):
    assert list(bars([name, "Oslo"])._repr_mimebundle_()[0]) == ["image/png", "text/plain"]


def test_other_warnings_still_come():
    @picture
    def warns(figure):
        warnings.warn("something else", stacklevel=1)
        return "nothing"

    with pytest.warns(UserWarning, match="something else"):
        warns()
