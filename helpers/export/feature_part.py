"""The features of an export: derived columns, and the encoder of each group of columns.

`encoder_text` finds the writer by the class of an encoder's first step, as `compiled_step` finds
its compiled form. A step without a writer is left out and named (`tests/test_export.py` fails).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatch

from sklearn.preprocessing import TargetEncoder

from ..cells.value_forms import RANKED
from ..features.category_encoder import FormText, ToText
from ..features.date_encoder import CALENDAR, DateParts
from ..features.encoders import first_step
from ..features.form_encoder import FormNumbers
from ..features.image_encoders import ImageParts, ImageToNumbers
from ..features.number_encoder import LARGEST, ToNumbers
from ..features.text_encoder import TextToNumbers
from ..learning.inner_folds import OF_TIME, WHOLE
from .cleaning_part import dates_of
from .file_draft import Draft
from .formula_text import formula_text
from .python_text import comment_lines, estimator, literal, names, wrapped
from .run_to_export import RunToExport


@dataclass(frozen=True)
class Encoded:
    """What is written of one encoder: `step` is its line in the ColumnTransformer.

    `before` are lines of `make_model` above that, `prepare` lines of `add_features`, which make the
    columns that the encoder takes; `texts` is the constant that lists columns of text, if any.
    """

    step: str
    before: list[str] = field(default_factory=list)
    prepare: list[str] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)
    texts: str = ""


def write(made: RunToExport, draft: Draft) -> list[str]:
    """Write `add_features` and its constants into the draft; the lines that make the encoders."""
    derive, encode = made.trained["features"][0], made.trained["features"]["encode"]
    lines, skipped = _derived(derive.formulas, draft)
    found = []
    for name, fitted, columns in encode.transformers_:
        columns = [column for column in columns if column not in skipped]
        if name == "remainder" or not columns:
            continue
        one = encoder_text(first_step(fitted), fitted, columns, made)
        if one is None:
            said = type(first_step(fitted)).__name__
            draft.leave_out(f"{', '.join(columns[:3]):.60}: encoded by {said}")
        else:
            found.append(one)
            draft.constants += one.constants
    lines += [line for one in found for line in one.prepare] + _level_lines(found)
    head = ["def add_features(rows):", f'    """{SAYS}"""', "    rows = rows.copy()"]
    draft.functions.append("\n".join([*head, *lines, "    return rows"]))
    return _encoders(found)


SAYS = "The cleaned rows, and the columns that are made of them."
LEVEL = '"(missing)"'  # `formula_parts.MISSING_LEVEL`


def _level_lines(found: list[Encoded]) -> list[str]:
    """The lines that make missing names a level of their own."""
    listed = " + ".join(one.texts for one in found if one.texts)
    if not listed:
        return []
    lines = [] if " + " not in listed else [f"    names = {listed}"]
    listed = "names" if lines else listed
    filled = f'rows[{listed}].astype("object").fillna({LEVEL})'
    return [*lines, f"    rows[{listed}] = {filled}  # a level of its own"]


def _encoders(found: list[Encoded]) -> list[str]:
    """The lines that make the ColumnTransformer `encoders`."""
    before = list(dict.fromkeys(line for one in found for line in one.before))
    lines = [*before, "    steps = [", *(f"        {one.step}," for one in found), "    ]"]
    return [*lines, "    encoders = ColumnTransformer(steps, sparse_threshold=0)"]


def _derived(formulas: dict[str, str], draft: Draft) -> tuple[list[str], set[str]]:
    """The lines of the derived columns, and the names of those that have no plain form."""
    lines, skipped = [], set()
    for name, formula in formulas.items():
        text = formula_text(formula)
        if not text or any(f"rows[{literal(one)}]" in text for one in skipped):
            draft.leave_out(f"the derived column '{name:.40}': {formula:.80}")
            skipped.add(name)
            continue
        start = f"    rows[{literal(name)}] = finite("
        lines.append(wrapped(start, [text], ")") if len(start + text) < 98 else _long(name, text))
    return lines, skipped


def _long(name: str, text: str) -> str:
    """An expression over several lines, cut at its operators of the outermost brackets."""
    parts, depth, line = [], 0, ""
    for word in text.split(" "):
        line = f"{line} {word}" if line else word
        depth += word.count("(") - word.count(")")
        if len(line) > 70:
            parts, line = [*parts, line], ""
    body = [f"        {part}" for part in [*parts, line] if part]
    return "\n".join([f"    rows[{literal(name)}] = finite(", *body, "    )"])


# --- One writer for each encoder -----------------------------------------------------------------


@singledispatch
def encoder_text(first, fitted, columns: list[str], made: RunToExport) -> Encoded | None:
    """What is written of a fitted encoder, by the class of its `first` step; None: left out."""
    return None


@encoder_text.register
def _(first: ToNumbers, fitted, columns: list[str], made: RunToExport) -> Encoded:
    missing = made.learnt.X[[c for c in columns if c in made.learnt.X]].isna().mean()
    said = [
        f"{share:.0%} of {name}" for name, share in missing.nlargest(3).items() if share >= 0.01
    ]
    gaps = f"Gaps get the median, and a mark: missing are {', '.join(said)}. " if said else ""
    about = f"{gaps}Far values are softly clipped, so that no single one rules a weight."
    clip = f'rows[NUMBERS].astype("float64").clip(-{LARGEST:g}, {LARGEST:g})'.replace("+", "")
    return Encoded(
        f'("numbers", make_pipeline(gaps, {estimator(fitted[2])}), NUMBERS)',
        ['    gaps = SimpleImputer(strategy="median", add_indicator=True)'],
        [f"    rows[NUMBERS] = {clip}"],
        [names("NUMBERS", columns, about)],
    )


@encoder_text.register
def _(first: ToText, fitted, columns: list[str], made: RunToExport) -> Encoded:
    if isinstance(fitted[1], TargetEncoder):
        return _many_levels(fitted, columns, made)
    share = fitted[1].min_frequency
    about = (
        f"A column of 0 and 1 for each level that {share:.1%} of the rows have; the rest are one"
    )
    one_hot = estimator(fitted[1])[len("OneHotEncoder(") : -1].split(", ")
    return Encoded(
        '("categories", one_hot, CATEGORIES)',
        [wrapped("one_hot = OneHotEncoder(", map(str.strip, one_hot), ")", 4)],
        constants=[names("CATEGORIES", columns, about)],
        texts="CATEGORIES",
    )


def _many_levels(fitted, columns: list[str], made: RunToExport) -> Encoded:
    """Columns of many levels: the mean target of each, of other rows than the one it stands in."""
    encoder = fitted[1]
    kind = f"target_type={literal(encoder.target_type)}, " * (encoder.target_type != "auto")
    folds = "folds" if unit_column(made) else "KFold(5, shuffle=True, random_state=SEED)"
    name = "EncoderByUnit" if unit_column(made) else "TargetEncoder"
    counts = [f"{name} has {made.learnt.X[name].nunique():,}" for name in columns[:2]]
    about = f"Too many levels for a column each ({', '.join(counts)}): the mean target of each"
    return Encoded(
        '("many levels", make_pipeline(means, StandardScaler()), MANY_LEVELS)',
        [f"    means = {name}({kind}cv={folds})"],
        constants=[names("MANY_LEVELS", columns, about)],
        texts="MANY_LEVELS",
    )


def unit_column(made: RunToExport) -> str:
    """The column whose days, weeks or groups the inner folds of a target encoder keep whole."""
    rows = made.labelled
    in_time = rows.by_time and rows.units.kind in OF_TIME
    return (
        rows.units.kind if rows.unit is not None and (in_time or rows.units.kind in WHOLE) else ""
    )


@encoder_text.register
def _(first: DateParts, fitted, columns: list[str], made: RunToExport) -> Encoded:
    asked = {part.removesuffix("_sin").removesuffix("_cos")
             for parts in first.used_.values() for part in parts}  # fmt: skip
    lines = [f"    for name in {'DATES' if columns == dates_of(made) else 'DATED'}:",
             "        when = rows[name].dt", *_parts(asked)]  # fmt: skip
    for a, b in first.pairs_:
        apart = f"(rows[{literal(b)}] - rows[{literal(a)}]).dt.total_seconds() / 86_400"
        lines.append(f"    rows[{literal(f'{b}_minus_{a}_days')}] = {apart}")
    said = "Parts of dates that the training rows cover; round ones as places on a circle, too"
    listed = first.get_feature_names_out().tolist()
    own = [] if columns == dates_of(made) else [names("DATED", columns)]
    return Encoded(
        '("dates", make_pipeline(no_date, StandardScaler()), DATE_PARTS)',
        ['    no_date = SimpleImputer(strategy="median", keep_empty_features=True)'],
        lines,
        [*own, names("DATE_PARTS", listed, said)],
    )


CALENDAR_TEXT = {
    "hour": "when.hour + when.minute / 60",
    "weekday": "when.day_of_week",
    "day_of_year": "when.day_of_year",
}
YEAR_TEXT = "when.year + (when.day_of_year - 1) / 366"


def _parts(asked: set[str]) -> list[str]:
    """The lines of the parts of one date, `when`, of the column `name`."""
    lengths = {part: CALENDAR[part][0] for part in CALENDAR_TEXT if part in asked}
    pairs = [f'("{part}", {CALENDAR_TEXT[part]}, {length})' for part, length in lengths.items()]
    lines = [
        wrapped("for part, number, length in [", pairs, "]:", 8),
        '            rows[f"{name}_{part}"] = number.astype("float64")',
        '            turn = 2 * np.pi * rows[f"{name}_{part}"] / length',
        '            rows[f"{name}_{part}_sin"] = np.sin(turn)',
        '            rows[f"{name}_{part}_cos"] = np.cos(turn)',
    ]
    year = [f'        rows[f"{{name}}_year"] = ({YEAR_TEXT}).astype("float64")']
    return lines + (year if "year" in asked else [])


@encoder_text.register
def _(first: TextToNumbers, fitted, columns: list[str], made: RunToExport) -> Encoded:
    steps, before = [], []
    for place, column in enumerate(columns, start=1):
        model = first.models_[column]
        if model is None:  # no word was left to learn from
            continue
        size = literal(model[1].n_components)
        name = f"topics_{place}"
        words = estimator(model[0])[len("TfidfVectorizer(") : -1].split(", ")
        before.append(wrapped(f"words_{place} = TfidfVectorizer(", words, ")", 4))
        topics = f"TruncatedSVD({size}, random_state=SEED)"
        before.append(f"    {name} = make_pipeline(words_{place}, {topics}, rounded())")
        steps.append(f"({literal(f'text {place}')}, {name}, {literal(column)})")
    about = "Texts: weights of words or pieces of words, reduced to a few numbers each"
    lines = ['    rows[TEXTS] = rows[TEXTS].astype("object").fillna("")']
    step = ",\n        ".join(steps)
    return Encoded(step, before, lines, [names("TEXTS", columns, about)]) if steps else None


@encoder_text.register
def _(first: FormNumbers, fitted, columns: list[str], made: RunToExport) -> Encoded | None:
    if first.form != RANKED:
        return None
    orders = {name: first.ranks[name] for name in columns}
    listed = [f"{name}_rank" for name in columns]
    items = [f"{literal(name)}: {literal(list(order))}" for name, order in orders.items()]
    said = "\n".join(comment_lines("Words in their order: each becomes its place"))
    return Encoded(
        '("ranks", make_pipeline(no_rank, StandardScaler()), RANKS)',
        [wrapped("no_rank = SimpleImputer(", ['strategy="median"', "add_indicator=True",
                                              "keep_empty_features=True"], ")", 4)],
        ["    for name, order in ORDERS.items():",
         '        places = {word: float(place) for place, word in enumerate(order)}',
         '        rows[f"{name}_rank"] = rows[name].map(places).astype("float64")'],
        [f"{said}\n{wrapped('ORDERS = {', items, '}')}", names("RANKS", listed)],
    )  # fmt: skip


@encoder_text.register(FormText)
@encoder_text.register(ImageToNumbers)
@encoder_text.register(ImageParts)
def _(first, fitted, columns: list[str], made: RunToExport) -> None:
    """Left out: names inside of addresses, and pictures, need readers of their own."""
    return
