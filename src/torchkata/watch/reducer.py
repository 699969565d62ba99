"""Updates of watch mode: an event and a state give the next state and its effects; pure."""

from __future__ import annotations

from dataclasses import replace

from torchkata.grading.seeds import derived_seed
from torchkata.i18n import EMPTY
from torchkata.result import State
from torchkata.watch.events import (
    CancelGrading,
    CheckStarted,
    Effect,
    EffectDone,
    Event,
    FileRead,
    GradingDone,
    Key,
    OpenExercise,
    Page,
    Resized,
    SaveResult,
    StartGrading,
    StartTimer,
    TimerFired,
    WriteReport,
)
from torchkata.watch.state import Job, WatchState

Update = tuple[WatchState, tuple[Effect, ...]]


def update(state: WatchState, event: Event) -> Update:
    """Handle any event except a key, which `key_bindings.on_key` handles."""
    match event:
        case FileRead():
            return _on_file(state, event)
        case GradingDone():
            return _on_result(state, event)
        case TimerFired(job=number):
            return _on_timer(state, number)
        case CheckStarted(job=number, axis=axis):
            if state.job is not None and state.job.number == number:
                state = replace(state, job=replace(state.job, axis=axis))
        case EffectDone(notice=notice, page=page, body=body):
            if page is None:
                return replace(state, notice=notice), ()
            return replace(state, notice=notice, page=page, body=body, scroll=0), ()
        case Resized(columns=columns, rows=rows):
            state = replace(state, size=(columns, rows))
        case Key():
            raise AssertionError
    return state, ()


def open_exercise(state: WatchState, index: int) -> Update:
    """Make another exercise the current one; grading of all exercises continues."""
    cancelled = state.job is not None and not state.job.background
    state = replace(
        state,
        index=index,
        job=None if cancelled else state.job,
        held_result=None,
        file_read=False,
        source=None,
        statement=(),
        fault=EMPTY,
        page=Page.EXERCISE,
        body=(),
        scroll=0,
        question=None,
        notice=EMPTY,
        filter="",
        cursor=0,
    )
    effects = (CancelGrading(),) if cancelled else ()
    return state, (*effects, OpenExercise(state.exercise.id))


def grade_now(state: WatchState, source: bytes) -> Update:
    """Grade the current exercise before anything else."""
    state = _requeue(state)
    number = state.last_job + 1
    job = Job(number=number, exercise_id=state.exercise.id)
    effect = StartGrading(job=number, exercise_id=state.exercise.id, source=source)
    return replace(state, last_job=number, job=job, held_result=None), (effect,)


def grade_all(state: WatchState, ids: tuple[str, ...], *, report: bool) -> Update:
    """Grade exercises one after the other; a save of the current file comes first."""
    seed = derived_seed(state.secret, state.last_job)
    state = replace(state, queue=ids, finished=(), report_pending=report, seed=seed)
    return (state, ()) if state.job is not None else _grade_next(state)


def cancel_all(state: WatchState) -> Update:
    """Cancel the grading of all exercises; a job of the current one continues."""
    background = state.job is not None and state.job.background
    state = replace(state, queue=(), report_pending=False, job=None if background else state.job)
    return state, (CancelGrading(),) if background else ()


def _on_file(state: WatchState, event: FileRead) -> Update:
    exercise_id = state.exercise.id
    unchanged = state.file_read and (event.source, event.fault) == (state.source, state.fault)
    if event.exercise_id != exercise_id or unchanged:
        return state, ()
    if state.file_read and state.page is not Page.LIST:
        state = replace(state, page=Page.EXERCISE, scroll=0)
    state = replace(
        state,
        file_read=True,
        source=event.source,
        statement=event.statement,
        fault=event.fault,
        held_result=None,
    )
    graded = exercise_id in state.results and state.graded_sources.get(exercise_id) == event.source
    if event.source and not event.fault and not graded:
        return grade_now(state, event.source)
    if not graded or event.fault:  # an empty or missing file may be about to be written
        state = _requeue(state)
        number = state.last_job + 1
        return replace(state, last_job=number, job=None), (CancelGrading(), StartTimer(number))
    if state.job is not None and not state.job.background:  # back to the graded source
        state, effects = _grade_next(replace(state, job=None))
        return state, effects or (CancelGrading(),)
    return state, ()


def _requeue(state: WatchState) -> WatchState:
    """Put a background job back into the queue."""
    if state.job is None or not state.job.background:
        return state
    return replace(state, queue=(state.job.exercise_id, *state.queue), job=None)


def _on_result(state: WatchState, event: GradingDone) -> Update:
    if state.job is None or event.job != state.job.number:
        return state, ()
    if event.result.state is State.ERROR and not state.job.background:
        return replace(state, held_result=event), (StartTimer(event.job),)  # may be half-written
    return _accept(state, event)


def _on_timer(state: WatchState, number: int) -> Update:
    if number != state.last_job:
        return state, ()
    if state.held_result is not None:
        return _accept(state, state.held_result)
    if state.job is not None or state.source:
        return state, ()
    if state.source is not None and not state.fault:
        return grade_now(state, state.source)
    return _grade_next(state)


def _accept(state: WatchState, event: GradingDone) -> Update:
    background = state.job is not None and state.job.background
    exercise_id, result, source = event.exercise_id, event.result, event.source
    state = replace(
        state,
        job=None,
        held_result=None,
        finished=(*state.finished, exercise_id) if background else state.finished,
        results={**state.results, exercise_id: result},
        states={**state.states, exercise_id: result.state.value},
        scroll=state.scroll if background else 0,
    )
    save: tuple[Effect, ...] = ()
    if source is not None:
        state = replace(state, graded_sources={**state.graded_sources, exercise_id: source})
        save = (SaveResult(exercise_id=exercise_id, result=result, source=source),)
    state, effects = _grade_next(state)
    return state, (*save, *effects)


def _grade_next(state: WatchState) -> Update:
    """Grade the next exercise of the queue, if there is one."""
    if not state.queue:
        if state.report_pending:
            return replace(state, report_pending=False), (WriteReport(),)
        return state, ()
    first, *rest = state.queue
    number = state.last_job + 1
    job = Job(number=number, exercise_id=first, background=True)
    state = replace(state, last_job=number, queue=tuple(rest), job=job)
    return state, (StartGrading(job=number, exercise_id=first, seed=state.seed),)
