"""Lessons: checks that are graded offline, guesses before a result, challenges, and their hints.

A notebook calls these by the name of a question (`questions.py`) or of a challenge
(`challenges.py`). What a cell shows can be clicked where HTML is shown, with no script and no
network, and read where only text is. Answers that are given in code are noted in the learner's own
file (`learner_progress.py`); an untouched one stops nothing and notes nothing.
"""

from __future__ import annotations

from functools import cache
from html import escape

from ..base.places import TEMPLATES
from ..base.user_errors import InputError, nearest
from ..line.run_folder import existing_run
from ..line.stage_list import STAGES
from ..line.stage_work import Work
from ..pages.show import as_html, say
from .grading import (
    CORRECT,
    INCORRECT,
    NO_ANSWER,
    UNTOUCHED,
    Choice,
    Compute,
    Verdict,
    is_untouched,
)
from .questions import CHALLENGES, GUESSES, QUESTIONS

STYLE = TEMPLATES / "quiz.css"
MARKS = {CORRECT: "✓ Correct.", INCORRECT: "✗ Incorrect.", UNTOUCHED: "○ Not attempted.",
         NO_ANSWER: "○ Not an answer."}  # fmt: skip
CLASSES = {CORRECT: "right", INCORRECT: "wrong", UNTOUCHED: "open", NO_ANSWER: "open"}
CLICK = 'Click an answer to try it; written into the cell, as `answer="…"`, it is recorded.'
COMPUTE = "Compute it, write `answer=…` into the cell and run it."
WORK = "Do it in the cells above, and run this one again."
GUESS = "You have not guessed: write `guess=…` into the cell and run it."
UNGUESSED = "To see it without a guess:"


class Shown:
    """What a lesson's cell shows: HTML that can be clicked, or text; and the answer's `state`."""

    def __init__(self, html: str, text: str, state: str = ""):
        self._html, self._text, self.state = html, text, state

    def _repr_html_(self) -> str:
        return f'<div class="quiz"><style>{_style()}</style>{self._html}</div>'

    def __repr__(self) -> str:
        return self._text


def check(name: str, answer=None, *, of=None) -> Shown:
    """Show a check and, when an answer is given, whether it is right, and why (not).

    `of` is what the answer of a compute-this check is computed from, as its question says; an
    answer without it raises InputError.
    """
    asked = _find(name, QUESTIONS, "check")
    if isinstance(asked, Compute) and of is None and not is_untouched(answer):
        raise InputError(f"The check '{name}' needs data: pass `of=…`, as the notebook does.")
    verdict = _noted(name, asked.grade(answer, of))
    is_choice = isinstance(asked, Choice)
    invite, question = CLICK if is_choice else COMPUTE, _question(asked)
    html, text = _options(name, asked, answer) if is_choice else ([], [])
    html = [f"<p><strong>{_inline(question)}</strong></p>", *html, _verdict(verdict, invite)]
    text = [question, *text, _in_text(verdict, invite)]
    return Shown("".join([*html, _help(asked, of)]), "\n".join(text), verdict.state)


def _question(asked: Choice | Compute) -> str:
    """The question, with what form the answer has where one is to be computed."""
    asks = asked.asks if isinstance(asked, Compute) else ""
    return f"{asked.question} {asks}" if asks else asked.question


def _options(name: str, asked: Choice, answer) -> tuple[list[str], list[str]]:
    """The options of a choice, as HTML and as text."""
    chosen = str(answer or "").strip().casefold()
    html = [_option(name, asked, key, chosen == key) for key in asked.options]
    return html, [f"  {key}) {option}" for key, option in asked.options.items()]


def hint(name: str, step: int = 1):
    """A hint to a check or a challenge: the first, or with `step=2` the second, which says more."""
    hints = _find(name, QUESTIONS | CHALLENGES, "check or challenge").hints
    if step not in (1, 2):
        raise InputError(f"There are two hints: step=1 or step=2, not {step}.")
    return say(f"*Hint {step}.* {hints[step - 1]}")


def solution(name: str, *, of=None):
    """The solution of a check or a challenge. Try first: what was found is kept, not what was read.

    `of` is what the check is asked of; with it the value is shown too.
    """
    asked = _find(name, QUESTIONS | CHALLENGES, "check or challenge")
    if name in CHALLENGES:
        return say(f"```python\n{asked.solution.strip()}\n```", asked.why)
    return say(f"*Solution.* {asked.solution(of)}")


def guess(name: str, guess=None, *, of, shows=None) -> Shown:
    """Show a guess beside the result; without one the result is folded away, to be guessed first.

    `of` is what the result is computed from. `shows` is what stands below it: a frame, a sentence,
    a picture, or a function that makes one.
    """
    asked = _find(name, GUESSES, "guess")
    said, more = asked.compare(guess, of), shows() if callable(shows) else shows
    result = f"<p>{_inline(said)}</p>{'' if more is None else as_html(more)}"
    head = f"<p><strong>{_inline(asked.question)}</strong></p>"
    if not said.startswith("You"):
        return _folded(head, asked.question, result, asked.refuse(guess) or GUESS)
    html = f'{head}<div class="right">{result}</div>'
    text = f"{asked.question}\n{said}" if more is None else f"{asked.question}\n{said}\n{more}"
    return Shown(html, text, "guessed")


def _folded(head: str, question: str, result: str, invite: str) -> Shown:
    """A result that is still to be guessed."""
    folded = f"<details><summary>The result</summary>{result}</details>"
    html = f'{head}<p class="open">{_inline(invite)} {UNGUESSED}</p>{folded}'
    return Shown(html, f"{question}\n{invite}", UNTOUCHED)


def challenge(name: str) -> Shown:
    """Show the task of a challenge and its level, with two hints and a solution folded away."""
    asked = _find(name, CHALLENGES, "challenge")
    return Shown(_block(asked.titled) + _help(asked), asked.titled)


def attempt(name: str, thing=None, *, of=None) -> Shown:
    """Examine what was made for a challenge: a function, an estimator, a frame.

    `of` is what it is tried on, as the task says.
    """
    verdict = _noted(name, _find(name, CHALLENGES, "challenge").grade(thing, of))
    return Shown(_verdict(verdict, WORK), _in_text(verdict, WORK), verdict.state)


def finished(run: str, last: int) -> Work:
    """What the stages of a run up to `last` have made, to be read by exercises.

    Raises InputError when that run or one of these stages is not there.
    """
    made = existing_run(run)
    for number in range(1, last + 1):
        made.require(number)
    return Work(min(last + 1, len(STAGES) - 1), made, {"run": run})


def _find(name: str, known: dict, what: str):
    if name not in known:
        raise InputError(f"There is no {what} '{name}'. {nearest(name, known)}")
    return known[name]


def _noted(name: str, verdict: Verdict) -> Verdict:
    """The verdict, once it is in the learner's file; with a word when it could not be noted."""
    if verdict.state not in (CORRECT, INCORRECT):
        return verdict
    try:
        _note(name, verdict.state)
    except (InputError, OSError) as error:
        return Verdict(verdict.state, f"{verdict.reason} (Not recorded: {error})")
    return verdict


def _note(name: str, state: str) -> None:
    from ..pages import front_page
    from . import learner_progress

    if learner_progress.record(name, state):
        front_page.refresh_front_pages()


def _option(name: str, asked: Choice, key: str, is_chosen: bool) -> str:
    """An option that unfolds to its verdict; those of one check fold each other."""
    state = CORRECT if key == asked.right else INCORRECT
    reason = asked.why if state == CORRECT else asked.why_not[key]
    return (
        f'<details class="option{" chosen" if is_chosen else ""}" name="{escape(name)}">'
        f"<summary><b>{key}</b> {_inline(asked.options[key])}</summary>"
        f"{_verdict(Verdict(state, reason))}</details>"
    )


def _verdict(verdict: Verdict, invite: str = "") -> str:
    state, reason = verdict.state, _inline(verdict.reason or invite)
    return f'<p class="{CLASSES[state]}"><b>{MARKS[state]}</b> {reason}</p>'


def _in_text(verdict: Verdict, invite: str) -> str:
    return f"{MARKS[verdict.state]} {verdict.reason or invite}"


def _help(asked, of=None) -> str:
    """Two hints, the second inside the first, and the solution, each unfolding at a click."""
    first, second = map(_inline, asked.hints)
    if isinstance(asked, Choice | Compute):
        answer = f"<p>{_inline(asked.solution(of))}</p>"
    else:
        answer = f"<pre>{escape(asked.solution.strip())}</pre><p>{_inline(asked.why)}</p>"
    return (
        f"<details><summary>Hint</summary><p>{first}</p>"
        f"<details><summary>Second hint</summary><p>{second}</p></details></details>"
        f"<details><summary>Solution</summary>{answer}</details>"
    )


@cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8").strip()


@cache
def _markdown():
    import mistune

    return mistune.create_markdown(escape=True)


def _block(text: str) -> str:
    return _markdown()(text)


def _inline(text: str) -> str:
    """A sentence as HTML: code and emphasis of Markdown are understood, all else is escaped."""
    return _block(text).strip().removeprefix("<p>").removesuffix("</p>")
