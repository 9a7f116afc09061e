"""Lessons: every question can be answered, and a wrong answer never shows the solution."""

import re
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest

from helpers.base.user_errors import InputError
from helpers.course import lessons
from helpers.course.grading import LEVELS, Choice, Compute
from helpers.course.learner_progress import BESIDE
from helpers.course.questions import CHALLENGES, GUESSES, QUESTIONS
from helpers.line.stage_list import STAGES
from helpers.pages import show
from helpers.pages.show import as_html

CHOICES = {name: asked for name, asked in QUESTIONS.items() if isinstance(asked, Choice)}
COMPUTED = {name: asked for name, asked in QUESTIONS.items() if isinstance(asked, Compute)}
EVERY = pytest.mark.parametrize("name", CHOICES)
PREFIXES = {stage.name for stage in STAGES} | set(BESIDE)


@pytest.fixture(autouse=True)
def own_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_PROGRESS", str(tmp_path / "progress.json"))
    return tmp_path / "progress.json"


def words(html: str) -> str:
    """HTML as plain text, without its style."""
    blocks = re.sub(r"<style>.*?</style>|</?(p|details|summary)\b[^>]*>", " ", html, flags=re.S)
    plain = re.sub(r"<[^>]+>", "", blocks)
    return re.sub(r"\s+", " ", unescape(plain)).strip()


def bare(text: str) -> str:
    return re.sub(r"[*`]", "", text)


@pytest.mark.parametrize("name", [*QUESTIONS, *CHALLENGES, *GUESSES])
def test_a_name_says_the_notebook_and_the_question(name):
    prefix, _, rest = name.partition(".")
    assert prefix in PREFIXES and re.fullmatch(r"[a-z][a-z0-9_]*", rest)


def test_no_name_is_used_twice():
    names = [*QUESTIONS, *CHALLENGES, *GUESSES]
    assert len(set(names)) == len(names)


@EVERY
def test_every_choice_has_a_right_option_and_reasons_for_all_wrong_ones(name):
    asked = CHOICES[name]
    assert asked.right in asked.options and len(asked.options) >= 3
    assert set(asked.why_not) == set(asked.options) - {asked.right}
    assert asked.question.endswith("?") and asked.why
    assert len(set(asked.options.values())) == len(asked.options)


@pytest.mark.parametrize("name", [*QUESTIONS, *CHALLENGES])
def test_there_are_two_hints_and_they_differ(name):
    hints = (QUESTIONS | CHALLENGES)[name].hints
    assert len(hints) == len(set(hints)) == 2 and all(hints)


@EVERY
def test_neither_a_wrong_answer_nor_a_hint_shows_the_solution(name):
    asked = CHOICES[name]
    right, why = asked.options[asked.right], asked.why
    for text in (*asked.why_not.values(), *asked.hints):
        assert right.rstrip(".").casefold() not in text.casefold()
        assert why.rstrip(".").casefold() not in text.casefold()
        assert not re.search(rf"\b(option|answer) {asked.right}\b|\*\*{asked.right}\*\*", text)
    for wrong in asked.why_not:
        shown = lessons.check(name, wrong)
        said = shown.__repr__().splitlines()[-1]
        assert said == f"✗ Incorrect. {asked.why_not[wrong]}" and shown.state == "incorrect"


@EVERY
def test_the_right_answer_is_told_why(name):
    asked = CHOICES[name]
    for answer in (asked.right, f" {asked.right.upper()} "):
        shown = lessons.check(name, answer)
        assert repr(shown).splitlines()[-1] == f"✓ Correct. {asked.why}"
        assert shown.state == "correct"


@EVERY
@pytest.mark.parametrize("untouched", ["", None, ..., "  "])
def test_an_untouched_check_stops_nothing_and_notes_nothing(name, untouched, own_file):
    shown = lessons.check(name, untouched)
    assert shown.state == "not attempted" and "Not attempted" in repr(shown)
    assert CHOICES[name].question in repr(shown) and "Correct" not in repr(shown)
    assert not any(why in repr(shown) for why in CHOICES[name].why_not.values())
    assert not own_file.exists()


@EVERY
def test_each_option_unfolds_to_its_own_verdict_without_a_script(name):
    asked, html = CHOICES[name], lessons.check(name)._repr_html_()
    assert "<script" not in html and "http" not in html and " on" not in re.sub(r">[^<]*", "", html)
    options = re.findall(r'<details class="option" name="(.*?)"><summary>(.*?)</details>', html)
    assert [group for group, _ in options] == [name] * len(asked.options)
    for (key, text), (_, shown) in zip(asked.options.items(), options, strict=True):
        reason = asked.why if key == asked.right else asked.why_not[key]
        mark = "✓ Correct." if key == asked.right else "✗ Incorrect."
        assert words(shown) == bare(f"{key} {text} {mark} {reason}")


def are_alike(options) -> bool:
    """Whether no option of some is much longer than another."""
    lengths = [len(text) for text in options]
    return max(lengths) <= 1.6 * min(lengths)


@EVERY
def test_options_are_of_like_length(name):
    assert are_alike(CHOICES[name].options.values()), "its length gives one away"


def test_the_longest_option_is_the_right_one_no_oftener_than_by_chance():
    longest = [max(c.options, key=lambda key: len(c.options[key])) == c.right
               for c in CHOICES.values()]  # fmt: skip
    assert sum(longest) <= 0.36 * len(longest), sum(longest)


@pytest.mark.parametrize("name", [*CHOICES])
def test_no_question_is_about_what_this_product_does(name):
    asked = CHOICES[name].question
    ours = r"\b(this|the) (line|series|project|station|report|helper|ledger)\b"
    assert not re.search(ours, asked.partition(". ")[2] or asked)


def test_the_right_letter_is_not_always_the_same():
    letters = [asked.right for asked in CHOICES.values()]
    assert max(letters.count(letter) for letter in "abc") <= 0.6 * len(letters)


def test_what_is_no_option_is_not_an_answer(own_file):
    shown = lessons.check("split.latest", "d")
    assert shown.state == "not an answer" and repr(shown).endswith("Write one of a, b, c.")
    assert not own_file.exists()


@pytest.mark.parametrize(
    "call",
    [lessons.check, lessons.hint, lessons.solution, lessons.challenge, lessons.attempt],
)
def test_an_unknown_name_names_the_nearest(call):
    known = "split.whole_days" if call in (lessons.challenge, lessons.attempt) else "split.latest"
    with pytest.raises(InputError, match=f"Did you mean '{known}'"):
        call(known[:-1])


def test_hints_come_in_two_steps():
    first, second = (lessons.hint("split.latest", step).data for step in (1, 2))
    assert first.startswith("*Hint 1.*") and second.startswith("*Hint 2.*") and first != second
    with pytest.raises(InputError, match="two hints"):
        lessons.hint("split.latest", 3)


def test_a_solution_is_shown_on_request(own_file):
    assert "The latest ones" in lessons.solution("split.latest").data
    assert "def hold_out" in lessons.solution("split.whole_days").data
    assert not own_file.exists(), "what was read is not what was found"


@pytest.mark.parametrize("name", COMPUTED)
def test_a_computed_check_can_be_shown_before_there_are_data(name):
    shown = lessons.check(name)
    assert shown.state == "not attempted"
    assert "within" in repr(shown) or not COMPUTED[name].within


def test_an_answer_without_what_it_is_asked_of_is_told_so():
    with pytest.raises(InputError, match="of=…"):
        lessons.check("split.late_share", 0.1)


def test_markup_of_data_is_shown_and_never_run():
    nasty = Choice("A <b>&?", {"a": "<i>", "b": "x", "c": "y"}, "a", "w", {"b": "", "c": ""}, "hh")
    assert "&lt;i&gt;" in lessons._option("n", nasty, "a", False)


SCORES = pd.DataFrame({"random rows": [0.74, 0.76], "earlier rows": [0.70, 0.72]})


def test_a_guess_stands_beside_the_result_and_without_one_the_result_is_folded():
    guessed = lessons.guess("split.by_time", 0.9, of=SCORES)
    assert "You said 0.90; it is 0.71: 0.19 too hopeful." in repr(guessed)
    assert "0.19 too hopeful" in guessed._repr_html_() and guessed.state == "guessed"
    for untouched in (None, ..., ""):
        shown = lessons.guess("split.by_time", untouched, of=SCORES)
        assert shown.state == "not attempted" and "0.71" not in repr(shown)
        assert "<details><summary>The result</summary><p>It is 0.71.</p>" in shown._repr_html_()


def test_a_guess_in_per_cent_is_asked_for_again_and_shows_nothing():
    shown = lessons.guess("split.by_time", 70, of=SCORES)
    assert shown.state == "not attempted" and "0.71" not in repr(shown)
    assert "write a number from 0 to 1, such as 0.7." in repr(shown)
    assert "You said" not in shown._repr_html_()


@pytest.mark.parametrize("shows", [SCORES, lambda: SCORES, lambda: show.say("By **month**.")])
def test_what_a_guess_shows_stands_below_the_result_and_in_the_fold_before(shows):
    wanted = as_html(shows() if callable(shows) else shows)
    guessed = lessons.guess("split.by_time", 0.9, of=SCORES, shows=shows)
    assert wanted in guessed._repr_html_() and "<details>" not in guessed._repr_html_()
    folded = lessons.guess("split.by_time", of=SCORES, shows=shows)
    plain, _, hidden = folded._repr_html_().partition("<details>")
    assert wanted in hidden and wanted not in plain and "0.75" not in repr(folded)


# Challenges


def test_a_challenge_opens_with_the_word_for_its_level():
    one = replace(CHALLENGES["split.whole_days"], level="warm-up", task="**Challenge.** Do it.")
    assert one.titled == "**Warm-up.** Do it."
    assert replace(one, task="Do it.", level="stretch").titled == "**Stretch.** Do it."
    with pytest.raises(ValueError, match="one of warm-up, core, stretch: 'hard'"):
        replace(one, level="hard")


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_notebook_has_three_exercises_one_of_each_level(stage):
    of_stage = [c for name, c in CHALLENGES.items() if name.partition(".")[0] == stage.name]
    is_done = sorted(c.level for c in of_stage) == sorted(LEVELS)
    assert is_done
