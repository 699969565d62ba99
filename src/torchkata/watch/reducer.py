"""One step of the loop: what happened, to what is known and what is asked for; pure."""

from __future__ import annotations

from dataclasses import replace

from torchkata.result import State as Verdict
from torchkata.watch.events import (
    Checking,
    Effect,
    Event,
    Judge,
    Judged,
    Key,
    Open,
    Page,
    Pause,
    Record,
    Resized,
    Saw,
    Stop,
    Told,
    Woke,
    WriteReport,
)
from torchkata.watch.state import Job, State

Step = tuple[State, tuple[Effect, ...]]


def step(state: State, event: Event) -> Step:
    """Take in one event that is no key; `presses.press` takes those."""
    match event:
        case Saw():
            return _saw(state, event)
        case Judged():
            return _judged(state, event)
        case Woke(turn=turn):
            return _woke(state, turn)
        case Checking(turn=turn, check=check):
            if state.job is not None and state.job.turn == turn:
                state = replace(state, job=replace(state.job, check=check))
        case Told(notice=notice, page=page, body=body):
            if page is None:
                return replace(state, notice=notice), ()
            return replace(state, notice=notice, page=page, body=body, scroll=0), ()
        case Resized(columns=columns, rows=rows):
            state = replace(state, size=(columns, rows))
        case Key():
            raise AssertionError
    return state, ()


def open_item(state: State, at: int) -> Step:
    """Make another exercise the current one; what is judged of all goes on."""
    stop = () if state.job is None or state.job.quiet else (Stop(),)
    state = replace(
        state,
        at=at,
        job=None if stop else state.job,
        held=None,
        source=None,
        looked=False,
        text="",
        fault="",
        page=Page.EXERCISE,
        body="",
        scroll=0,
        question=None,
        notice="",
        filter="",
        cursor=0,
    )
    return state, (*stop, Open(state.item.id))


def judge_now(state: State, source: bytes) -> Step:
    """Judge the current exercise before everything else."""
    state = _set_aside(state)
    turn = state.turn + 1
    job = Job(turn=turn, id=state.item.id)
    effect = Judge(turn=turn, id=state.item.id, source=source)
    return replace(state, turn=turn, job=job, held=None), (effect,)


def judge_all(state: State, ids: tuple[str, ...], *, report: bool) -> Step:
    """Judge exercises one after the other; a file that is saved meanwhile comes first."""
    seed = (state.seed + 1) % (1 << 32)
    state = replace(state, queue=ids, done=(), report=report, seed=seed)
    return (state, ()) if state.job is not None else _go_on(state)


def call_off(state: State) -> Step:
    """Judge no more than the current exercise."""
    quiet = state.job is not None and state.job.quiet
    state = replace(state, queue=(), report=False, job=None if quiet else state.job)
    return state, (Stop(),) if quiet else ()


def _saw(state: State, saw: Saw) -> Step:
    item = state.item
    same = state.looked and (saw.source, saw.fault) == (state.source, state.fault)
    if saw.id != item.id or same:
        return state, ()
    if state.looked and state.page is not Page.LIST:
        state = replace(state, page=Page.EXERCISE, scroll=0)
    state = replace(
        state, looked=True, source=saw.source, text=saw.text, fault=saw.fault, held=None
    )
    known = item.id in state.results and state.judged.get(item.id) == saw.source
    if saw.source and not saw.fault and not known:
        return judge_now(state, saw.source)
    if not known or saw.fault:  # a file that is empty or gone may be about to be written
        state = _set_aside(state)
        turn = state.turn + 1
        return replace(state, turn=turn, job=None), (Stop(), Pause(turn))
    if state.job is not None and not state.job.quiet:  # back to what was judged before
        state, effects = _go_on(replace(state, job=None))
        return state, effects or (Stop(),)
    return state, ()


def _set_aside(state: State) -> State:
    """What is judged of all waits until the current file is judged."""
    if state.job is None or not state.job.quiet:
        return state
    return replace(state, queue=(state.job.id, *state.queue), job=None)


def _judged(state: State, judged: Judged) -> Step:
    if state.job is None or judged.turn != state.job.turn:
        return state, ()
    if judged.result.state is Verdict.ERROR and not state.job.quiet:
        return replace(state, held=judged), (Pause(judged.turn),)  # it may be written by halves
    return _accept(state, judged)


def _woke(state: State, turn: int) -> Step:
    if turn != state.turn:
        return state, ()
    if state.held is not None:
        return _accept(state, state.held)
    if state.job is not None or state.source:
        return state, ()
    if state.source is not None and not state.fault:
        return judge_now(state, state.source)
    return _go_on(state)


def _accept(state: State, judged: Judged) -> Step:
    quiet = state.job is not None and state.job.quiet
    state = replace(
        state, job=None, held=None, done=(*state.done, judged.id) if quiet else state.done
    )
    record: tuple[Effect, ...] = ()
    result, source = judged.result, judged.source
    state = replace(
        state,
        results={**state.results, judged.id: result},
        states={**state.states, judged.id: result.state.value},
        scroll=state.scroll if quiet else 0,
    )
    if source is not None:
        state = replace(state, judged={**state.judged, judged.id: source})
        record = (Record(id=judged.id, result=result, source=source),)
    state, effects = _go_on(state)
    return state, (*record, *effects)


def _go_on(state: State) -> Step:
    """Judge the next of all, if any are left."""
    if not state.queue:
        if state.report:
            return replace(state, report=False), (WriteReport(),)
        return state, ()
    first, *rest = state.queue
    turn = state.turn + 1
    state = replace(state, turn=turn, queue=tuple(rest), job=Job(turn=turn, id=first, quiet=True))
    return state, (Judge(turn=turn, id=first, seed=state.seed),)
