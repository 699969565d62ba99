"""Updates of watch mode: what each event and key does to the state, and its effects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from torchkata.grading.seeds import derived_seed
from torchkata.i18n import EMPTY, Message, verbatim
from torchkata.result import CheckResult, ExerciseResult, State, Verdict
from torchkata.watch.events import (
    CancelGrading,
    CheckStarted,
    EffectDone,
    FileRead,
    GradingDone,
    OpenExercise,
    Page,
    Quit,
    ResetExercise,
    Resized,
    SaveResult,
    ShowHints,
    ShowSolution,
    StartGrading,
    StartTimer,
    TimerFired,
    WriteReport,
)
from torchkata.watch.key_bindings import on_key
from torchkata.watch.pages import line_to_open
from torchkata.watch.reducer import open_exercise, update
from torchkata.watch.state import ListedExercise, Question, WatchState
from torchkata.watch.view import View

VIEW = View()
IDS = ("01_a/01_one", "01_a/02_two", "02_b/01_three")
HALF, WHOLE = b"def one(", b"def one():\n    return 1\n"

SEED = derived_seed(7, 0)


def listed(id_: str) -> ListedExercise:
    chapter, _, stem = id_.partition("/")
    return ListedExercise(id=id_, name=stem[3:], chapter=chapter, file=f"exercises/{id_}.py")


def untouched(**fields) -> WatchState:
    """A state at the first exercise, whose file is the original stub."""
    exercises, states = tuple(map(listed, IDS)), dict.fromkeys(IDS, "todo")
    state = WatchState(exercises=exercises, states=states, secret=7)
    statement = (Message("Task"),)
    return replace(state, file_read=True, source=b"stub", statement=statement, **fields)


def result(id_: str = IDS[0], state: State = State.PASSED, **fields) -> ExerciseResult:
    chapter, _, stem = id_.partition("/")
    return ExerciseResult(
        id=id_, name=stem[3:], chapter=chapter, state=state, seconds=0.1, **fields
    )


def save(state: WatchState, source: bytes | None, **fields):
    return update(state, FileRead(exercise_id=state.exercise.id, source=source, **fields))


def finish(state: WatchState, kind: State = State.PASSED):
    """Finish the job that runs."""
    id_ = state.job.exercise_id
    source = state.source if id_ == state.exercise.id else b"other"
    return update(
        state,
        GradingDone(job=state.job.number, exercise_id=id_, source=source, result=result(id_, kind)),
    )


def press(state: WatchState, *names: str):
    effects = ()
    for name in names:
        state, effects = on_key(state, name, VIEW)
    return state, effects


def after_pass() -> WatchState:
    state, _ = finish(save(untouched(), WHOLE)[0])
    return state


def test_save_is_graded_and_recorded():
    """A save starts a job; its result is shown and recorded, and the exercise stays open."""
    state, effects = save(untouched(page=Page.HINTS), WHOLE)

    assert effects == (StartGrading(job=1, exercise_id=IDS[0], source=WHOLE),)
    assert state.page is Page.EXERCISE
    state, effects = update(state, CheckStarted(job=1, axis="speed"))
    assert state.job.axis == "speed"
    state, effects = finish(state)
    assert effects == (SaveResult(exercise_id=IDS[0], result=result(), source=WHOLE),)
    assert state.job is None
    assert state.passed
    assert state.index == 0, "the learner decides when to go on"


def test_newer_save_replaces_older_job():
    """A late result of the older save is dropped."""
    first, _ = save(untouched(), WHOLE)

    second, effects = save(first, WHOLE + b"#")

    assert effects == (StartGrading(job=2, exercise_id=IDS[0], source=WHOLE + b"#"),)
    late = GradingDone(job=1, exercise_id=IDS[0], source=WHOLE, result=result())
    assert update(second, late) == (second, ())
    assert update(second, CheckStarted(job=1, axis="ops")) == (second, ())


def test_unchanged_source_is_not_graded_again():
    """Saving the same bytes changes nothing, nor does a return to the graded source."""
    state = after_pass()
    assert save(state, WHOLE) == (state, ())

    gone, effects = save(state, None)
    assert effects == (CancelGrading(), StartTimer(2))
    back, effects = save(gone, WHOLE)
    assert effects == ()
    assert back.result == result()

    running, _ = save(state, b"other")
    back, effects = save(running, WHOLE)
    assert effects == (CancelGrading(),)
    assert back.job is None


def test_missing_and_empty_files_wait_for_a_timer():
    """After the timer, a missing file is reported as missing and an empty one is graded."""
    gone, _ = save(untouched(), None)
    assert update(gone, TimerFired(1)) == (gone, ())
    assert gone.job is None

    empty, effects = save(untouched(), b"")
    assert effects == (CancelGrading(), StartTimer(1))
    _, effects = update(empty, TimerFired(1))
    assert effects == (StartGrading(job=2, exercise_id=IDS[0], source=b""),)

    written, effects = save(empty, WHOLE)
    assert effects == (StartGrading(job=2, exercise_id=IDS[0], source=WHOLE),)
    assert update(written, TimerFired(1)) == (written, ())


def test_error_is_held_while_file_may_be_half_written():
    """An error is shown after a timer, unless a newer save follows."""
    state, _ = save(untouched(), HALF)

    held, effects = finish(state, State.ERROR)

    assert effects == (StartTimer(1),)
    assert held.result is None
    shown, effects = update(held, TimerFired(1))
    assert shown.result.state is State.ERROR
    assert isinstance(effects[0], SaveResult)
    whole, effects = save(held, WHOLE)
    assert effects == (StartGrading(job=2, exercise_id=IDS[0], source=WHOLE),)
    assert update(whole, TimerFired(1)) == (whole, ())


def test_file_fault_is_not_graded():
    """A fault of the file is shown, and nothing is graded."""
    fault = verbatim("It is a folder.")

    state, effects = save(untouched(), None, fault=fault)

    assert state.fault == fault
    assert effects == (CancelGrading(), StartTimer(1))
    assert update(state, TimerFired(1)) == (state, ())
    assert press(state, "enter")[1] == ()


def test_next_and_previous():
    """They move by one, cancel the job, and report the ends of the course."""
    state, effects = press(save(untouched(), WHOLE)[0], "n")
    assert effects == (CancelGrading(), OpenExercise(IDS[1]))
    assert (state.index, state.job, state.source, state.file_read) == (1, None, None, False)
    state, effects = press(state, "p", "p")
    assert effects == ()
    assert "first" in str(state.notice)
    state, effects = press(state, "n", "n", "n")
    assert state.index == 2
    assert "last" in str(state.notice)


def test_opened_file_is_graded_unless_its_result_is_known():
    """A known result is shown at once; anything else is graded."""
    state, _ = open_exercise(after_pass(), 1)
    state, effects = save(state, b"two")
    assert effects == (StartGrading(job=2, exercise_id=IDS[1], source=b"two"),)
    state, _ = open_exercise(state, 0)
    state, effects = save(state, WHOLE)
    assert effects == ()
    assert state.result == result()
    assert update(state, FileRead(exercise_id=IDS[1], source=b"late")) == (state, ())


def test_next_unfinished():
    """N skips what passes, wraps around, and reports when nothing is left."""
    state = untouched(states={IDS[0]: "todo", IDS[1]: "passed", IDS[2]: "failed"})

    assert press(state, "N")[0].index == 2
    assert press(state, "N", "N")[0].index == 0
    done = untouched(states=dict.fromkeys(IDS, "passed"))
    assert "All other" in str(press(done, "N")[0].notice)


def test_hints_are_shown_one_level_at_a_time():
    """Each press shows one level more, up to the last, starting after the last hint seen."""
    state, effects = press(untouched(), "h")
    assert effects == (ShowHints(exercise_id=IDS[0], level=1),)
    state, effects = press(state, "h", "h", "h")
    assert effects == (ShowHints(exercise_id=IDS[0], level=3),)
    seen_one = untouched(hint_levels={IDS[0]: 1})
    assert press(seen_one, "h")[1] == (ShowHints(exercise_id=IDS[0], level=2),)
    without = replace(untouched(), exercises=(replace(listed(IDS[0]), hint_count=0),))
    assert "no hints" in str(press(without, "h")[0].notice)
    body = (Message("text"),)
    shown, _ = update(state, EffectDone(page=Page.HINTS, body=body))
    assert (shown.page, shown.body) == (Page.HINTS, body)
    assert press(shown, "escape")[0].page is Page.EXERCISE


def test_reset_asks_for_confirmation():
    """Only a yes resets."""
    state, effects = press(untouched(), "r")
    assert (state.question, effects) == (Question.RESET, ())
    assert press(state, "y") == (replace(state, question=None), (ResetExercise(IDS[0]),))
    for other in ("n", "enter", "escape", "r"):
        assert press(state, other) == (replace(state, question=None), ())


def test_solution_asks_twice_before_a_pass():
    """After two yeses, or after a pass, the solution is shown without asking."""
    state, effects = press(untouched(), "s")
    assert state.question is Question.SOLUTION
    state, effects = press(state, "y")
    assert (state.question, effects) == (Question.SOLUTION_AGAIN, ())
    assert press(state, "n") == (replace(state, question=None), ())
    state, effects = press(state, "y")
    assert effects == (ShowSolution(IDS[0]),)
    assert press(state, "s")[1] == (ShowSolution(IDS[0]),)
    assert press(after_pass(), "s")[1] == (ShowSolution(IDS[0]),)
    seen = untouched(solutions_seen=frozenset({IDS[0]}))
    assert press(seen, "s")[1] == (ShowSolution(IDS[0]),)


def test_list_filters_by_typing_and_opens():
    """Every character narrows the list, even q; Enter opens the chosen exercise."""
    state, _ = press(untouched(), "l")
    assert state.matches == (0, 1, 2)
    state, effects = press(state, "0", "2", "_", "q")
    assert (state.matches, effects) == ((), ())
    assert press(state, "enter") == (state, ())
    state, _ = press(state, "backspace", "backspace", "backspace", "backspace")
    state, _ = press(state, "a", "down", "down", "down", "up")
    assert (state.matches, state.cursor) == ((0, 1), 0)
    state, effects = press(state, "end", "enter")
    assert effects == (OpenExercise(IDS[1]),)
    assert (state.index, state.page, state.filter) == (1, Page.EXERCISE, "")
    assert press(untouched(), "l", "x", "escape")[0].page is Page.EXERCISE
    by_state = untouched(states={IDS[0]: "passed", IDS[1]: "todo", IDS[2]: "passed"})
    assert press(by_state, "l", *"passed")[0].matches == (0, 2)


def test_save_keeps_the_list_open():
    """A save does not close the list while the learner searches in it."""
    state, effects = save(press(untouched(), "l")[0], WHOLE)

    assert state.page is Page.LIST
    assert isinstance(effects[0], StartGrading)


def two_started() -> WatchState:
    return untouched(states={IDS[0]: "failed", IDS[1]: "not graded yet", IDS[2]: "todo"})


def test_all_grades_started_exercises():
    """They are graded one after the other with one seed; untouched exercises are skipped."""
    state, effects = press(two_started(), "a")
    assert effects == (StartGrading(job=1, exercise_id=IDS[0], seed=SEED),)
    assert state.page is Page.ALL
    state, effects = finish(state, State.ERROR)
    assert effects[1:] == (StartGrading(job=2, exercise_id=IDS[1], seed=SEED),)
    state, effects = finish(state)
    assert [type(effect) for effect in effects] == [SaveResult]
    assert state.finished == IDS[:2]
    assert state.states[IDS[0]] == "error", "errors are not held: no file is being saved"
    assert "not started" in str(press(untouched(), "a")[0].notice)


def test_save_comes_before_all():
    """A saved file is graded first; then the others continue."""
    state, _ = press(two_started(), "a")
    state, _ = finish(state)

    state, effects = save(state, WHOLE)

    assert effects == (StartGrading(job=3, exercise_id=IDS[0], source=WHOLE),)
    assert state.queue == (IDS[1],)
    state, effects = finish(state)
    assert effects[1] == StartGrading(job=4, exercise_id=IDS[1], seed=SEED)
    state, effects = press(state, "n")
    assert effects == (OpenExercise(IDS[1]),), "opening an exercise cancels no background job"
    assert state.job.background


def test_escape_cancels_all():
    """It cancels the grading of all exercises; results so far stay."""
    state, _ = press(two_started(), "a")

    cancelled, effects = press(state, "escape")

    assert effects == (CancelGrading(),)
    assert (cancelled.queue, cancelled.job) == ((), None)
    assert press(cancelled, "escape")[0].page is Page.EXERCISE


def test_report_grades_everything_first():
    """All exercises are graded with one seed; then the report is written, once."""
    state, effects = press(untouched(), "w")
    for _ in IDS:
        state, effects = finish(state)
    assert effects[-1] == WriteReport()
    assert not state.report_pending
    assert set(state.results) == set(IDS)
    written, _ = update(state, EffectDone(notice=Message("Wrote the report to x")))
    assert written.notice
    assert press(written, "g")[0].notice == EMPTY, "the next key clears the notice"


def test_enter_grades_again_and_question_mark_shows_keys():
    """Enter on a result grades the same file again; on another page it goes back."""
    state, effects = press(after_pass(), "enter")
    assert effects == (StartGrading(job=2, exercise_id=IDS[0], source=WHOLE),)
    keys, _ = press(state, "?")
    assert keys.page is Page.KEYS
    assert press(keys, "?")[0].page is Page.EXERCISE
    assert press(keys, "enter") == (replace(keys, page=Page.EXERCISE), ())


def test_quit_and_unknown_keys():
    """The key q quits; an unknown key does nothing."""
    assert press(untouched(), "q")[1] == (Quit(),)
    assert press(untouched(), "z") == (untouched(), ())


@pytest.mark.parametrize(
    ("keys", "line"), [("jjj", 3), ("jk", 0), (" ", 4), (" b", 0), ("G", 15), ("Gg", 0), ("kk", 0)]
)
def test_scrolling_stays_within_the_page(keys, line):
    """Lines, pages, top and bottom: never past the last line."""
    statement = (Message("\n".join(map(str, range(20)))),)
    state = replace(untouched(), statement=statement)
    state, _ = update(state, Resized(80, 10))

    assert press(state, *keys)[0].scroll == line


def test_line_to_open_is_that_of_the_first_finding():
    """It is the line of the first failed check, if the result is about the current file."""
    check = CheckResult(
        id="one::ops", axis="ops", verdict=Verdict.FAILED, message=Message("9 ops"), line=2
    )
    state = after_pass()
    failed = replace(state, results={IDS[0]: result(state=State.FAILED, checks=(check,))})
    assert line_to_open(failed) == 2
    assert line_to_open(replace(failed, source=b"x\n\ndef one():\n")) == 1
    exercise = replace(listed(IDS[0]), entry_points=("one",))
    named = replace(failed, exercises=(exercise, *failed.exercises[1:]))
    assert line_to_open(replace(named, source=b"x\n\ndef one():\n")) == 3
    assert line_to_open(replace(named, source=b"x\ndef one():\n    pass  # TODO: it\n")) == 3
    assert line_to_open(replace(named, source=None)) == 1
