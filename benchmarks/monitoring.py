"""`make bench-monitor`: drift reports, false alarms, drift of known size, CBPE; MONITORING.md.

python -m benchmarks.monitoring                       all parts, about twenty minutes
python -m benchmarks.monitoring speed estimate        some; the others keep their last numbers
python -m benchmarks.monitoring --evidently PYTHON --nannyml PYTHON    with both beside

`estimate` needs a run of the flights (`make run`). evidently and NannyML are no dependencies: the
options name Pythons that have them. Nothing is sent anywhere (evidently: DO_NOT_TRACK).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import click
import numpy as np
import pandas as pd

from helpers.base.findings import Finding
from helpers.drift import compare_columns, data_quality, domain_classifier, drift_report

from .__main__ import machine
from .measure import REPOSITORY, median, spread

HERE = Path(__file__).resolve().parent
RAW, REPORT, PICTURE = (HERE / f"{name}" for name in
                        ("monitoring.json", "MONITORING.md", "monitoring.png"))  # fmt: skip
PARTS = ("speed", "alarms", "sizes", "delay", "estimate")
ROUNDS = 5
SPLITS = 100
DRAWS, SERIES = 50, 30  # of batches with a known change; of days with one
SIZES = (500, 1_000, 2_000, 10_000)
KNOWN = 10_000  # rows of training that batches are held against
BATCHES = (200, 500, 1_000, 2_000, 5_000, 10_000)
DAILY = 200
DAYS = 50
GOAL_SECONDS, GOAL_ALARMS, GOAL_ERROR = 2.0, 5, 0.02

# A process of its own, so that the import counts: CPU seconds after the import, and at the end.
OURS = """
import resource, sys, json
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
import pandas as pd
from helpers.drift import compare_columns, domain_classifier, drift_report
before, after = (pd.read_parquet(path) for path in sys.argv[1:3])
import sklearn.ensemble
imported = cpu()
columns = compare_columns.compare(before, after)
joint = domain_classifier.domain_classifier(before, after)
said = len(drift_report.drift_findings(columns, joint=joint))
print(json.dumps({"all": cpu(), "report": cpu() - imported, "said": said}))
"""
EVIDENTLY = """
import resource, sys, json
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
pairs = [(pd.read_parquet(a), pd.read_parquet(b)) for a, b in zip(sys.argv[1::2], sys.argv[2::2])]
imported, said, columns = cpu(), [], 0
for before, after in pairs:
    found = Report([DataDriftPreset()]).run(after, before).dict()["metrics"]
    said.append(found[0]["value"]["count"])
    columns = len(found) - 1
print(json.dumps({"all": cpu(), "report": cpu() - imported, "said": said, "columns": columns}))
"""
NANNYML = """
import sys, json
import pandas as pd, nannyml as nml
rows = pd.read_parquet(sys.argv[1])
known, later = rows[rows["period"] == "held out"], rows[rows["period"] != "held out"]
cbpe = nml.CBPE(
    y_pred_proba="chance", y_pred="said", y_true="true", problem_type="classification_binary",
    metrics=["roc_auc", "accuracy", "f1"], chunk_size=2_000,
).fit(known)
out = {}
for period, part in later.groupby("period"):
    found = cbpe.estimate(part.reset_index(drop=True)).filter(period="analysis").to_df()
    weights = found[("chunk", "end_index")] - found[("chunk", "start_index")] + 1
    out[period] = {m: float((found[(m, "value")] * weights).sum() / weights.sum())
                   for m in ("roc_auc", "accuracy", "f1")}
print(json.dumps(out))
"""


# --- The table, and drift of known size -----------------------------------------------------------


def table(rows: int, seed: int) -> pd.DataFrame:
    """Twenty columns without any drift: heavy tails, gaps, few values, categories, dates.

    >>> table(50, 0).shape
    (50, 20)
    """
    random = np.random.default_rng(seed)
    base = random.normal(size=rows)
    found = {
        "normal": base,
        "related": base + random.normal(0, 0.3, rows),
        "uniform": random.random(rows),
        "lognormal": random.lognormal(0, 1.5, rows),
        "cauchy": random.standard_cauchy(rows),
        "pareto": random.pareto(1.2, rows),
        "with gaps": np.where(random.random(rows) < 0.02, np.nan, random.normal(size=rows)),
        "counts": random.poisson(3, rows),
        "rounded": random.exponential(20, rows).round(),
        "mostly zero": np.where(random.random(rows) < 0.9, 0, random.exponential(size=rows)),
        "zero or one": (random.random(rows) < 0.1).astype(int),
        "rare flag": random.random(rows) < 0.02,
    }
    for count in (3, 12, 500, 5_000):
        found[f"{count} levels"] = _levels(random, rows, np.arange(1, count + 1) ** -0.8)
    found["500 even levels"] = _levels(random, rows, np.ones(500)).mask(random.random(rows) < 0.05)
    found["5000 even levels"] = _levels(random, rows, np.ones(5_000))
    found["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 365, rows), "D")
    seconds = pd.Series(pd.to_timedelta(random.integers(0, 365 * 86_400, rows), "s"))
    moments = pd.Timestamp("2024-01-01") + seconds
    found["moment"] = moments.mask(random.random(rows) < 0.03)
    return pd.DataFrame(found)


def _levels(random, rows: int, weights: np.ndarray) -> pd.Series:
    drawn = random.choice(len(weights), rows, p=weights / weights.sum())
    return pd.Series(drawn).map("level {}".format).astype("str")


def answers(frame: pd.DataFrame) -> pd.DataFrame:
    """Predictions of a model that reads four of the columns."""
    score = frame["related"] + frame["uniform"] + 0.5 * (frame["3 levels"] == "level 0")
    score = score + frame["with gaps"].fillna(0)
    return pd.DataFrame({"probability": 1 / (1 + np.exp(-score))})


def shifted(frame: pd.DataFrame, size: float, random) -> pd.DataFrame:
    """One number larger by so many standard deviations."""
    return frame.assign(normal=frame["normal"] + size)


def moved(frame: pd.DataFrame, size: float, random) -> pd.DataFrame:
    """So large a share of all rows goes from the commonest of twelve levels to the third."""
    levels = frame["12 levels"]
    common = levels == "level 0"
    goes = common & (random.random(len(frame)) < size / common.mean())
    return frame.assign(**{"12 levels": levels.mask(goes, "level 2")})


def emptied(frame: pd.DataFrame, size: float, random) -> pd.DataFrame:
    """So large a share of all cells of a column more is empty (it begins with 2 %)."""
    gone = random.random(len(frame)) < size / 0.98
    return frame.assign(**{"with gaps": frame["with gaps"].mask(gone)})


CHANGES = {
    "nothing": (None, 0.0, ""),
    "shift of 0.1 sd": (shifted, 0.1, "normal"),
    "shift of 0.2 sd": (shifted, 0.2, "normal"),
    "shift of 0.5 sd": (shifted, 0.5, "normal"),
    "5 % of rows change level": (moved, 0.05, "12 levels"),
    "10 % of rows change level": (moved, 0.10, "12 levels"),
    "20 % of rows change level": (moved, 0.20, "12 levels"),
    "nulls up by 5 points": (emptied, 0.05, "with gaps"),
}


def changed(rows: int, name: str, seed: int) -> pd.DataFrame:
    """Fresh rows with that change."""
    change, size, _ = CHANGES[name]
    frame = table(rows, seed)
    return frame if change is None else change(frame, size, np.random.default_rng(seed))


def findings(known: pd.DataFrame, reference: dict, rows: pd.DataFrame) -> list[dict]:
    """What a report on columns and quality says of new rows."""
    noticed = data_quality.compare(reference, rows)
    return drift_report.drift_findings(compare_columns.compare(known, rows), quality=noticed)


def is_found(said: list[Finding], name: str) -> bool:
    """Whether the change was found: by a finding on its column; with no change, by any."""
    column = CHANGES[name][2]
    return any(column in one.columns for one in said) if column else bool(said)


# --- The parts ------------------------------------------------------------------------------------


def measure_speed(others: dict) -> dict:
    """CPU seconds (user and system) of a cold process: columns and domain classifier."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        before, same, other = (Path(folder) / f"{n}.parquet" for n in ("before", "same", "other"))
        for seed, path in enumerate((before, same, other)):
            table(10_000, seed).to_parquet(path)
        rows = pd.read_parquet(other)
        shifted(rows, 0.5, None).to_parquet(other)
        sides = {"nothing has changed": ([sys.executable, "-c", OURS], same),
                 "a column has moved": ([sys.executable, "-c", OURS], other)}  # fmt: skip
        if others["evidently"]:
            sides["evidently"] = ([others["evidently"], "-W", "ignore", "-c", EVIDENTLY], same)
        for _ in range(ROUNDS):
            for name, (command, path) in sides.items():
                found.setdefault(name, []).append(_asked(command, before, path))
                click.echo(f"  {name}: {found[name][-1]}")
    return found


def _asked(command: list, *paths) -> dict:
    """What a process prints last, as JSON."""
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True,
                          timeout=1_800, cwd=REPOSITORY,
                          env=os.environ | {"DO_NOT_TRACK": "1"})  # fmt: skip
    if done.returncode:
        raise click.ClickException(done.stderr[-2_000:])
    return json.loads(done.stdout.splitlines()[-1])


def measure_alarms(others: dict) -> dict:
    """Whole reports on the same distribution twice: how many say anything, and which part did."""
    return {str(rows): _alarms(rows) for rows in SIZES} | _other_alarms(others)


def _alarms(rows: int) -> dict:
    parts = Counter()
    for split in range(SPLITS):
        both = table(2 * rows, 10_000 + split)
        before, after = both[:rows], both[rows:].reset_index(drop=True)
        said = {
            "columns": drift_report.drift_findings(compare_columns.compare(before, after)),
            "predictions": drift_report.drift_findings(
                compare_columns.compare(answers(before), answers(after))
            ),
            "domain classifier": domain_classifier.domain_classifier(
                before, after, seed=split
            ).significant,
            "quality": data_quality.compare(before, after),
        }
        parts.update(name for name, found in said.items() if found)
        parts["any"] += any(map(bool, said.values()))
    click.echo(f"  {rows}: {dict(parts)}")
    return dict(parts) | {"splits": SPLITS}


def _other_alarms(others: dict) -> dict:
    """How many columns evidently's default report calls drifted, in ten splits a size."""
    if not others["evidently"]:
        return {}
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for rows in (500, 2_000):
            paths = []
            for split in range(10):
                both = table(2 * rows, 10_000 + split)
                for name, part in (("a", both[:rows]), ("b", both[rows:].reset_index(drop=True))):
                    paths.append(Path(folder) / f"{rows}-{split}-{name}.parquet")
                    part.to_parquet(paths[-1])
            command = [others["evidently"], "-W", "ignore", "-c", EVIDENTLY]
            found[str(rows)] = _asked(command, *paths)
            click.echo(f"  evidently, {rows}: {found[str(rows)]}")
    return {"evidently": found}


def measure_sizes(_: dict) -> dict:
    """The share of batches in which a change of known size is found, by rows in the batch."""
    found = {}
    for name in CHANGES:
        found[name] = {str(rows): _rate(name, rows) for rows in BATCHES}
        click.echo(f"  {name}: {found[name]}")
    return found


def _rate(name: str, rows: int) -> dict:
    hits, alarms = 0, 0
    for draw, (known, reference) in enumerate(_references(DRAWS)):
        said = findings(known, reference, changed(rows, name, 50_000 + draw))
        hits += is_found(said, name)
        alarms += is_found([one for one in said if one.severity == "alarm"], name)
    return {"found": hits, "as alarm": alarms, "of": DRAWS}


def _references(draws: int) -> Iterator[tuple]:
    """Training rows, anew every ten draws: chance in them counts too, and drawing takes time."""
    for draw in range(draws):
        if draw % 10 == 0:
            known = table(KNOWN, 90_000 + draw)
            reference = data_quality.reference_of(known)
        yield known, reference


def measure_delay(_: dict) -> dict:
    """Days until a change is found: 200 rows a day, all days since it began together."""
    found = {}
    for name in CHANGES:
        days = []
        for draw, (known, reference) in enumerate(_references(SERIES)):
            rows = changed(DAILY * DAYS, name, 70_000 + draw)
            days.append(_first_day(known, reference, rows, name))
        found[name] = days
        click.echo(f"  {name}: {days}")
    return found


def _first_day(known, reference, rows: pd.DataFrame, name: str) -> int | None:
    for day in range(1, DAYS + 1):
        if is_found(findings(known, reference, rows[: day * DAILY]), name):
            return day
    return None


def measure_estimate(others: dict) -> dict:
    """Metrics of the flights by month, estimated without labels and realised."""
    from helpers.learning.labelled_data import TEST
    from helpers.learning.predicting import predict
    from helpers.line import stage_work
    from helpers.monitor import performance_without_labels, period_scores, production_rows
    from helpers.pipeline import whole_pipeline

    work = stage_work.start(8, "flights")
    production = production_rows.later_rows(work)
    production = production.at(production.labelled)
    task, held_out = production.known.task, production.known.of(TEST)
    known = predict(task, whole_pipeline.load(work.read("data/trained.skops"))[1:], held_out.X)
    calibration = performance_without_labels.calibrate(task, held_out.y, known[1])
    said, chance = predict(task, production.champion[1:], production.X)
    expected = performance_without_labels.by_period(
        task, chance, said, production.period, calibration=calibration
    )
    found = {"estimated": expected.to_dict("index"),
             "realised": period_scores.performance(production).to_dict("index"),
             "positive": _positives(task, production)}  # fmt: skip
    if others["nannyml"]:
        frames = [_answered(task, held_out.y, *known, "held out"),
                  _answered(task, production.y, said, chance, production.period)]  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            path = Path(folder) / "answers.parquet"
            pd.concat(frames, ignore_index=True).to_parquet(path)
            command = [others["nannyml"], "-W", "ignore", "-c", NANNYML]
            found["nannyml"] = _asked(command, path)
    return found


def _positives(task, production) -> dict:
    yes = pd.Series(production.y == task.positive).groupby(production.period).mean()
    return {str(period): float(share) for period, share in yes.items()}


def _answered(task, truth, said, chance, period) -> pd.DataFrame:
    positive = task.positive
    return pd.DataFrame(
        {
            "true": (truth == positive).astype(int),
            "said": (said == positive).astype(int),
            "chance": chance[:, task.classes.index(positive)],
            "period": period,
        }
    )


# --- The report -----------------------------------------------------------------------------------


def report(raw: dict) -> str:
    """MONITORING.md."""
    on = raw["on"]
    said = ", ".join(f"{name} {version}" for name, version in raw["versions"].items())
    lines = [
        "# Drift, false alarms, and a score before the labels",
        "",
        "Written by `make bench-monitor`; raw numbers in `monitoring.json`. The table has twenty",
        "columns: twelve numbers (heavy tails, gaps, few values, flags), six categories of 3 to",
        "5,000 levels, two dates. Times are CPU seconds (user and system).",
        "",
        f"Measured on {on['day']}: {on['machine']}, Python {on['python']}, {said}.",
    ]
    makers = {"speed": _speed, "alarms": _alarm_table, "sizes": _size_table,
              "delay": _delay_table, "estimate": _estimate_table}  # fmt: skip
    for part in PARTS:
        if part in raw:
            lines += ["", *makers[part](raw[part])]
    return "\n".join(lines) + "\n"


def _speed(found: dict) -> list[str]:
    lines = ["## A report on 2 x 10,000 rows x 20 columns", "",
             "Columns, domain classifier and findings, in a process that starts cold and reads two",
             "Parquet files. Median of five, in brackets the smallest and the largest.", "",
             "| | all, import included | the report alone | goal |",
             "|---|---|---|---|"]  # fmt: skip
    for name, rounds in found.items():
        everything, alone = ([one[key] for one in rounds] for key in ("all", "report"))
        met = "met" if median(everything) < GOAL_SECONDS else "missed"
        goal = "" if name == "evidently" else f"< {GOAL_SECONDS:g} s: {met}"
        shown = "evidently, nothing has changed" if name == "evidently" else name
        lines.append(f"| {shown} | {median(everything):.2f} s ({spread(everything)}) | "
                     f"{median(alone):.2f} s ({spread(alone)}) | {goal} |")  # fmt: skip
    if "evidently" in found:
        columns = found["evidently"][0]["columns"]
        lines += ["", f"evidently's default report looks at {columns} of the 20 columns."]
    return lines


def _alarm_table(found: dict) -> list[str]:
    parts = ("columns", "predictions", "domain classifier", "quality", "any")
    lines = ["## False alarms", "",
             f"The same distribution twice, {SPLITS} splits: reports that say anything at all, a",
             "mere note included, and by which part. Meant are at most 3 %. Each row is by itself",
             "here; for rows of customers or days see STATISTICS.md.", "",
             f"| rows on each side | {' | '.join(parts)} | goal |",
             "|---" * (len(parts) + 2) + "|"]  # fmt: skip
    for rows in (name for name in found if name != "evidently"):
        shares = [100 * found[rows].get(part, 0) / found[rows]["splits"] for part in parts]
        met = "met" if shares[-1] <= GOAL_ALARMS else "missed"
        cells = " | ".join(f"{share:.0f} %" for share in shares)
        lines.append(f"| {int(rows):,} | {cells} | ≤ {GOAL_ALARMS} %: {met} |")
    for rows, other in found.get("evidently", {}).items():
        said = other["said"]
        lines += ["", f"evidently's default report at {int(rows):,} rows, {len(said)} splits: "
                  f"{np.mean(said):.1f} columns called drifted on average ({min(said):.0f} to "
                  f"{max(said):.0f})."]  # fmt: skip
    return lines


def _size_table(found: dict) -> list[str]:
    lines = ["## Drift of known size", "",
             f"One batch against {KNOWN:,} training rows: in how many of {DRAWS} batches the",
             "change is found (a finding on its column, sure after the correction for all twenty);",
             "in brackets as an *alarm*: not only sure but large (PSI above 0.2, or more than 5 %",
             "of the rows). *Nothing*: batches with any finding, which are false.", "",
             f"| change | {' | '.join(f'{rows:,} rows' for rows in BATCHES)} |",
             "|---" * (len(BATCHES) + 1) + "|"]  # fmt: skip
    for name, rates in found.items():
        cells = (f"{_percent(r['found'] / r['of'])} ({_percent(r['as alarm'] / r['of'])})"
                 for r in rates.values())  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, "", f"![How often each change is found, by rows]({PICTURE.name})"]


def _delay_table(found: dict) -> list[str]:
    lines = ["## Delay", "",
             f"{DAILY} rows a day; each day a report on all rows since the change began, up to",
             f"{DAYS} days. Days until the first finding on the column, over {SERIES} series;",
             "*nothing*: until the first finding of any kind. A report each day is a chance each",
             "day: in a long series false alarms add up.", "",
             "| change | found in 1 day | in 5 | in 10 | in 25 | in 50 | median days |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, days in found.items():
        known = np.array([np.inf if day is None else day for day in days])
        cells = [_percent((known <= limit).mean()) for limit in (1, 5, 10, 25, 50)]
        middle = np.median(known)
        lines.append(f"| {name} | {' | '.join(cells)} | "
                     f"{f'{middle:.0f}' if np.isfinite(middle) else f'over {DAYS}'} |")  # fmt: skip
    return lines


def _estimate_table(found: dict) -> list[str]:
    metrics = {"roc_auc": "ROC AUC", "accuracy": "accuracy", "f1": "F1"}
    lines = ["## The score before the labels come", "",
             "The flights, month by month: what the model in service, fitted on January to August,",
             "is expected to score (CBPE, calibrated on the held-out July and August) beside what",
             f"it scored. Goal: within {GOAL_ERROR}.", "",
             "| month | rows | late | metric | estimated | realised | error | goal | NannyML |",
             "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    errors = {name: [] for name in metrics}
    for month, said in found["estimated"].items():
        true = found["realised"][month]
        for metric, name in metrics.items():
            error = said[metric] - true[metric]
            errors[metric].append(abs(error))
            other = found.get("nannyml", {}).get(month, {}).get(metric)
            theirs = "" if other is None else f"{other - true[metric]:+.3f}"
            late, met = found["positive"][month], abs(error) <= GOAL_ERROR
            lines.append(f"| {month} | {said['rows']:,.0f} | {_percent(late)} | {name} | "
                         f"{said[metric]:.3f} | {true[metric]:.3f} | {error:+.3f} | "
                         f"{'met' if met else 'missed'} | {theirs} |")  # fmt: skip
    means = ", ".join(f"{name} {np.mean(errors[m]):.3f}" for m, name in metrics.items())
    late = found["positive"].values()
    return [*lines, "", f"Mean absolute error: {means}. The last column is the",
            "error of NannyML's CBPE on the same answers.", "",
            f"The share of late flights goes from {_percent(min(late))} to {_percent(max(late))},",
            "for reasons that the columns don't tell. F1, precision and log loss hang on that",
            "share, and no estimate from probabilities can see it change (the assumption that is",
            "broken here); ROC AUC and accuracy hang on it less."]  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def draw(found: dict) -> None:
    """The detection rates by rows, as a picture."""
    import matplotlib

    matplotlib.use("agg")
    import seaborn
    from matplotlib import pyplot

    seaborn.set_palette("colorblind")
    figure, axis = pyplot.subplots(figsize=(7.5, 4), layout="constrained")
    markers = dict(zip(found, "ods^v<>P", strict=False))
    for name, rates in found.items():
        style = {"color": "black", "linestyle": ":"} if name == "nothing" else {}
        shares = [rate["found"] / rate["of"] for rate in rates.values()]
        says = "nothing (false alarms)" if name == "nothing" else name
        axis.plot(BATCHES, shares, marker=markers[name], markersize=5, label=says, **style)
    axis.set(xscale="log", xlabel="rows in the batch", ylabel="share of batches where it is found",
             title="How soon drift of known size is found", ylim=(-0.03, 1.03))  # fmt: skip
    axis.set_xticks(BATCHES, [f"{rows:,}" for rows in BATCHES])
    axis.minorticks_off()
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(PICTURE, dpi=110)
    pyplot.close(figure)


def versions(others: dict) -> dict:
    """The versions of what was measured, the others' as their Pythons tell them."""
    found = {name: metadata.version(name) for name in ("pandas", "scikit-learn", "scipy")}
    code = "from importlib.metadata import version as v; print(v(%r), 'with pandas', v('pandas'))"
    for name, command in others.items():
        if command:
            done = subprocess.run([command, "-c", code % name], capture_output=True, text=True)
            found[name] = done.stdout.strip()
    return found


@click.command(help=__doc__)
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--evidently", default="", help="A Python that has evidently 0.7.")
@click.option("--nannyml", default="", help="A Python that has NannyML.")
def main(parts, evidently, nannyml):
    """Measure and write."""
    others = {"evidently": evidently, "nannyml": nannyml}
    measured = {"speed": measure_speed, "alarms": measure_alarms, "sizes": measure_sizes,
                "delay": measure_delay, "estimate": measure_estimate}  # fmt: skip
    raw = json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {"versions": {}}
    for part in parts or PARTS:
        click.echo(part)
        raw[part] = measured[part](others)
        raw |= {"on": machine(), "versions": raw["versions"] | versions(others)}
        RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
        REPORT.write_text(report(raw), encoding="utf-8")
        if part == "sizes":
            draw(raw["sizes"])


if __name__ == "__main__":
    main()
