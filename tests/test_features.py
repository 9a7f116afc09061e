"""Features: roles and reasons, what is learnt from which rows, names and widths."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers.base.user_errors import InputError
from helpers.features import feature_plan, features_report
from helpers.features.date_encoder import DateParts
from helpers.features.derived_columns import Derive
from helpers.features.feature_plan import role_of
from helpers.features.image_encoders import ImageToNumbers
from helpers.features.text_encoder import TextToNumbers
from helpers.learning.units import UnitRule
from helpers.pipeline.feature_steps import make_features
from tests.small import prepared


@pytest.fixture(scope="module")
def made():
    return prepared()


@pytest.fixture(scope="module")
def cleaned(made):
    return made.rows.X.assign(bought=made.rows.y)


def plan_of(made, cleaned, about=None, **options):
    about = {"target": "bought"} | (about or {})
    return feature_plan.plan_features(cleaned, made.cleaning, about, **options)


def simple(**columns) -> dict:
    return {"columns": columns, "derived": {}}


def levels(count: int, rows: int) -> list[str]:
    return [f"level {i % count}" for i in range(rows)]


# --- The plan -----------------------------------------------------------------------------------


def test_each_kind_of_column_gets_its_role(made):
    assert made.plan["columns"] == {
        "weight": "number",
        "height": "number",
        "city": "category",
        "day": "date",
        "paid": "number",
    }


def test_the_target_is_not_a_feature(made):
    assert made.plan["target"] == "bought"
    assert "bought" not in made.plan["columns"]


def test_a_column_that_is_left_out_has_its_reason(made, cleaned):
    about = {"not_known": {"height": "measured later"}, "leave_out": {"city": "a repeat"}}
    plan = plan_of(made, cleaned, about, drop="weight, day")
    assert plan["left_out"] == {
        "weight": "dropped by request",
        "height": "measured later",
        "city": "a repeat",
        "day": "dropped by request",
        "note": "constant: the same value in every row",
    }
    assert plan["not_known"] == ["height"]


@pytest.mark.parametrize("note", ["empty", "constant", "identifier"])
def test_a_useless_column_is_left_out_by_its_note(note):
    cleaning = {"columns": {"x": {"kind": "number", "note": note}, "z": {"kind": "number"}}}
    plan = feature_plan.plan_features(pd.DataFrame({"x": [1], "z": [1]}), cleaning, {})
    assert plan["left_out"]["x"].startswith(note)
    assert list(plan["columns"]) == ["z"]


def test_numbers_that_name_entities_are_left_out_and_names_stay():
    cleaning = {"columns": {"shop": {"kind": "number"}, "size": {"kind": "number"}}}
    clean, units = pd.DataFrame({"shop": [1, 2], "size": [3, 4]}), UnitRule("entity", "shop")
    plan = feature_plan.plan_features(clean, cleaning, {}, units=units)
    assert "names" in plan["left_out"]["shop"] and list(plan["columns"]) == ["size"]
    cleaning["columns"]["shop"]["kind"] = "category"
    for rule in (units, UnitRule("day", "shop"), None):
        assert not feature_plan.plan_features(clean, cleaning, {}, units=rule)["left_out"]


def test_dropping_a_column_that_is_absent_names_the_nearest(made, cleaned):
    with pytest.raises(InputError, match="'wieght'.*'weight'"):
        plan_of(made, cleaned, drop="wieght")


def test_many_levels_pictures_and_booleans_have_roles_of_their_own():
    assert role_of(pd.Series(levels(30, 60)), "category") == "category"
    assert role_of(pd.Series(levels(31, 62)), "category") == "many categories"
    assert role_of(pd.Series(["a.png", "b.JPG", None]), "category") == "image"
    assert role_of(pd.Series([True, False]), "boolean") == "number"
    assert role_of(pd.Series(["some words"]), "text") == "text"


def test_the_plan_is_read_back_from_its_text(made):
    import yaml

    assert yaml.safe_load(feature_plan.plan_text(made.plan)) == made.plan


def test_no_column_left_is_refused():
    with pytest.raises(InputError, match="No column is left"):
        make_features(simple())


# --- Formulas -----------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", ["x = bogus + 1", "x = bought + 1", "x = note"])
def test_a_formula_of_the_user_that_names_a_column_not_in_use_is_refused(made, cleaned, formula):
    with pytest.raises(InputError, match="not among the columns in use"):
        plan_of(made, cleaned, derive=formula)


def test_a_formula_over_a_dropped_column_is_refused(made, cleaned):
    with pytest.raises(InputError, match="'height'"):
        plan_of(made, cleaned, drop="height", derive="bmi = weight / height ** 2")


def test_a_known_formula_falls_away_with_its_columns(made, cleaned):
    about = {"derive": {"bmi": "weight / height", "twice": "weight * 2"}}
    assert plan_of(made, cleaned, about, drop="height")["derived"] == {"twice": "weight * 2"}


def test_a_formula_may_use_those_before_it(made, cleaned):
    plan = plan_of(made, cleaned, derive="a = weight * 2; b = a + 1")
    out = Derive(plan["derived"]).fit(made.rows.X).transform(made.rows.X)
    assert np.allclose(out["b"], made.rows.X["weight"] * 2 + 1)
    assert "a" not in made.rows.X


# --- What is learnt -----------------------------------------------------------------------------


def fitted_values(maker) -> list[float]:
    """Every number that a fitted features pipeline holds."""
    from sklearn.base import BaseEstimator

    found, seen = [], set()

    def walk(thing):
        if id(thing) in seen or isinstance(thing, (str, bytes, type(None))):
            return
        seen.add(id(thing))
        if isinstance(thing, (int, float, np.number)):
            found.append(float(thing))
        elif isinstance(thing, np.ndarray):
            found.extend([float(v) for v in thing.ravel() if isinstance(v, (int, float))])
            found.extend([hash(v) for v in thing.ravel() if isinstance(v, str)])
            if thing.dtype == object:
                [walk(v) for v in thing.ravel() if isinstance(v, np.ndarray)]
        elif isinstance(thing, dict):
            [walk(v) for v in thing.values()]
            found.extend(hash(k) for k in thing)
        elif isinstance(thing, (list, tuple)):
            [walk(v) for v in thing]
        elif isinstance(thing, BaseEstimator):
            walk(vars(thing))

    walk(maker)
    return found


def mixed(rows: int = 80) -> pd.DataFrame:
    random = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "n": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
            "c": random.choice(["x", "y"], rows),
            "m": levels(33, rows),
            "d": pd.date_range("2019-01-01", periods=rows, freq="31h"),
            "t": random.choice(["red big box", "small blue box", "green round ball"], rows),
        }
    )


MIXED = simple(n="number", c="category", m="many categories", d="date", t="text")


def test_nothing_is_learnt_from_rows_outside_fit():
    rows, y = mixed(), np.arange(80) % 2
    other = rows.copy()
    other.loc[60:, "n"] = 1e6
    other.loc[60:, ["c", "m", "t"]] = "something else"
    other.loc[60:, "d"] = pd.Timestamp("2030-01-01")
    first = make_features(MIXED).fit(rows.iloc[:60], y[:60])
    before = fitted_values(first)
    first.transform(rows.iloc[60:])
    second = make_features(MIXED).fit(other.iloc[:60], y[:60])
    second.transform(other.iloc[60:])
    assert len(before) > 50
    assert fitted_values(first) == before == fitted_values(second)
    assert np.array_equal(first.transform(rows[:60]), second.transform(other[:60]))


def test_what_the_fitted_values_are_read_from_would_show_a_leak():
    rows, y = mixed(), np.arange(80) % 2
    some, more = (make_features(MIXED).fit(rows[:n], y[:n]) for n in (60, 80))
    assert fitted_values(some) != fitted_values(more)


def test_names_match_the_width():
    rows = mixed()
    maker = make_features(MIXED)
    assert maker.fit_transform(rows, np.arange(80) % 2).shape == (
        80,
        len(maker.get_feature_names_out()),
    )


def test_a_features_pipeline_gives_finite_numbers_without_gaps():
    rows = mixed()
    maker = make_features(MIXED).fit(rows, np.arange(80) % 2)
    empty = rows.iloc[:2].assign(n=np.nan, c=None, m=None, d=pd.NaT, t=None)
    assert np.isfinite(maker.transform(empty.astype(rows.dtypes.to_dict()))).all()


def test_an_unseen_level_is_no_level():
    plan = simple(c="category")
    maker = make_features(plan).fit(pd.DataFrame({"c": ["a", "b"] * 10}), [0, 1] * 10)
    assert maker.transform(pd.DataFrame({"c": ["zzz"]})).tolist() == [[0, 0]]


def test_an_unseen_level_among_many_gets_the_overall_mean():
    rows, y = pd.DataFrame({"m": levels(35, 140)}), np.arange(140) % 2
    maker = make_features(simple(m="many categories")).fit(rows, y)
    encoder = maker["encode"].named_transformers_["many_categories"]["targetencoder"]
    assert encoder.transform(pd.DataFrame({"m": ["new"]})).item() == pytest.approx(0.5)


def test_a_missing_category_is_a_level_and_a_missing_number_is_marked():
    rows = pd.DataFrame({"n": [1.0, None] * 10, "c": ["a", None] * 10})
    maker = make_features(simple(n="number", c="category")).fit(rows, [0, 1] * 10)
    assert set(maker.get_feature_names_out()) == {"n", "missingindicator_n", "c_a", "c_(missing)"}


def test_whole_number_targets_of_a_regression_are_not_taken_for_classes():
    rows, y = pd.DataFrame({"m": levels(31, 124)}), (np.arange(124) % 31).astype(float)
    plan = simple(m="many categories") | {"task": "regression"}
    assert make_features(plan).fit_transform(rows, y).shape == (124, 1)


def test_a_row_is_encoded_by_the_targets_of_other_rows():
    rows, y = pd.DataFrame({"m": [f"own {i}" for i in range(100)]}), np.arange(100) % 2
    maker = make_features(simple(m="many categories"))
    learnt = maker.fit_transform(rows, y).ravel()
    assert abs(np.corrcoef(learnt, y)[0, 1]) < 0.6
    assert np.corrcoef(maker.transform(rows).ravel(), y)[0, 1] > 0.99


def test_the_same_seed_makes_the_same_numbers():
    rows, y = mixed(), np.arange(80) % 2
    first, second = (make_features(MIXED, 3).fit_transform(rows, y) for _ in range(2))
    assert np.array_equal(first, second)


# --- Dates, texts, pictures ---------------------------------------------------------------------


def dates(start: str, days: int, freq: str = "D") -> pd.DataFrame:
    return pd.DataFrame({"d": pd.date_range(start, periods=days, freq=freq)})


def test_parts_of_the_calendar_that_are_not_covered_are_left_out():
    short, long = dates("2020-01-01", 700), dates("2020-01-01", 740)
    week = ["d_weekday", "d_weekday_sin", "d_weekday_cos"]
    assert DateParts().fit(short).get_feature_names_out().tolist() == week
    covered = DateParts().fit(long).get_feature_names_out().tolist()
    year = ["d_day_of_year", "d_day_of_year_sin", "d_day_of_year_cos", "d_year"]
    assert covered == week + year
    assert DateParts("all").fit(short).get_feature_names_out().tolist() == week + year


def test_what_goes_round_is_a_circle():
    late, early = (dates(f"2020-01-01 {hour}", 1) for hour in ("23:50", "00:10"))
    parts = DateParts().fit(dates("2020-01-01 10:30", 5))
    near = parts.transform(early) - parts.transform(late)
    assert abs(near["d_hour"].iloc[0]) > 23
    assert abs(near["d_hour_sin"].iloc[0]) < 0.1 and abs(near["d_hour_cos"].iloc[0]) < 0.1


def test_two_dates_give_the_days_between_them():
    both = pd.DataFrame({"sent": dates("2020-01-01", 3)["d"], "paid": dates("2020-01-11", 3)["d"]})
    both.loc[1, "paid"] = None
    out = DateParts().fit_transform(both)
    assert out["paid_minus_sent_days"].fillna(-1).tolist() == [10.0, -1.0, 10.0]


def test_an_hour_is_read_where_there_are_times():
    parts = DateParts().fit(dates("2020-01-01 10:30", 5))
    out = parts.transform(dates("2020-01-04 18:45", 1))
    assert out[["d_hour", "d_weekday"]].to_dict("records") == [{"d_hour": 18.75, "d_weekday": 5.0}]


def test_a_missing_date_is_missing_and_dates_may_all_be_missing():
    gap = pd.DataFrame({"d": pd.to_datetime([None, "2020-01-01"])})
    assert DateParts().fit(gap).transform(gap)["d_weekday"].isna().tolist() == [True, False]
    empty = pd.DataFrame({"d": pd.to_datetime([None] * 5)})
    assert make_features(simple(d="date")).fit_transform(empty, [0, 1, 0, 1, 0]).shape == (5, 1)


@pytest.mark.parametrize("texts", [[None] * 6, [""] * 6, ["!!", "?"] * 3, ["same"] * 6])
def test_text_without_words_is_a_column_of_zeros(texts):
    rows = pd.DataFrame({"t": pd.Series(texts, dtype="str")})
    text = TextToNumbers().fit(rows)
    assert text.transform(rows).to_numpy().tolist() == [[0.0]] * 6
    assert text.get_feature_names_out().tolist() == ["t_topic_1"]


def test_text_becomes_at_most_thirty_directions():
    words = [f"word{i % 37} word{i % 5} other{i % 29}" for i in range(120)]
    assert TextToNumbers().fit_transform(pd.DataFrame({"t": words})).shape == (120, 30)


def picture_bytes(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (20, 30), shade).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_broken_picture_is_missing(tmp_path):
    good, broken = tmp_path / "good.png", tmp_path / "broken.png"
    good.write_bytes(picture_bytes(255))
    broken.write_bytes(picture_bytes(255)[:40])
    paths = [str(good), str(broken), str(tmp_path / "absent.png"), None, b"not a picture"]
    out = ImageToNumbers().fit(rows := pd.DataFrame({"p": paths})).transform(rows)
    assert out.isna().all(axis=1).tolist() == [False, True, True, True, True]
    assert out.shape == (5, 8 * 8 + 32 + 24)
    assert np.allclose(out.iloc[0, :64], 1)


def test_pictures_may_all_be_broken():
    rows = pd.DataFrame({"p": [b"x", b"y", b"z"]})
    assert np.isfinite(make_features(simple(p="image")).fit_transform(rows, [0, 1, 0])).all()


def test_edges_of_a_picture_tell_its_direction():
    stripes = np.zeros((32, 32), "uint8")
    stripes[:, ::4] = 255
    found = []
    for pixels in (stripes, stripes.T):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        found.append(ImageToNumbers()._read(buffer.getvalue())[64:96])
    assert not np.allclose(*found)


def coloured(rgb: tuple) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 30), rgb).save(buffer, "PNG")
    return buffer.getvalue()


def test_colours_of_a_picture_are_counted():
    rows = pd.DataFrame({"p": [coloured((255, 0, 40))]})
    shares = ImageToNumbers().fit_transform(rows).filter(like="_colour_").iloc[0].to_numpy()
    assert shares.reshape(3, 8).argmax(axis=1).tolist() == [7, 0, 1]  # red, green, blue
    assert shares.sum() == pytest.approx(3)


def test_pictures_become_few_directions_named_after_their_column():
    random = np.random.default_rng(0)
    reds, greens = ([coloured((int(r), g, 0)) for r in random.integers(0, 255, 60)]
                    for g in (0, 200))  # fmt: skip
    rows = pd.DataFrame({"front_side": reds, "back": greens})
    made = make_features(simple(front_side="image", back="image"))
    out = made.fit_transform(rows, [0, 1] * 30)
    names = made.get_feature_names_out()
    assert out.shape[1] == len(names) < 80  # of 240 that are read
    assert {name.rsplit("_part_")[0] for name in names} == {"front_side", "back"}
    again = made.transform(rows.assign(back=None))  # every picture of one column is gone
    front = [name.startswith("front_side") for name in names]
    assert np.allclose(np.asarray(again)[:, front], np.asarray(out)[:, front])
    assert np.isfinite(again).all()


# --- What the notebook shows --------------------------------------------------------------------


def test_tables_and_sentences_tell_the_plan(made, cleaned):
    plan = plan_of(made, cleaned, derive="twice = weight * 2")
    assert features_report.roles_table(plan)["columns"].sum() == 6
    assert features_report.left_out_table(plan).index.tolist() == ["note"]
    assert features_report.derived_table(plan).loc["twice", "formula"] == "weight * 2"
    assert "5 columns in use, 1 derived, 1 left out" in features_report.headline(plan)
    assert list(make_features(plan)["derive"].formulas) == ["twice"]
    assert "stop" in features_report.what_is_missing({}) and not features_report.what_is_missing(
        {"target": "y"}
    )


@pytest.mark.parametrize(
    ("values", "name"),
    [([True, False] * 9, "share late"), (["yes", "no"] * 9, "share late = yes"),
     (np.arange(18) * 1.5, "mean late")],
)  # fmt: skip
def test_the_axis_says_what_the_mean_of_the_target_is(values, name):
    rows = pd.DataFrame({"late": values})
    assert features_report._target_as_number(rows, "late", "auto").name == name


def test_the_picture_of_signals_needs_a_target(made, cleaned):
    assert features_report.signal_picture(cleaned, made.plan | {"target": ""}, {}) is None
    assert features_report.signal_picture(cleaned, made.plan, {}).png.startswith(b"\x89PNG")


def test_the_picture_of_signals_has_no_row_that_will_be_held_out():
    rows = pd.DataFrame(
        {"day": pd.to_datetime(["2013-06-30", "2013-07-01"]), "late": [True, False]}
    )
    known = {"test_from": "2013-07-01", "time_column": "day"}
    seen, said = features_report._rows_to_look_at(rows, known)
    assert seen.index.tolist() == [0] and "before 2013-07-01" in said
    assert len(features_report._rows_to_look_at(rows, {})[0]) == 2


@pytest.mark.parametrize("name", ["weight", "city", "note", "bought"])
def test_a_derived_column_that_exists_is_refused(made, cleaned, name):
    with pytest.raises(InputError, match=f"'{name}' exists: choose another name"):
        plan_of(made, cleaned, derive=f"{name} = height * 2")


def test_a_derived_column_that_exists_is_refused_also_when_it_was_dropped(made, cleaned):
    with pytest.raises(InputError, match="'weight' exists"):
        plan_of(made, cleaned, drop="weight", derive="weight = height * 2")


def test_distinct_paths_of_images_are_images_and_in_use():
    paths = [f"pictures/{n}.png" for n in range(40)]
    raw = pd.DataFrame({"photo": paths, "y": ["no", "yes"] * 20})
    other = prepared("y", raw)
    assert other.cleaning["columns"]["photo"] == {"kind": "text"}
    assert other.plan["columns"] == {"photo": "image"}
    assert other.rows.X["photo"].tolist() == paths


# --- Groups, selection, names -------------------------------------------------------------------


def test_statistics_of_groups_are_learnt_from_the_rows_it_is_fitted_on():
    learn = pd.DataFrame({"city": ["Rome", "Rome", "Oslo"], "price": [1.0, 3.0, 10.0]})
    asked = pd.DataFrame({"city": ["Rome", "Lima", None], "price": [6.0, 7.0, 7.0]})
    made = Derive({"dear": "price / mean_by(price, city)", "known": "count_by(city)"}).fit(learn)
    out = made.transform(asked)
    assert out["dear"].round(3).tolist() == [3.0, 1.5, 1.5]  # an unseen city: the mean of all, 14/3
    assert out["known"].tolist() == [2.0, 0.0, 0.0]
    again = made.transform(asked.assign(price=1e9))
    assert again["known"].tolist() == out["known"].tolist(), "asked rows teach nothing"


@pytest.mark.parametrize("formula", ["mean_by(price)", "mean_by(price, 3)", "count_by(price, x)"])
def test_a_statistic_that_can_not_be_read_shows_how_it_is_used(formula):
    rows = pd.DataFrame({"price": [1.0], "x": ["a"]})
    with pytest.raises(InputError, match="is used as in"):
        Derive({"new": formula}).fit(rows)


def test_keeping_few_takes_those_that_say_most_and_keeps_their_names():
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(200, 30)), columns=[f"x{i}" for i in range(30)])
    y = (rows["x7"] - rows["x21"] > 0).map({True: "yes", False: "no"}).to_numpy()
    plan = simple(**dict.fromkeys(rows, "number")) | {"keep": 2}
    maker = make_features(plan).fit(rows, y)
    assert maker.get_feature_names_out().tolist() == ["x7", "x21"]
    assert maker.transform(rows).shape == (200, 2)
    every = make_features(plan | {"keep": 99}).fit(rows, y)
    assert every.transform(rows).shape == (200, 30)


def test_an_absurd_value_does_not_squeeze_the_others():
    values = np.r_[np.linspace(0, 10, 99), 1e9]
    rows = pd.DataFrame({"x": values})
    scaled = make_features(simple(x="number")).fit_transform(rows, np.arange(100) % 2)[:, 0]
    assert np.ptp(scaled[:99]) > 1.5 and np.abs(scaled).max() <= 3


def test_names_survive_to_the_end_also_where_two_would_be_equal():
    rows = pd.DataFrame({"a": ["b_c", "d"] * 10, "a_b": ["c", "e"] * 10, "n": range(20)})
    plan = simple(a="category", a_b="category", n="number")
    names = make_features(plan).fit(rows, [0, 1] * 10).get_feature_names_out().tolist()
    assert names.count("a_b_c") == 2 and "n" in names


def test_columns_that_split_the_rows_are_left_out(made, cleaned):
    plan = plan_of(made, cleaned, split_column="city")
    assert plan["left_out"]["city"].startswith("splits the rows")
    few = plan_of(made, cleaned, group_column="city")
    assert "city" in few["columns"], "held-out groups of few levels may share it"
    with pytest.raises(InputError, match="no column 'town'"):
        plan_of(made, cleaned, group_column="town")


def test_names_whose_words_come_again_are_text_and_codes_are_not():
    names = pd.Series(
        [f"{t} {n}son" for t in ("Mr.", "Mrs.") for n in map(chr, range(97, 123))] * 2
    )
    assert role_of(names, "category") == "text"
    codes = pd.Series([f"N{i}AA" for i in range(52)] * 2)
    assert role_of(codes, "category") == "many categories"


def test_short_names_are_cut_into_letters_and_sentences_into_words():
    names = pd.DataFrame({"t": ["Smith", "Smithson", "Jones", "Jonesby"] * 5})
    near = TextToNumbers(2).fit_transform(names).to_numpy()
    assert near[0] @ near[1] > 3 * abs(near[0] @ near[2])
    words = TextToNumbers(2).fit(
        pd.DataFrame({"t": ["the nest was wet today", "an egg was dry"] * 5})
    )
    assert "nest" in words.models_["t"][0].get_feature_names_out()
