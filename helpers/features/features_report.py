"""What stage 3 shows of its features: roles, derived columns, what is left out and why."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..base.bins import equal_groups
from ..cells.kinds import is_counted
from ..cells.value_forms import FORMS, RANKED
from .derived_columns import Derive
from .feature_plan import ROLES, plan_text

ROLE_SAYS = {
    "number": "fill gaps with the median, mark them, scale by the quartiles",
    "category": "one column per level (one-hot)",
    "many categories": "the mean target of each level (target encoding)",
    "date": "hour and weekday as numbers and on circles (time of the year after two years); "
    "days between two dates",
    **{form: own.says for form, own in FORMS.items() if own.parts or own.level},
    RANKED: "their place in the order, as a number",
    "text": "weigh words (TF-IDF), keep the main directions (SVD)",
    "image": "grey levels, edges and colours, reduced",
}


def roles_table(plan: dict) -> pd.DataFrame:
    """A row per role: how many columns, which, and what is made of them."""
    rows = []
    for role in ROLES:
        names = [name for name, r in plan["columns"].items() if r == role]
        if names:
            rows.append((role, len(names), _shorten(names), ROLE_SAYS[role]))
    if plan["derived"]:
        derived = list(plan["derived"])
        rows.append(("derived", len(derived), _shorten(derived), "a formula, then as a number"))
    return pd.DataFrame(rows, columns=["role", "columns", "which", "becomes"]).set_index("role")


def _shorten(names: list[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def left_out_table(plan: dict) -> pd.DataFrame:
    """A row per column that is left out, with the reason."""
    items = plan["left_out"].items()
    return pd.DataFrame(items, columns=["column", "left out because"]).set_index("column")


def derived_table(plan: dict) -> pd.DataFrame:
    """A row per derived column, with its formula."""
    return pd.DataFrame(plan["derived"].items(), columns=["column", "formula"]).set_index("column")


def drawing(plan: dict):
    """The plan as a picture: each role's columns, and the steps that make numbers of them."""
    from ..pages import line_plots

    flows = []
    for role in ROLES:
        count = sum(r == role for r in plan["columns"].values())
        count += len(plan["derived"]) if role == "number" else 0
        if count:
            flows.append((role, count, ROLE_SAYS[role]))
    return line_plots.feature_map(flows, height=0.8 + 0.62 * len(flows))


def _ranked(table: pd.DataFrame, label: pd.Series, plan: dict) -> list[str]:
    """The numbers and categories by what they say about the target.

    Derived ones first: of two columns that say the same, the one in the better form is drawn.
    """
    usable = [c for c, role in plan["columns"].items() if role in ("number", "category")]
    spread = {c: round(_target_variation(table[c], label), 5) for c in [*plan["derived"], *usable]}
    return sorted(spread, key=spread.get, reverse=True)


def signal_picture(clean: pd.DataFrame, plan: dict, about: dict, most: int = 4):
    """How the target runs along the columns that say most about it; None without a target.

    Columns are ranked by how far the target's group means spread. With several classes the
    commonest one is looked at.
    """
    from ..pages import table_plots

    target = plan["target"]
    if not target:
        return None
    rows = clean[clean[target].notna()]
    label = _target_as_number(rows, target, about.get("task", "auto"))
    table = Derive(plan["derived"]).fit(rows).transform(rows)
    best = _unlike(table, _ranked(table, label, plan), most)
    units = about.get("units", {})
    axes = {c: f"{c}\n({units[c]})" if c in units else c for c in best}
    return table_plots.against_target(table, label, axes) if best else None


def show_signals(clean: pd.DataFrame, plan: dict, about: dict) -> None:
    """How the target runs along the columns: in rows before the hold-out, where that is known."""
    from ..pages import show

    rows, which = _rows_to_look_at(clean, about)
    picture = signal_picture(rows, plan, about)
    show.together(show.say(which if picture else "There is no target to look at yet."), picture)


def _rows_to_look_at(clean: pd.DataFrame, about: dict) -> tuple[pd.DataFrame, str]:
    """The rows before the day from which rows are held out, or all, and a sentence that says so."""
    first, column = about.get("test_from"), about.get("time_column")
    if first and column in clean:
        early = clean[pd.to_datetime(clean[column], errors="coerce") < pd.Timestamp(first)]
        if len(early):
            said = f"The {len(early):,} rows before {first}: the later ones will be held out."
            return early, said
    return clean, (
        f"All {len(clean):,} rows, since stage 4 has not chosen those to hold out: the picture is "
        f"for a person, and nothing is fitted to it."
    )


def _target_as_number(rows: pd.DataFrame, target: str, kind: str) -> pd.Series:
    """The target as it is, or 1 where it is the positive (or the commonest) class.

    Its name is what its mean is called: "share late", "share sold = maybe", "mean price".
    """
    from ..learning.task_kind import as_labels, find_task

    task = find_task(rows[target], target, kind)
    if task.is_regression:
        return rows[target].astype(float).rename(f"mean {target}")
    labels = as_labels(rows[target])
    wanted = task.positive or labels.value_counts().index[0]
    share = f"share {target}" if str(wanted) == "True" else f"share {target} = {wanted}"
    return (labels == wanted).astype(float).rename(share)


def _unlike(table: pd.DataFrame, ranked: list[str], most: int) -> list[str]:
    """The first columns of a ranking, but for numbers that say what an earlier one says."""
    chosen: list[str] = []
    for name in ranked:
        if not any(_is_alike(table[name], table[other]) for other in chosen):
            chosen.append(name)
        if len(chosen) == most:
            break
    return chosen


def _is_alike(one: pd.Series, other: pd.Series) -> bool:
    """Whether two columns are numbers in nearly the same order, or in the reverse one."""
    if not (is_counted(one) and is_counted(other)):
        return False
    return abs(one.astype(float).rank().corr(other.astype(float).rank())) > 0.9


def _target_variation(column: pd.Series, label: pd.Series) -> float:
    """How far the label's mean differs between groups of a column, weighted by their size."""
    if is_counted(column):
        codes, _ = equal_groups(column.to_numpy(dtype=float, na_value=np.nan), 10)
    else:
        codes = pd.factorize(column.astype("str").fillna("(missing)"))[0]
    known, values = codes >= 0, label.to_numpy(dtype=float)  # a row without a value counts nothing
    sizes = np.bincount(codes[known])
    sums = np.bincount(codes[known], weights=values[known])[sizes > 0]
    sizes = sizes[sizes > 0]
    return float((sizes / len(codes) * (sums / sizes - values.mean()) ** 2).sum())


def show_left_out(plan: dict) -> None:
    """How many columns are left out, and each with its reason."""
    from ..pages import show

    show.together(show.say(describe_left_out(plan)), left_out_table(plan))


def close(work, plan: dict, cleaned: pd.DataFrame):
    """Write the plan, close stage 3, and its result as a sentence to show."""
    from ..pages import show

    work.write_text("features.yaml", plan_text(plan))
    said = headline(plan)
    work.finish(len(cleaned), len(cleaned), said)
    return show.say(f"**{said}**", what_is_missing(work.about))


def show_handed_on(work, plan: dict) -> None:
    """The stage's line in the ledger; folded: the whole plan."""
    from ..pages import show

    folded = show.folded("The whole plan", plan_text(plan))
    show.together(show.handed_on(work.run.line_of(3)), folded)


def what_is_missing(about: dict) -> str:
    """What a run without a target lacks for the stages that follow."""
    if about.get("target"):
        return ""
    return (
        "The line stops here: stages 4 to 8 need a target, the column to predict. Name one with "
        "`--target COLUMN`."
    )


def headline(plan: dict) -> str:
    """The stage's result in a sentence."""
    text = f"{len(plan['columns'])} columns in use, {len(plan['derived'])} derived"
    text += f", {len(plan['left_out'])} left out"
    if plan["not_known"]:
        text += f" ({len(plan['not_known'])} of them not known when the prediction is made)"
    return text + "."


def describe_left_out(plan: dict) -> str:
    """A sentence that reads what is left out."""
    if not plan["left_out"]:
        return "No column is left out. Ask of each one: is it known when the prediction is made?"
    return (
        f"**{len(plan['left_out'])} columns are left out**, "
        f"{len(plan['not_known'])} of them because they are known only after the prediction."
    )
