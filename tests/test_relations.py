import numpy as np
import pandas as pd
import pytest
import yaml

from helpers.base.user_errors import InputError
from helpers.cells.times_of_day import parse_time
from helpers.clean import cleaning_plan, dependency_questions, repair_by_dependency
from helpers.clean.column_cleaner import Cleaner
from helpers.clean.doubtful_cells import apply_marks, review_list
from helpers.clean.one_row_cleaner import RowCleaner
from helpers.clean.training_plan import learn_again

RANDOM = np.random.default_rng(3)
PLACES = pd.DataFrame(
    [(f"{n:05d}", f"{name} town", "north" if n % 2 else "south", f"0{n}{n} 555")
     for n, name in enumerate(["oak", "elm", "ash", "fir", "yew", "bay", "fig", "nut"], 11)],
    columns=["zip", "city", "side", "phone"],
)  # fmt: skip
SOUND = PLACES.iloc[RANDOM.integers(0, 8, 400)].reset_index(drop=True)
SOUND["amount"] = RANDOM.normal(50, 9, 400).round(2)


def drafted(frame):
    return cleaning_plan.draft(frame)


def cleaned(frame):
    plan = drafted(frame)[0]
    return Cleaner(plan).fit(frame).repair(frame)


def spoilt(**cells):
    """The sound table with some cells overwritten: column={row: value}."""
    frame = SOUND.copy()
    for name, rows in cells.items():
        for row, value in rows.items():
            frame.loc[row, name] = value
    return frame


def test_a_sound_table_stays_as_it_is_and_has_no_relations():
    plan = drafted(SOUND)[0]
    assert "relations" not in plan
    frame, changes = cleaned(SOUND)
    assert changes.empty and frame["city"].tolist() == SOUND["city"].tolist()


def test_a_wrong_cell_is_mended_by_its_neighbours():
    frame, changes = cleaned(spoilt(city={5: "zzz qqq"}, zip={9: "9x999"}))
    assert frame["city"].tolist() == SOUND["city"].tolist()
    assert frame["zip"].tolist() == SOUND["zip"].tolist()
    assert set(changes["kind"]) <= {"dependency", "filled"} and len(changes) == 2


def test_a_known_value_in_the_wrong_row_is_mended_when_two_neighbours_say_so():
    other = "oak town" if SOUND["city"][3] != "oak town" else "elm town"
    frame, _ = cleaned(spoilt(city={3: other}))
    assert frame["city"].tolist() == SOUND["city"].tolist()


def test_a_wrong_key_does_not_overrule_the_others():
    other = "00011" if SOUND["zip"][3] != "00011" else "00012"
    frame, changes = cleaned(spoilt(zip={3: other}))
    assert frame["zip"].tolist() == SOUND["zip"].tolist()
    assert changes["column"].tolist() == ["zip"]


def test_a_missing_cell_is_filled_where_the_others_agree():
    frame, changes = cleaned(spoilt(city={1: None, 7: None}, side={2: None}))
    assert frame["city"].tolist() == SOUND["city"].tolist()
    assert frame["side"].tolist() == SOUND["side"].tolist()
    assert set(changes["kind"]) == {"filled"} and changes["before"].isna().all()


def test_one_neighbour_alone_is_a_doubt_for_a_person():
    frame = SOUND[["zip", "city", "amount"]].copy()
    other = "oak town" if frame["city"][3] != "oak town" else "elm town"
    frame.loc[3, "city"] = other
    plan, found = drafted(frame)
    assert Cleaner(plan).fit(frame).transform(frame)["city"][3] == other
    doubt = next(d for d in found if d["column"] == "city")
    assert doubt["value"] == other and doubt["where"] == {"zip": SOUND["zip"][3]}
    assert doubt["suggestion"] == SOUND["city"][3] and "zip → city" in doubt["evidence"]


def test_what_holds_by_habit_only_is_no_dependency():
    frame = pd.DataFrame({"plane": RANDOM.choice(list("abcdefgh"), 600)})
    usual = frame["plane"].map(
        dict(zip("abcdefgh", ["north", "south", "east", "west"] * 2, strict=True))
    )
    frame["carrier"] = usual.mask(RANDOM.random(600) < 0.2, "east")
    frame["gate"] = usual.mask(RANDOM.random(600) < 0.2, "west")
    assert cleaned(frame)[1].empty


def test_an_exception_that_comes_again_is_no_error():
    frame = pd.concat(
        [SOUND, SOUND[SOUND["city"] == "oak town"].head(9).assign(city="oak village")]
    )
    frame = frame.reset_index(drop=True)
    assert (cleaned(frame)[0]["city"] == "oak village").sum() == 9


def test_measurements_and_unique_numbers_are_no_keys():
    frame = pd.DataFrame(
        {"id": range(300), "x": RANDOM.normal(size=300), "y": RANDOM.choice(["a", "b"], 300)}
    )
    frame.loc[3, "y"] = None
    assert cleaned(frame)[1].empty


def test_columns_known_too_late_neither_mend_nor_are_mended():
    frame = spoilt(city={5: "zzz qqq"})
    plan, _ = cleaning_plan.draft(frame, {"not_known": ["zip", "phone"]})
    named = {name for r in plan.get("relations", []) for name in [*r["from"], r["to"]]}
    assert not named & {"zip", "phone"}


STATES = ["OR", "CA", "WA", "TX"]
TWO_FACTS = pd.DataFrame(
    {
        "city": [*RANDOM.choice(["Portland", "Salem", "Austin", "Reno"], 120), "Portland OR",
                 "Salem, OR", "Austin TX", "New York"],
        "state": [*RANDOM.choice(STATES, 120), None, None, None, "CA"],
        "ounces": [12.0, 16.0, 8.5, 9.0] * 31,
    }
)  # fmt: skip


def test_two_facts_in_one_cell_are_parted_where_the_other_is_missing():
    frame, changes = cleaned(TWO_FACTS)
    assert frame["city"].tolist()[-4:] == ["Portland", "Salem", "Austin", "New York"]
    assert frame["state"].tolist()[-4:] == ["OR", "OR", "TX", "CA"]
    assert set(changes["kind"]) == {"split"} and len(changes) == 6


def test_names_that_end_like_a_code_stay_where_the_code_is_there():
    frame = TWO_FACTS.assign(state=TWO_FACTS["state"].fillna("OR"))
    assert cleaned(frame)[1].empty


def exchanged():
    frame = SOUND.astype({"amount": "str"})
    for row in (4, 40, 140, 240):
        frame.loc[row, ["phone", "amount"]] = frame.loc[row, ["amount", "phone"]].tolist()
    return frame


def test_exchanged_cells_are_put_back():
    frame, changes = cleaned(exchanged())
    assert frame["phone"].tolist() == SOUND["phone"].tolist()
    assert frame["amount"].tolist() == SOUND["amount"].tolist()
    assert set(changes["kind"]) == {"swapped"} and len(changes) == 8


def test_exchanged_cells_are_put_back_in_one_row_as_in_many():
    frame = exchanged()
    frame.loc[9, "phone"] = None
    frame.loc[10, ["phone", "amount"]] = ["no", "names"]  # at home in neither column
    plan, table = drafted(frame)[0], cleaned(frame)[0]
    alone = RowCleaner(plan, list(frame))
    for place, raw in enumerate(frame.astype(object).where(frame.notna(), None).to_dict("records")):
        row = alone(raw, {name: read(raw[name]) for name, read in alone.fields.items()})
        for name in ("phone", "amount"):
            many = table[name].iloc[place]
            assert row[name] == (None if pd.isna(many) else many), (place, name)


def ships(rare: int = 4) -> pd.DataFrame:
    """Ships, the harbour they lie in and who owns them; a few rows have the first two exchanged.

    Of four of these ships, all of one owner, there is no other row: these cells can't be put back.
    """
    frame = pd.DataFrame({"ship": np.repeat([f"SHIP {n:02d}" for n in range(40)], 20),
                          "harbour": np.tile(["Bergen", "Genoa", "Cork", "Riga"], 200),
                          "owner": np.repeat(["Hansen", "Rossi", "Byrne", "Kalnins"], 200),
                          })  # fmt: skip
    alone = pd.DataFrame({"ship": "Cork", "owner": "Rossi",
                          "harbour": [f"LONE {n}" for n in range(rare)]})  # fmt: skip
    frame = pd.concat([frame, alone], ignore_index=True)
    frame.loc[[3, 111, 307], ["ship", "harbour"]] = frame.loc[
        [3, 111, 307], ["harbour", "ship"]
    ].to_numpy()
    frame.loc[[20, 21], "owner"] = None
    return frame


def learn_all_again(frame):
    return learn_again(frame, drafted(frame)[0], {})


@pytest.mark.parametrize("learn", [lambda frame: drafted(frame)[0], learn_all_again])
def test_nothing_is_learnt_from_cells_that_the_plan_itself_calls_exchanged(learn):
    frame = ships()
    [swap, *others] = learn(frame)["relations"]
    assert swap["swap"] == ["ship", "harbour"] and "Cork" not in swap["home"]["ship"]
    [given] = [one["values"] for one in others if one["from"] == ["ship"]]
    assert given == dict(zip(ships(0)["ship"][5:800:20], ships(0)["owner"][5:800:20], strict=True))
    table, changes = cleaned(frame)
    assert table["ship"].tolist()[-4:] == ["Cork"] * 4, "what can't be put back stays"
    assert changes["kind"].value_counts().to_dict() == {"swapped": 6, "filled": 2}


def test_a_text_is_at_home_in_one_of_three_columns_that_are_exchanged():
    frame = (
        ships()
        .assign(crew=np.arange(804) % 19 + 5)
        .astype("str")[["crew", "ship", "harbour", "owner"]]
    )
    frame.loc[[50, 60], ["crew", "ship"]] = frame.loc[[50, 60], ["ship", "crew"]].to_numpy()
    swaps = [one for one in drafted(frame)[0]["relations"] if "swap" in one]
    assert [one["swap"] for one in swaps] == [["crew", "ship"], ["ship", "harbour"]]
    assert all("Cork" not in one["home"].get("ship", []) for one in swaps)


@pytest.mark.parametrize("frame", [spoilt(city={5: "zzz qqq", 6: None}), TWO_FACTS, exchanged()])
def test_a_row_alone_is_mended_as_in_the_batch_and_order_does_not_matter(frame):
    cleaner = Cleaner(drafted(frame)[0]).fit(frame)
    batch = cleaner.transform(frame)
    for row in [*range(4, 8), len(frame) - 3]:
        pd.testing.assert_frame_equal(cleaner.transform(frame.iloc[[row]]), batch.iloc[[row]])
    turned = cleaner.transform(frame[::-1])
    pd.testing.assert_frame_equal(turned[::-1], batch)


def test_relations_go_through_yaml_and_back():
    for frame in (spoilt(city={5: "zzz qqq"}), TWO_FACTS, exchanged()):
        plan = drafted(frame)[0]
        assert plan["relations"]
        assert cleaning_plan.read_plan(cleaning_plan.plan_text(plan), frame.columns) == plan
        assert yaml.safe_load(cleaning_plan.plan_text(plan)) == plan


@pytest.mark.parametrize(
    "relation",
    [
        "zip gives city",
        {"from": "zip", "to": "city", "values": {}},
        {"from": ["zip"], "to": "city", "values": {"1": 2}},
        {"from": ["zip", "city", "side"], "to": "phone", "values": {}},
        {"from": ["zip"], "to": "town", "values": {}},
        {"split": "city", "into": "state", "tails": ["OR"]},
        {"split": "city", "into": "side"},
        {"swap": ["zip"], "home": {}},
    ],
)
def test_a_relation_that_cant_be_followed_is_refused_by_number(relation):
    with pytest.raises(InputError, match="relation 1") as error:
        repair_by_dependency.check([relation], SOUND.columns)
    assert "\n" not in str(error.value)


def test_a_plan_without_the_columns_of_a_relation_still_cleans():
    frame = spoilt(city={5: "zzz qqq"})
    plan = drafted(frame)[0]
    alone = Cleaner(plan).fit(frame).transform(frame[["city"]])
    assert alone["city"][5] == "zzz qqq" and len(alone) == len(frame)


def test_a_table_of_many_columns_is_mined_in_bounds():
    wide = pd.DataFrame({f"c{n}": RANDOM.choice(["a", "b", "c"], 60) for n in range(120)})
    assert cleaned(wide)[1].empty


def disagreeing_sources():
    """Twelve sources say when 80 trains leave; three in ten are wrong or silent."""
    random = np.random.default_rng(8)
    hours = [f"{h}:{m:02d} a.m." for h, m in random.integers([1, 0], [12, 60], (80, 2))]
    sound = pd.DataFrame({"train": [f"T{n}" for n in range(80)], "leaves": hours})
    sound = sound.loc[np.repeat(np.arange(80), 12)].reset_index(drop=True)
    dirty = sound.copy()
    wrong, silent = random.random(960) < 0.2, random.random(960) < 0.1
    dirty.loc[wrong, "leaves"] = random.choice(hours, wrong.sum())
    dirty.loc[silent, "leaves"] = None
    return dirty, sound


def test_sources_that_disagree_are_a_question_and_a_yes_takes_the_majority():
    dirty, sound = disagreeing_sources()
    plan, found = drafted(dirty)
    assert Cleaner(plan).fit(dirty).repair(dirty)[1].empty
    asked = review_list(found, dirty)
    asked = asked[(asked["kind"] == dependency_questions.DISAGREE) & (asked["column"] == "leaves")]
    assert asked["suggestion"].tolist() == ["by train"]
    settled = apply_marks(plan, asked.assign(apply="yes"))
    assert cleaning_plan.read_plan(cleaning_plan.plan_text(settled), dirty.columns) == settled
    mended = Cleaner(settled).fit(dirty).transform(dirty)
    times = sound["leaves"].map(lambda text: parse_time(text).value)
    assert (mended["leaves"] == times).mean() > 0.97
