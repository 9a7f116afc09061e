"""Rows of several sources that report one thing: found, voted on, told from rows that differ."""

import numpy as np
import pandas as pd
import pytest

from helpers.clean import training_plan
from helpers.clean.cleaning_plan import draft, draft_plan
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.one_row_cleaner import RowCleaner
from helpers.clean.weighted_vote import vote

RANDOM = np.random.default_rng(3)
THINGS, SOURCES = 40, 6
LETTERS = np.array(list("bcdfghjklmnp"))
PLACES = np.array(["".join(RANDOM.choice(LETTERS, 6)) for _ in range(200)])


def reports(wrong=(0.05, 0.05, 0.05, 0.1, 0.4, 0.5), copies=0, named="source", seed=1):
    """What sources say of things, the last ones copying the one before them; and the truth."""
    random = np.random.default_rng(seed)
    truth = {"port": random.choice(PLACES, THINGS), "berth": random.choice(PLACES, THINGS)}
    said = []
    for share in wrong:
        one = pd.DataFrame({"ship": [f"ship {n}" for n in range(THINGS)]} | truth)
        for name in truth:
            one[name] = one[name].mask(random.random(THINGS) < share, random.choice(PLACES, THINGS))
            one[name] = one[name].mask(random.random(THINGS) < 0.1)
        said.append(one)
    said += [said[-1].copy() for _ in range(copies)]
    names = [f"{PLACES[n][:5]} log" for n in range(len(said))]
    every = [one.assign(**{named: name}) for one, name in zip(said, names, strict=True)]
    rows = pd.concat(every, ignore_index=True).sample(frac=1, random_state=seed)
    rows = rows.reset_index(drop=True)
    place = rows["ship"].str.removeprefix("ship ").astype(int).to_numpy()
    return rows, pd.DataFrame({name: column[place] for name, column in truth.items()})


def share_right(cleaned, truth):
    return float((cleaned[truth.columns] == truth).to_numpy().mean())


def broken(rows, cleaned, truth):
    sound = (rows[truth.columns] == truth).to_numpy()
    return int((sound & (cleaned[truth.columns] != truth).to_numpy()).sum())


def test_the_vote_fills_and_overrules_and_breaks_nothing():
    rows, truth = reports()
    cleaned = Cleaner().fit_transform(rows)
    assert share_right(rows, truth) < 0.8 < 0.98 < share_right(cleaned, truth)
    assert broken(rows, cleaned, truth) == 0


def test_copies_of_a_poor_source_do_not_outvote_the_others():
    rows, truth = reports(wrong=(0.1, 0.1, 0.1, 0.1, 0.1, 0.5), copies=3)
    cleaned = Cleaner().fit_transform(rows)
    assert share_right(cleaned, truth) > 0.95
    assert broken(rows, cleaned, truth) <= 2


def test_a_source_weighs_by_how_often_others_confirm_it():
    key, source = np.repeat(np.arange(60), 5), np.tile(np.arange(5), 60)
    value = key.copy()
    value[(source >= 3) & (key % 2 == 0)] = 99 + source[(source >= 3) & (key % 2 == 0)]
    found = vote(key, source, value)
    assert (found.values == found.keys).all()
    assert found.accuracy[:3].min() > 0.9 > 0.7 > found.accuracy[3:].max()


def test_the_plan_says_it_in_text_and_the_log_has_the_count():
    rows, _ = reports()
    plan = draft_plan(rows)
    port = next(r for r in plan["relations"] if r.get("to") == "port")
    assert (port["from"], port["source"]) == (["ship"], "source")
    log = Cleaner(plan).fit(rows).repair(rows)[1]
    rule = log.loc[log["kind"] == "sources", "rule"].iloc[0]
    assert rule.endswith(" rows of this ship") and " of " in rule


def test_a_tie_is_asked_about_and_left_alone():
    rows, _ = reports(wrong=(0.05,) * 4)
    tied = rows["ship"] == "ship 7"
    rows.loc[tied, "port"] = ["north", "north", "south", "south"]
    plan, items = draft(rows)
    assert (
        Cleaner(plan).fit_transform(rows).loc[tied, "port"].tolist()
        == rows.loc[tied, "port"].tolist()
    )
    asked = [one for one in items if one["kind"] == "no majority among sources"]
    assert [one["where"] for one in asked if one["column"] == "port"] == [{"ship": "ship 7"}]


def test_a_row_alone_is_cleaned_as_among_many():
    rows, _ = reports()
    plan = draft_plan(rows)
    cleaned = Cleaner(plan).fit_transform(rows)
    one = RowCleaner(plan, list(rows.columns))
    for n in range(0, len(rows), 7):
        raw = {k: None if pd.isna(v) else v for k, v in rows.iloc[n].items()}
        found = one(
            raw, {k: one.fields[k](v) if v is not None else (None, "") for k, v in raw.items()}
        )
        assert found == {k: None if pd.isna(v) else v for k, v in cleaned.iloc[n].items()}


def test_a_column_that_does_not_say_so_is_asked_about():
    rows, _ = reports(named="shop")
    plan, items = draft(rows)
    assert [r["sure"] for r in plan["relations"] if "source" in r] == [False, False]
    assert (
        Cleaner(plan)
        .fit_transform(rows)
        .equals(Cleaner({"columns": plan["columns"]}).fit_transform(rows))
    )
    assert {one["kind"] for one in items} == {"rows of one key disagree"}


def test_rows_of_a_split_s_group_teach_nothing_of_each_other():
    rows, _ = reports()
    unit = training_plan.numbers_of_groups(rows["ship"])
    learnt = training_plan.learn_again(rows, draft_plan(rows), {}, unit=unit)
    assert all(not r["values"] for r in learnt.get("relations", []) if "source" in r)


def orders(random):
    """Customers with orders: some have moved, and each order is another."""
    who = random.integers(0, 80, 600)
    town = np.where(random.random(600) < 0.1, random.choice(PLACES, 600), PLACES[who])
    amount = random.lognormal(3, 1, 600).round(2)
    return {
        "customer": [f"c{n}" for n in who],
        "town": town,
        "source": PLACES[:9][who % 9 - random.integers(0, 3, 600)],
        "amount": amount,
    }


def panel(random):
    """Countries over years: what changes, changes once."""
    land, year = (a.ravel() for a in np.meshgrid(np.arange(40), np.arange(9)))
    since = random.integers(1, 14, 40)[land] <= year
    return {
        "land": PLACES[land],
        "year": [str(2010 + n) for n in year],
        "party": PLACES[land % 7 + 50 + since],
        "capital": PLACES[land + 60 + since],
    }


def prices(random):
    """Products in shops: three in four have the usual price, the others their own; and stock."""
    product, shop = (a.ravel() for a in np.meshgrid(np.arange(40), np.arange(9)))
    own = random.random(360) < 0.25
    price = 100 + product + own * random.integers(1, 30, 360)
    return {
        "product": PLACES[product],
        "source": PLACES[shop],
        "price": price.astype(str),
        "stock": random.integers(0, 50, 360).astype(str),
    }


@pytest.mark.parametrize("make", [orders, panel, prices])
@pytest.mark.parametrize("seed", range(3))
def test_rows_of_one_key_that_legitimately_differ_stay(make, seed):
    rows = pd.DataFrame(make(np.random.default_rng(seed)))
    assert len(Cleaner().fit(rows).repair(rows)[1]) == 0
