"""Parameters: typed, described, and refused when they are misspelt or ill-typed."""

from datetime import date

import pytest

from helpers.base.earlier_names import EARLIER_NAMES
from helpers.base.user_errors import InputError
from helpers.line.notebook_parameters import TYPES, Parameter, of_stage, parse_cell, read_settings
from helpers.line.stage_list import STAGES

ALL = list(STAGES)


@pytest.mark.parametrize("stage", [s for s in STAGES if not s.lesson], ids=lambda s: s.name)
def test_every_parameter_of_a_notebook_is_typed_and_described(stage):
    parameters = of_stage(stage)
    assert parameters[0].name == "run"
    for parameter in parameters:
        assert parameter.type in TYPES
        assert type(parameter.default) is TYPES[parameter.type]
        assert parameter.help


def test_a_cell_is_read_with_its_comments():
    source = 'run: str = "a # b"  # the name\nshare: float = 0.2  # how much\n\nplain = 3\n'
    assert parse_cell(source) == [
        Parameter("run", "str", "a # b", "the name"),
        Parameter("share", "float", 0.2, "how much"),
    ]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "5", 5),
        ("int", "0", 0),
        ("float", "0.5", 0.5),
        ("float", "1", 1.0),
        ("str", "5", "5"),
        ("str", "", ""),
    ],
)
def test_a_text_is_read_as_its_type(kind, text, value):
    read = Parameter("x", kind, value, "").read(text)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize("word", ["true", "True", "yes", "YES", "1"])
def test_words_for_yes_are_true(word):
    assert Parameter("refit", "bool", True, "").read(word) is True


@pytest.mark.parametrize("word", ["false", "False", "no", "NO", "0"])
def test_words_for_no_are_false(word):
    assert Parameter("refit", "bool", True, "").read(word) is False


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("int", "4.5", "a whole number"),
        ("int", "four", "a whole number"),
        ("float", "much", "a number"),
        ("int", "-1", "a whole number from 0"),
        ("float", "-0.1", "a number from 0"),
        ("float", "nan", "a number from 0"),
        ("float", "inf", "a number from 0"),
        ("bool", "maybe", "true or false"),
        ("bool", "", "true or false"),
    ],
)
def test_an_ill_typed_value_is_refused_with_the_value_and_the_help(kind, text, says):
    with pytest.raises(InputError) as error:
        Parameter("x", kind, 4, "what it means").read(text)
    said = str(error.value)
    assert says in said and f"'{text}'" in said and "what it means" in said and "\n" not in said


def test_settings_come_back_typed():
    found = read_settings(["folds=5", " test_share = 0.3", "refit=no", "drop=a, b"], ALL)
    assert found["folds"] == 5 and found["refit"] is False and found["drop"] == "a, b"
    assert found["test_share"] == pytest.approx(0.3)


def test_a_value_may_hold_equals_signs():
    assert read_settings(["derive=a = b / c"], ALL) == {"derive": "a = b / c"}


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(InputError, match="no parameter 'fold'.*Did you mean 'folds'"):
        read_settings(["fold=5"], ALL)


def test_a_setting_without_an_equals_sign_is_refused():
    with pytest.raises(InputError, match="'folds' has no '='"):
        read_settings(["folds"], ALL)


@pytest.mark.parametrize(
    ("name", "option"), [("run", "--name"), ("data", "--data"), ("target", "--target")]
)
def test_what_has_an_option_of_its_own_is_not_set(name, option):
    with pytest.raises(InputError, match=f"{option}, not with --set"):
        read_settings([f"{name}=x"], ALL)


def test_a_parameter_of_a_stage_that_does_not_run_is_refused():
    with pytest.raises(InputError, match="parameter of stage 4"):
        read_settings(["folds=5"], [STAGES[5]])


def test_one_wrong_setting_among_right_ones_is_refused():
    with pytest.raises(InputError, match="folds is a whole number"):
        read_settings(["test_share=0.3", "folds=many"], ALL)


@pytest.mark.parametrize("setting", ["folds=-1", "test_share=-0.2", "test_share=inf"])
def test_settings_below_zero_or_without_end_are_refused(setting):
    with pytest.raises(InputError, match="from 0 such as"):
        read_settings([setting], ALL)


@pytest.mark.parametrize("earlier", EARLIER_NAMES)
def test_an_earlier_name_still_works_and_one_line_names_the_new_one(earlier):
    now, told = EARLIER_NAMES[earlier], []
    assert read_settings([f"{earlier}=7"], ALL, told.append) == read_settings([f"{now}=7"], ALL)
    assert told == [f"The parameter '{earlier}' is now called '{now}'."]


def test_todays_name_is_worth_no_line():
    told = []
    read_settings([f"{now}=7" for now in EARLIER_NAMES.values()], ALL, told.append)
    assert told == []


def test_no_notebook_has_a_parameter_by_an_earlier_name():
    names = {p.name for stage in ALL for p in of_stage(stage)}
    assert set(EARLIER_NAMES.values()) <= names and not EARLIER_NAMES.keys() & names


def test_an_earlier_name_is_refused_where_its_stage_does_not_run():
    with pytest.raises(InputError, match="'embargo' is a parameter of stage 4"):
        read_settings(["gap=7 days"], [STAGES[5]])


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("str", ["a", "b"], "a, b"), ("str", 2024, "2024"), ("str", 2024.0, "2024"),
        ("str", None, ""), ("str", date(2026, 3, 4), "2026-03-04"), ("str", [1, "b"], "1, b"),
        ("int", 5.0, 5), ("int", "5", 5), ("float", 1, 1.0), ("bool", "no", False),
        ("bool", 1, True),
    ],
)  # fmt: skip
def test_a_value_of_yaml_is_taken_as_what_it_means(kind, given, value):
    taken = Parameter("x", kind, value, "").of_value(given)
    assert taken == value and type(taken) is type(value)


def test_formulas_in_a_list_are_joined_by_semicolons():
    parameter = Parameter("derive", "str", "", "formulas, separated by semicolons")
    assert parameter.of_value(["a = b + c", "d = e"]) == "a = b + c; d = e"


@pytest.mark.parametrize(
    ("kind", "given"),
    [("str", {"a": 1}), ("str", [["a"]]), ("int", [1]), ("int", True), ("float", "x")],
)  # fmt: skip
def test_a_value_of_yaml_that_means_nothing_is_refused_in_one_line(kind, given):
    with pytest.raises(InputError) as error:
        Parameter("x", kind, 4, "what it means").of_value(given)
    assert "The parameter x is" in str(error.value) and "\n" not in str(error.value)


def test_a_notebook_gets_its_parameters_in_the_types_that_it_declares(tmp_path, monkeypatch):
    from helpers.line import stage_work
    from helpers.line.stage_list import stage

    names = {p.name: p.default for p in of_stage(stage(3))} | {"run": 2024, "drop": ["a", "b"]}
    found = stage_work._declared(stage(3), names)
    assert found["run"] == names["run"] == "2024"
    assert found["drop"] == names["drop"] == "a, b"
