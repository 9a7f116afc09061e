"""The cleaning of an export: what reads the cells of each column, written by its plan.

Each kind of column has one writer in `READERS`, by the words of `helpers.cells.reading_values`; a
key of a plan that no writer knows is named as left out.
"""

from __future__ import annotations

from collections.abc import Callable

from ..cells import unit_conversion
from ..cells.known_words import BOOLEANS, SURELY_MISSING
from ..cells.reading_values import cell_reader, missing_codes
from ..clean.dependency_vote import Voter
from ..clean.row_evidence import RowEvidence
from .file_draft import Draft
from .python_text import WIDTH, comment_lines, literal, mapping, wrapped
from .run_to_export import RunToExport

RULES_SAID = {  # by kind of change, after a number of cells
    "alias": "other names", "spaces": "with odd spaces", "boolean": "yes or no as text",
    "missing word": "words for missing", "number": "numbers as text", "unit": "in other units",
    "date": "dates as text", "spelling": "in another spelling", "typo": "typing errors",
    "impossible": "outside of what can be", "unreadable": "unreadable", "swapped": "exchanged",
    "filled": "filled from their row", "dependency": "overruled by their row",
}  # fmt: skip
INLINE = 600  # letters of names that stand in the file; more go into the tables beside it
# Keys of a column's plan that are followed, or that change no cell
FOLLOWED = {"kind", "unit", "formats", "values", "missing", "aliases", "typos", "limits", "style",
            "width", "note", "usual", "order", "ranks", "keep", "beyond"}  # fmt: skip


def write(made: RunToExport, draft: Draft) -> None:
    """Write the constants and the function `clean` into the draft."""
    plan = made.parts["all"]
    for name, column in plan["columns"].items():
        for key in sorted(set(column) - FOLLOWED):
            draft.leave_out(f"'{name:.40}': what its plan says under '{key}'")
    for rule in plan["relations"]:
        if "split" in rule:
            draft.leave_out(f"'{rule['split']:.40}': two facts in one cell")
        elif "source" in rule:
            draft.leave_out(f"'{rule['to']:.40}': what most sources say")
    _tables_of_names(made, draft)
    draft.constants += _constants(plan, draft)
    draft.functions.append(_readers(made, draft))
    draft.functions.append(_clean(made, draft))


# --- Tables --------------------------------------------------------------------------------------


def _tables_of_names(made: RunToExport, draft: Draft) -> None:
    """Put the names of categories, and what gives columns each other's values, into the tables."""
    found = {which: names_of(plan) for which, plan in made.parts.items()}
    if len(found) == 1:
        found = found["all"]
    if len(made.parts) > 1 or len(str(found)) > INLINE:
        draft.tables["cleaning"] = found
    else:
        draft.constants += _inline(found)


def names_of(plan: dict) -> dict:
    """What a plan has learnt, as plain data: names, other names for them, words for missing."""
    columns = plan["columns"]
    said = {
        "names": {n: c.get("values", []) for n, c in columns.items() if _has_names(c)},
        "other_names": {n: o for n, c in columns.items() if (o := _other_names(c))},
        "missing": {n: list(c["missing"]) for n, c in columns.items() if c.get("missing")},
        "homes": _homes(plan),
        "rules": _rules(plan),
    }
    return {key: some for key, some in said.items() if some}


def _inline(found: dict) -> list[str]:
    """The constants that hold what was learnt, in the file itself."""
    written = []
    for key, pairs in found.items():
        if isinstance(pairs, list):
            text = wrapped(f"{CONSTANTS[key][0]} = [", map(literal, pairs), "]")
        else:
            items = [f"{literal(name)}: {_value(some)}" for name, some in pairs.items()]
            text = wrapped(f"{CONSTANTS[key][0]} = {{", items, "}")
        written.append(f"{CONSTANTS[key][1]}\n{text}")
    return written


CONSTANTS = {
    "names": ("NAMES", "# The names that a column holds, each in one spelling"),
    "other_names": ("OTHER_NAMES", "# Typing errors and other names, with what is meant"),
    "missing": ("LOST", "# Words and codes that stand for a missing value, by column"),
    "homes": ("HOMES", "# Texts at home in one of two columns whose cells may be exchanged"),
    "rules": ("RULES", "# What columns say of each other"),
}


def _value(some) -> str:
    """A value over several lines where it is long."""
    text = literal(some)
    if len(text) < WIDTH - 20 or not isinstance(some, list):
        return text
    return wrapped("[", map(literal, some), "]")


def _has_names(column: dict) -> bool:
    return column["kind"] == "category" and bool(column.get("values") or _other_names(column))


def _other_names(column: dict) -> dict:
    return {**column.get("aliases", {}), **column.get("typos", {})}


def _homes(plan: dict) -> list:
    """The pairs of columns whose cells may be exchanged, and what is at home in which."""
    return [{"pair": r["swap"], "home": r["home"]} for r in plan["relations"] if "swap" in r]


def _rules(plan: dict) -> dict[str, list[dict]]:
    """By column the rules that give it, as data; `weight` is the log odds that a rule is right."""
    found: dict[str, list[dict]] = {}
    for rule in plan["relations"]:
        if "to" in rule and rule.get("sure", True) and "source" not in rule:
            voter = Voter(rule)
            one = {"from": rule["from"], "weight": voter.odds, "fills": voter.fills} | _rates(rule)
            one |= {"values": rule["values"]} | ({"sure": True} if rule.get("sure") else {})
            found.setdefault(rule["to"], []).append(one)
    return found


def _rates(rule: dict) -> dict[str, float]:
    """What a row costs that contradicts a rule, and what an error does; none in earlier plans."""
    if "wrong_key" not in rule:
        return {}
    evidence = RowEvidence([rule], [])
    return {"cost": evidence.costs[0], "error": evidence.error}


# --- Constants -----------------------------------------------------------------------------------


def _constants(plan: dict, draft: Draft) -> list[str]:
    """The constants that the readers need: limits, units, words."""
    columns = plan["columns"]
    limits = {n: c["limits"] for n, c in columns.items() if "limits" in c}
    units = {c["unit"]: factors(c["unit"]) for c in columns.values() if c.get("unit")}
    kinds = {column["kind"] for column in columns.values()}
    if units:
        draft.tables["units"] = units
    if kinds & {"category", "text"}:
        draft.tables["no_name"] = sorted(SURELY_MISSING)
    if "boolean" in kinds:
        for key, said in (("yes", True), ("no", False)):
            draft.tables[key] = sorted(
                ["01"[said], f"{int(said)}.0", *(w for w, b in BOOLEANS.items() if b is said)]
            )
    said = "What a number may be; one outside is missing"
    return [mapping("LIMITS", limits, said)] if limits else []


def factors(unit: str) -> dict[str, list]:
    """By spelling of a unit of the same dimension what converts it: value × factor + zero."""
    table = unit_conversion.DIMENSIONS.get(unit_conversion.dimension(unit))
    if not table:
        return {"": [1, 0], unit.casefold(): [1, 0], f"{unit.casefold()}s": [1, 0]}
    found = {"": [1, 0]}
    own = unit_conversion.known(unit)
    for other, (_, spelt) in table.items():
        if other == own or unit_conversion.can_convert(other, unit):
            words = [other.casefold(), *spelt.split()]
            found |= dict.fromkeys([*words, *(f"{w}s" for w in words)], _factor(other, unit, own))
    return found


def _factor(other: str, unit: str, own: str) -> list:
    if other == own:
        return [1, 0]
    table, zeros = unit_conversion.DIMENSIONS[unit_conversion.dimension(unit)], ZEROS
    factor = table[other][0] / table[own][0]
    return [factor, (zeros.get(other, 0.0) - zeros.get(own, 0.0)) / table[own][0]]


ZEROS = {"°C": 273.15, "°F": 459.67 * 5 / 9, "K": 0.0}  # in kelvin, as in `unit_conversion`


# --- What reads a column -------------------------------------------------------------------------


def _number(name: str, plan: dict) -> str:
    plain = "to_comma_number" if plan.get("style") == "comma" else "to_number"
    if not plan.get("unit"):
        return plain
    other = ", read=to_comma_number" if plan.get("style") == "comma" else ""
    return f"partial(to_quantity, units=UNITS[{literal(plan['unit'])}]{other})"


def _boolean(name: str, plan: dict) -> str:
    return "to_boolean"


def _date(name: str, plan: dict) -> str:
    formats = [form for form in plan.get("formats", ["iso"]) if form != "iso"]
    listed = ", ".join(map(literal, formats))
    return f"partial(to_date, formats=[{listed}])" if formats else "to_iso_date"


def _category(name: str, plan: dict) -> str:
    if not _has_names(plan):
        return "to_name"
    others = ", others.get(name)" if _other_names(plan) else ""
    codes = plan.get("width") or any(v.isdecimal() for v in plan.get("values", ()))
    width = f", width={plan['width']}" if plan.get("width") else ""
    kind = "code_reader" if codes else "name_reader"
    return f"{kind}(names[name]{others}{width})"


def _text(name: str, plan: dict) -> str:
    return "to_name"


READERS: dict[str, Callable[[str, dict], str]] = {
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "category": _category,
    "text": _text,
}


def _readers(made: RunToExport, draft: Draft) -> str:
    """The function that gives what reads each column."""
    groups: dict[str, list[str]] = {}
    both = [plan["columns"] for plan in made.parts.values()]
    for name, column in both[0].items():
        column = dict(column)
        for other in both[1:]:  # names that one of the two plans has
            column |= {key: other[name][key] for key in ("aliases", "typos", "values")
                       if other[name].get(key) and not column.get(key)}  # fmt: skip
        groups.setdefault(READERS[column["kind"]](name, column), []).append(name)
    lines = []
    for read, columns in groups.items():
        lines += _group(read, columns, draft, groups)
    head = ["def readers(tables):"] if _has_tables(draft) else ["def readers():"]
    head += ['    """What reads the cells of each column."""', *_names_used(draft, groups)]
    return "\n".join([*head, "    return {", *lines, "    }"])


def _names_used(draft: Draft, groups: dict) -> list[str]:
    """The lines that bring the names of categories."""
    if not any("names[" in read for read in groups):
        return []
    source = 'tables["names"]' if _has_tables(draft) else "NAMES"
    others = 'tables.get("other_names", {})' if _has_tables(draft) else "OTHER_NAMES"
    has_others = any("others" in read for read in groups)
    return [f"    names = {source}"] + ([f"    others = {others}"] if has_others else [])


def _has_tables(draft: Draft) -> bool:
    return "cleaning" in draft.tables


def _group(read: str, columns: list[str], draft: Draft, groups: dict) -> list[str]:
    """The lines of the columns that are read in the same way."""
    if "names[name]" in read:
        alike = sum("names[name]" in other for other in groups) == 1
        if alike and set(columns) == _named(draft):
            return [f"        **{{name: {read} for name in names}},"]
        listed = wrapped(f"**{{name: {read} for name in [", map(literal, columns), "]}", 8)
        return [f"{listed},"]
    if len(columns) == 1:
        return [f"        {literal(columns[0])}: {read},"]
    listed = wrapped("**dict.fromkeys([", map(literal, columns), f"], {read})", 8)
    return [f"{listed},"]


def _named(draft: Draft) -> set[str]:
    """The columns whose names stand in every table beside the file; none where they stand in it."""
    tables = draft.tables.get("cleaning", {})
    each = [tables] if "names" in tables else list(tables.values())
    return set.intersection(*(set(one.get("names", ())) for one in each)) if each else set()


def _kinds(made: RunToExport, *kinds: str) -> list[str]:
    columns = made.parts["all"]["columns"]
    return [name for name, column in columns.items() if column["kind"] in kinds]


def _clean(made: RunToExport, draft: Draft) -> str:
    """The function `clean`: only the steps that this run has."""
    plan, tabled = made.parts["all"], _has_tables(draft)
    found = [names_of(one) for one in made.parts.values()]
    has = {key for one in found for key in one}
    given = "" if not tabled else ", tables=CLEANING"
    if len(made.parts) > 1:
        given = ', tables=CLEANING["all"]'
    lines = [f"def clean(raw{given}):", f'    """{CLEAN_SAYS}"""']
    lines += _what_it_changed(made)
    lines.append(f"    read = readers({'tables' if tabled else ''})")
    lines.append("    raw = raw.reindex(columns=list(read))")
    if "homes" in has:
        lines += SWAPS if tabled else [line.replace('tables["homes"]', "HOMES") for line in SWAPS]
    lost = ('tables.get("missing", {})' if tabled else "LOST") if "missing" in has else ""
    lines += _reading_lines(lost)
    lines += _typing_lines(made, plan, lost)
    if "rules" in has:
        lines.append(f"    rows = repair_by_row(rows, {RULES_OF[tabled]})")
    if decisions := _decisions(plan, draft):
        draft.tables["decisions"] = decisions
        lines.append("    rows = decide(rows, DECISIONS)  # by a person, in the review")
    return "\n".join([*lines, "    return rows"])


def _what_it_changed(made: RunToExport) -> list[str]:
    """A comment that counts the cells that the run's cleaning changed in these columns."""
    columns = made.parts["all"]["columns"]
    usual = {name: plan.get("usual") for name, plan in columns.items()}
    own = made.changes[made.changes["column"].isin(columns)]
    own = own[own["kind"] != own["column"].map(usual)]
    counts = own["kind"].value_counts()
    said = "; ".join(f"{n:,} {RULES_SAID.get(kind, kind)}" for kind, n in counts.head(4).items())
    return comment_lines(f"Cells changed in the run: {said}", 4) if said else []


CLEAN_SAYS = "Each cell as what its column holds; what can't be read is missing."
RULES_OF = {True: 'tables["rules"]', False: "RULES"}
SWAPS = [
    '    for swap in tables["homes"]:  # two cells, each at home in the other\'s column alone',
    '        raw = swap_back(raw, *swap["pair"], swap["home"], read)',
]


def _reading_lines(lost: str) -> list[str]:
    if not lost:
        return [
            "    rows = pd.DataFrame({name: read_cells(raw[name], read[name]) for name in read})"
        ]
    return [
        f"    lost = {lost}",
        "    cells = {n: read_cells(raw[n], read[n], lost.get(n, ())) for n in read}",
        "    rows = pd.DataFrame(cells)",
    ]


def _typing_lines(made: RunToExport, plan: dict, lost: str) -> list[str]:
    """What gives columns their types, and takes out numbers that stand for missing or can't be."""
    numbers, dates, lines = _kinds(made, "number"), dates_of(made), []
    if dates:
        lines.append('    rows[DATES] = rows[DATES].astype("datetime64[us]")')
    if lost and any(missing_codes(plan["columns"][name]) for name in numbers):
        lines += ["    for name in rows.columns.intersection(list(lost)):  # such as 999.0 for 999",
                  "        codes = pd.Series(lost[name]).map(to_number).dropna()",
                  "        rows[name] = rows[name].mask(rows[name].isin(codes))"]  # fmt: skip
    if any("limits" in column for column in plan["columns"].values()):
        lines += [
            "    for name, (low, high) in LIMITS.items():",
            "        rows[name] = rows[name].where(rows[name].between(low, high))",
        ]
    return lines


def dates_of(made: RunToExport) -> list[str]:
    """The columns of dates."""
    return _kinds(made, "date")


def _decisions(plan: dict, draft: Draft) -> list[dict]:
    """The cells that a person has decided, as plain data."""
    found = []
    for one in plan["decisions"]:
        column = plan["columns"][one["column"]]
        missing = one["becomes"] == "missing"
        value = None if missing else cell_reader(column)(one["becomes"])[0]
        if column["kind"] == "date" and not missing:
            draft.leave_out(f"a decision on a date of '{one['column']:.40}'")
            continue
        texts = {one["column"]: one["value"]} | one["where"]
        found.append({"column": one["column"], "texts": texts, "value": value})
    return found
