"""What each key does; pure."""

from __future__ import annotations

from dataclasses import replace

from torchkata.i18n import _
from torchkata.watch import layout
from torchkata.watch.events import Page, Quit, Reset, ShowHints, ShowSolution
from torchkata.watch.reducer import Step, call_off, judge_all, judge_now, open_item
from torchkata.watch.state import Question, State

_SCROLLS = {"up": -1, "k": -1, "down": 1, "j": 1}
_PAGES = {"page up": -1, "b": -1, "page down": 1, " ": 1}


def press(state: State, key: str, look: layout.Look) -> Step:
    """Do what a key asks for.

    Args:
        state: before the key.
        key: a character, or a name as `keys.parse` gives it.
        look: of the screen, by which a page is as long as it is.
    """
    if state.question is not None:
        return _answer(state, key)
    if state.page is Page.LIST:
        return _list(state, key)
    state = replace(state, notice="")
    if key in _SCROLLS or key in _PAGES or key in ("home", "g", "end", "G"):
        return replace(state, scroll=_scrolled(state, key, look)), ()
    match key:
        case "n" | "right":
            return _neighbour(state, 1)
        case "p" | "left":
            return _neighbour(state, -1)
        case "N":
            return _unfinished(state)
        case "h":
            return _hint(state)
        case "l":
            return replace(state, page=Page.LIST, filter="", cursor=state.at, scroll=0), ()
        case "r":
            return replace(state, question=Question.RESET), ()
        case "s":
            return _solution(state)
        case "a":
            started = tuple(i.id for i in state.items if state.states.get(i.id) != "todo")
            if not started:
                return replace(state, notice=_("Nothing is started yet.")), ()
            return judge_all(replace(state, page=Page.ALL, scroll=0), started, report=False)
        case "w":
            every = tuple(item.id for item in state.items)
            return judge_all(replace(state, page=Page.ALL, scroll=0), every, report=True)
        case "q":
            return state, (Quit(),)
        case "?":
            shown = Page.EXERCISE if state.page is Page.KEYS else Page.KEYS
            return replace(state, page=shown, scroll=0), ()
        case "enter":
            return _enter(state)
        case "escape":
            return _leave(state)
    return state, ()


def _scrolled(state: State, key: str, look: layout.Look) -> int:
    reach = layout.reach(state, look)
    if key in ("home", "g"):
        return 0
    if key in ("end", "G"):
        return reach
    by = _SCROLLS.get(key) or _PAGES[key] * max(1, layout.room(state, look) - 1)
    return max(0, min(reach, state.scroll + by))


def _neighbour(state: State, by: int) -> Step:
    at = state.at + by
    if at < 0:
        return replace(state, notice=_("This is the first exercise.")), ()
    if at >= len(state.items):
        return replace(state, notice=_("This is the last exercise.")), ()
    return open_item(state, at)


def _unfinished(state: State) -> Step:
    count = len(state.items)
    for by in range(1, count):
        at = (state.at + by) % count
        if state.states.get(state.items[at].id) != "passed":
            return open_item(state, at)
    return replace(state, notice=_("There is no other unfinished exercise.")), ()


def _hint(state: State) -> Step:
    item = state.item
    if not item.hints:
        return replace(state, notice=_("This exercise has no hints.")), ()
    level = min(state.hints.get(item.id, 0) + 1, item.hints)
    state = replace(state, hints={**state.hints, item.id: level})
    return state, (ShowHints(id=item.id, level=level),)


def _solution(state: State) -> Step:
    if state.passed or state.item.id in state.seen:
        return _show_solution(state)
    return replace(state, question=Question.SOLUTION), ()


def _show_solution(state: State) -> Step:
    seen = state.seen | {state.item.id}
    return replace(state, question=None, seen=seen), (ShowSolution(state.item.id),)


def _answer(state: State, key: str) -> Step:
    question, state = state.question, replace(state, question=None)
    if key not in ("y", "Y"):
        return state, ()
    if question is Question.RESET:
        return state, (Reset(state.item.id),)
    if question is Question.SOLUTION:
        return replace(state, question=Question.SOLUTION_AGAIN), ()
    return _show_solution(state)


def _list(state: State, key: str) -> Step:
    """Every character is typed into the filter, so that only named keys do something else."""
    count = len(state.found)
    match key:
        case "escape":
            return replace(state, page=Page.EXERCISE, scroll=0), ()
        case "enter":
            return open_item(state, state.found[state.cursor]) if count else (state, ())
        case "up" | "down" | "page up" | "page down" | "home" | "end":
            by = {"up": -1, "down": 1, "page up": -10, "page down": 10}.get(key)
            cursor = {"home": 0, "end": count}.get(key, state.cursor + (by or 0))
            return replace(state, cursor=max(0, min(count - 1, cursor))), ()
        case "backspace":
            return replace(state, filter=state.filter[:-1], cursor=0), ()
    if len(key) == 1 and key.isprintable():
        return replace(state, filter=state.filter + key, cursor=0), ()
    return state, ()


def _enter(state: State) -> Step:
    if state.page is not Page.EXERCISE:
        return replace(state, page=Page.EXERCISE, scroll=0), ()
    if state.source and not state.fault:
        return judge_now(state, state.source)
    return state, ()


def _leave(state: State) -> Step:
    if state.page is Page.ALL and (state.queue or state.job is not None):
        state, effects = call_off(state)
        return replace(state, notice=_("Stopped.")), effects
    return replace(state, page=Page.EXERCISE, scroll=0), ()
