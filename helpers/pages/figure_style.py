"""What every figure is made with: colours, a theme, and its form as a PNG or as an SVG.

`picture` gives a PNG, which notebooks show everywhere. `drawing` gives a small SVG for a page that
holds many: sharp at any size, with text that is text, in the page's own ink on light and dark.
"""

from __future__ import annotations

import io
import re
import warnings
from contextlib import contextmanager
from functools import wraps
from html import escape

import seaborn as sns
from matplotlib.figure import Figure

COLOURS = sns.color_palette("colorblind")
BLUE, ORANGE, GREEN, GREY = COLOURS[0], COLOURS[1], COLOURS[2], "#8a8f98"
WIDTH = 7.5  # inches
DPI = 100
NO_GLYPH = "missing from font"  # how Matplotlib warns of a letter that no font has
PALETTE = 96  # colours of a PNG, shades of the lines' edges included
PLAIN = {
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a `$` in a column's name is not a formula
}
THEME = sns.axes_style("whitegrid") | {
    **PLAIN,
    "font.size": 10,
    "axes.titlesize": 11,
    "grid.color": "#e6e8eb",
    "axes.edgecolor": "#9aa0a8",
}


class Picture:
    """A figure as PNG bytes, with its title as the text for those who can't see it.

    Where no font here has some letter (Chinese, Thai, emoji), `svg` is the figure with text that
    the reader's browser draws; else it is empty.
    """

    def __init__(self, figure: Figure, title: str):
        buffer = io.BytesIO()
        with _letters_missing() as missing:
            figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        self.png, self.title = _with_palette(buffer), title
        self.svg = _with_text(figure, title) if missing() else ""

    def __repr__(self) -> str:
        return f"<Picture: {self.title}>"

    @property
    def form(self) -> tuple[str, bytes]:
        """The content type and the bytes to show: an SVG where the PNG has boxes for letters."""
        return ("image/svg+xml", self.svg.encode()) if self.svg else ("image/png", self.png)

    def _repr_mimebundle_(self, **_):
        kind, content = self.form
        shown = content.decode() if self.svg else content
        return {kind: shown, "text/plain": repr(self)}, {kind: {"alt": self.title}}


@contextmanager
def _letters_missing():
    """Within the block no warning of a letter without a font; what is given says if one came."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield lambda: any(NO_GLYPH in str(one.message) for one in caught)
    for one in caught:
        if NO_GLYPH not in str(one.message):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


def _with_text(figure: Figure, title: str) -> str:
    """A figure as an SVG whose text is text; clouds of points are a picture inside it."""
    import matplotlib as mpl
    from matplotlib.collections import PathCollection

    for points in figure.findobj(PathCollection):
        points.set_rasterized(True)
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "pipeline"}), _letters_missing():
        figure.savefig(buffer, format="svg", dpi=DPI, metadata={"Date": None})
    svg = buffer.getvalue()
    opening, rest = svg[svg.index("<svg") :].split(">", 1)
    label = escape(title, quote=True)
    return f'{opening} role="img" aria-label="{label}" style="max-width:100%;height:auto">{rest}'


def _with_palette(png: io.BytesIO) -> bytes:
    """A PNG with a palette of colours, which figures of few colours do with: a third of the bytes.

    A notebook and a page of a run hold many of them.
    """
    from PIL import Image

    found = io.BytesIO()
    plain = Image.open(png).convert("RGB")
    plain.quantize(PALETTE, dither=Image.Dither.NONE).save(found, format="png", optimize=True)
    return found.getvalue()


def picture(draw):
    """Make a function that draws on a figure and returns its title give a `Picture`."""

    @wraps(draw)
    def drawn(*args, height: float = 3.0, **options) -> Picture:
        import matplotlib as mpl

        with mpl.rc_context(THEME):
            figure = Figure(figsize=(WIDTH, height), layout="constrained")
            with _letters_missing():  # it is looked for once more when the figure is written
                title = draw(figure, *args, **options)
            return Picture(figure, title)

    return drawn


def legend_outside(axes, title: str | None = None) -> None:
    """Put the legend to the right of the axes, where it covers nothing."""
    axes.legend(title=title, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def short(name, most: int = 28) -> str:
    """A name that fits an axis."""
    text = str(name)
    return text if len(text) <= most else text[: most - 1] + "…"


def titled(axes, title: str, **labels) -> str:
    """Give axes a title and their labels; the title, which is the picture's name as well."""
    axes.set(title=title, **labels)
    return title


def headed(figure, title: str, most: int = 70) -> str:
    """Give a figure of several axes its title; returns it in full, as the picture's name."""
    figure.suptitle(short(title, most), x=0.01, ha="left", fontsize=11, fontweight="bold")
    return title


def name_rows(axes, names, most: int = 28) -> None:
    """Write a name at each place of the vertical axis, which then needs no lines across."""
    axes.set_yticks(range(len(names)), [short(name, most) for name in names])
    axes.grid(axis="y", visible=False)


# What matplotlib writes into an SVG and no reader sees
USELESS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"<metadata>.*?</metadata>", r"<!--.*?-->", r"<style.*?</style>", r"<defs>\s*</defs>",
        r' transform="rotate\(-0[^"]*"', r" font-family: [^;\"]*;?", r' version="1.1"',
        r'<path d="[^"]*"\s*style="fill: none"\s*/>', r"stroke-linejoin: miter;?\s?",
        r'(?<=<g) id="[^"]*"', r' (?:width|height)="[\d.]+pt"',
    )
)  # fmt: skip
PLAIN_GROUP = re.compile(r"<g>([^<]*(?:<(?!/?g[ >])[^<]*)*)</g>")
SHARED = "font-size:8px;fill:currentColor;stroke-linejoin:round"  # once, not for each text
# Colours that stand for the page's own until the SVG is written
INK, RULE = "#010203", "#040506"
SKETCH_THEME = sns.axes_style("ticks") | {
    **PLAIN,
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.facecolor": "none",
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.bottom": False,
    "ytick.left": False,
    "grid.color": RULE,
    "svg.fonttype": "none",
    "svg.hashsalt": "pipeline",
}


class Drawing:
    """A figure as an SVG that takes the page's colours, with its title for those who can't see."""

    def __init__(self, figure: Figure, title: str):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", dpi=DPI, transparent=True, metadata={"Date": None})
        self.svg, self.title = _compact(buffer.getvalue(), title), title

    def __repr__(self) -> str:
        return f"<Drawing: {self.title}>"

    def _repr_html_(self) -> str:
        return self.svg


def _compact(svg: str, title: str) -> str:
    """The `<svg>` element alone: with a label, in the page's colours, without what says nothing.

    Why not scour (0.38): on a figure of two panels it takes five times as long (67 ms against 14)
    and leaves a third more (14,108 bytes against 10,524), since it keeps all that may be looked at
    alone; colours that follow the page and the label would still be ours to write.
    """
    svg = _in_colours_of_page(_without_useless(svg[svg.index("<svg") :]))
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1]) * 4 / 3  # points to pixels
    look = f"width:100%;max-width:{width:.0f}px;height:auto;{SHARED}"
    label = escape(title, quote=True)
    opening, rest = svg.split(">", 1)
    return f'{opening} role="img" aria-label="{label}" style="{look}">{rest}'


def _without_useless(svg: str) -> str:
    """A drawing without what no reader sees, its numbers shortened."""
    for useless in USELESS:
        svg = useless.sub("", svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><")
    svg = re.sub(r' (?:d|transform|x|y|width|height)="[^"]*"', _shorter, svg)
    inner = True
    while inner:  # groups without transform or clip, from the inside out
        svg, inner = PLAIN_GROUP.subn(r"\1", svg)
    return svg


def _in_colours_of_page(svg: str) -> str:
    svg = svg.replace(INK, "currentColor").replace(RULE, "var(--line, #c8ced6)")
    return svg.replace("font-size: 8px; ", "").replace("; fill: currentColor", "")


def _shorter(attribute: re.Match) -> str:
    """An attribute with one decimal a number (a tenth of a point), and no spaces for nothing."""
    shorter = re.sub(r"(\d+\.\d)\d+", r"\1", attribute[0]).replace(".0 ", " ")
    return re.sub(r" ?([MLCQz]) ?", r"\1", shorter) if shorter.startswith(" d=") else shorter


def drawing(draw):
    """Make a function that draws on a figure and returns its title give a `Drawing`."""

    @wraps(draw)
    def drawn(*args, size: tuple[float, float] = (7.5, 3.0), **options) -> Drawing:
        import matplotlib as mpl

        with mpl.rc_context(SKETCH_THEME), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the browser has more
            warnings.filterwarnings("ignore", "vert: bool was deprecated")  # seaborn's box plots
            figure = Figure(figsize=size)
            title = draw(figure, *args, **options)
            return Drawing(figure, title)

    return drawn


def axes_with_margins(
    figure: Figure, left: float, bottom: float, right: float = 0.1, top: float = 0.28
):
    """Axes with so many inches of margin."""
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, bottom / height, 1 - (left + right) / width,
                            1 - (bottom + top) / height))  # fmt: skip
