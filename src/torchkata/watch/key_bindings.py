"""What each key does; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from torchkata.i18n import EMPTY, _
from torchkata.result import State
from torchkata.watch import layout
from torchkata.watch.events import Page, Quit, ResetExercise, ShowHints, ShowSolution
from torchkata.watch.reducer import Update, cancel_all, grade_all, grade_now, open_exercise
from torchkata.watch.state import Question, WatchState
from torchkata.watch.view import View

_LINES: Final = {"up": -1, "k": -1, "down": 1, "j": 1}
_PAGES: Final = {"page up": -1, "b": -1, "page down": 1, " ": 1}
_TOP: Final = ("home", "g")
_BOTTOM: Final = ("end", "G")


def on_key(state: WatchState, key: str, view: View) -> Update:
    """Handle a key.

    Args:
        state: before the key.
        key: a character, or a name as `key_parser.parse` returns it.
        view: determines how long a page is, for scrolling.
    """
    if state.question is not None:
        return _confirm(state, key)
    if state.page is Page.LIST:
        return _on_list_key(state, key)
    state = replace(state, notice=EMPTY)
    if key in (*_LINES, *_PAGES, *_TOP, *_BOTTOM):
        return replace(state, scroll=_scroll_to(state, key, view)), ()
    match key:
        case "n" | "right":
            return _move(state, 1)
        case "p" | "left":
            return _move(state, -1)
        case "N":
            return _next_unfinished(state)
        case "h":
            return _hint(state)
        case "l":
            return replace(state, page=Page.LIST, filter="", cursor=state.index, scroll=0), ()
        case "r":
            return replace(state, question=Question.RESET), ()
        case "s":
            return _solution(state)
        case "a":
            return _grade_started(state)
        case "w":
            every = tuple(exercise.id for exercise in state.exercises)
            return grade_all(replace(state, page=Page.ALL, scroll=0), every, report=True)
        case "q":
            return state, (Quit(),)
        case "?":
            page = Page.EXERCISE if state.page is Page.KEYS else Page.KEYS
            return replace(state, page=page, scroll=0), ()
        case "enter":
            return _enter(state)
        case "escape":
            return _escape(state)
    return state, ()


def _scroll_to(state: WatchState, key: str, view: View) -> int:
    if key in _TOP:
        return 0
    last = layout.max_scroll(state, view)
    if key in _BOTTOM:
        return last
    step = _LINES.get(key) or _PAGES[key] * max(1, layout.page_height(state, view) - 1)
    return max(0, min(last, state.scroll + step))


def _move(state: WatchState, by: int) -> Update:
    index = state.index + by
    if index < 0:
        return replace(state, notice=_("This is the first exercise.")), ()
    if index >= len(state.exercises):
        return replace(state, notice=_("This is the last exercise.")), ()
    return open_exercise(state, index)


def _next_unfinished(state: WatchState) -> Update:
    count = len(state.exercises)
    for by in range(1, count):
        index = (state.index + by) % count
        if state.states.get(state.exercises[index].id) != State.PASSED:
            return open_exercise(state, index)
    return replace(state, notice=_("All other exercises pass.")), ()


def _hint(state: WatchState) -> Update:
    exercise = state.exercise
    if not exercise.hint_count:
        return replace(state, notice=_("This exercise has no hints.")), ()
    level = min(state.hint_levels.get(exercise.id, 0) + 1, exercise.hint_count)
    state = replace(state, hint_levels={**state.hint_levels, exercise.id: level})
    return state, (ShowHints(exercise_id=exercise.id, level=level),)


def _solution(state: WatchState) -> Update:
    if state.passed or state.exercise.id in state.solutions_seen:
        return _show_solution(state)
    return replace(state, question=Question.SOLUTION), ()


def _show_solution(state: WatchState) -> Update:
    seen = state.solutions_seen | {state.exercise.id}
    return replace(state, question=None, solutions_seen=seen), (ShowSolution(state.exercise.id),)


def _confirm(state: WatchState, key: str) -> Update:
    question, state = state.question, replace(state, question=None)
    if key not in ("y", "Y"):
        return state, ()
    if question is Question.RESET:
        return state, (ResetExercise(state.exercise.id),)
    if question is Question.SOLUTION:
        return replace(state, question=Question.SOLUTION_AGAIN), ()
    return _show_solution(state)


def _grade_started(state: WatchState) -> Update:
    started = tuple(
        exercise.id for exercise in state.exercises if state.states.get(exercise.id) != State.TODO
    )
    if not started:
        return replace(state, notice=_("You have not started any exercise yet.")), ()
    return grade_all(replace(state, page=Page.ALL, scroll=0), started, report=False)


def _on_list_key(state: WatchState, key: str) -> Update:
    """Handle a key in the list, where every character is part of the filter."""
    count = len(state.matches)
    match key:
        case "escape":
            return replace(state, page=Page.EXERCISE, scroll=0), ()
        case "enter":
            return open_exercise(state, state.matches[state.cursor]) if count else (state, ())
        case "up" | "down" | "page up" | "page down" | "home" | "end":
            by = {"up": -1, "down": 1, "page up": -10, "page down": 10}.get(key, 0)
            cursor = {"home": 0, "end": count}.get(key, state.cursor + by)
            return replace(state, cursor=max(0, min(count - 1, cursor))), ()
        case "backspace":
            return replace(state, filter=state.filter[:-1], cursor=0), ()
    if len(key) == 1 and key.isprintable():
        return replace(state, filter=state.filter + key, cursor=0), ()
    return state, ()


def _enter(state: WatchState) -> Update:
    if state.page is not Page.EXERCISE:
        return replace(state, page=Page.EXERCISE, scroll=0), ()
    if state.source and not state.fault:
        return grade_now(state, state.source)
    return state, ()


def _escape(state: WatchState) -> Update:
    if state.page is Page.ALL and (state.queue or state.job is not None):
        state, effects = cancel_all(state)
        return replace(state, notice=_("Cancelled.")), effects
    return replace(state, page=Page.EXERCISE, scroll=0), ()
