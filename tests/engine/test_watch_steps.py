"""The loop's steps: what each event and key does to what is known, and what it asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from torchkata.result import CheckResult, ExerciseResult, Verdict
from torchkata.result import State as Outcome
from torchkata.watch.events import (
    Checking,
    Judge,
    Judged,
    Open,
    Page,
    Pause,
    Quit,
    Record,
    Reset,
    Resized,
    Saw,
    ShowHints,
    ShowSolution,
    Stop,
    Told,
    Woke,
    WriteReport,
)
from torchkata.watch.key_bindings import press
from torchkata.watch.pages import Look, line_of
from torchkata.watch.reducer import open_item, step
from torchkata.watch.state import Item, Question, State

LOOK = Look()
IDS = ("01_a/01_one", "01_a/02_two", "02_b/01_three")
HALF, WHOLE = b"def one(", b"def one():\n    return 1\n"


def item(id_: str) -> Item:
    chapter, _, stem = id_.partition("/")
    return Item(id=id_, name=stem[3:], chapter=chapter, file=f"exercises/{id_}.py")


def start(**known) -> State:
    state = State(items=tuple(map(item, IDS)), states=dict.fromkeys(IDS, "todo"), seed=7)
    return replace(state, looked=True, source=b"shipped", text="Task", **known)


def outcome(id_: str = IDS[0], state: Outcome = Outcome.PASSED, **more) -> ExerciseResult:
    chapter, _, stem = id_.partition("/")
    return ExerciseResult(id=id_, name=stem[3:], chapter=chapter, state=state, seconds=0.1, **more)


def saved(state: State, source: bytes | None, **more):
    return step(state, Saw(id=state.item.id, source=source, **more))


def judged(state: State, kind: Outcome = Outcome.PASSED):
    """The verdict on what runs now."""
    id_, source = state.job.id, state.source if state.job.id == state.item.id else b"other"
    return step(
        state, Judged(turn=state.job.turn, id=id_, source=source, result=outcome(id_, kind))
    )


def presses(state: State, *names: str):
    effects = ()
    for name in names:
        state, effects = press(state, name, LOOK)
    return state, effects


def after_pass() -> State:
    state, _ = judged(saved(start(), WHOLE)[0])
    return state


def test_save_is_judged_and_recorded():
    """A save asks for a judgement; its verdict is shown, remembered, and stays."""
    state, effects = saved(start(page=Page.HINTS), WHOLE)

    assert effects == (Judge(turn=1, id=IDS[0], source=WHOLE),)
    assert state.page is Page.EXERCISE
    state, effects = step(state, Checking(turn=1, check="speed"))
    assert state.job.check == "speed"
    state, effects = judged(state)
    assert effects == (Record(id=IDS[0], result=outcome(), source=WHOLE),)
    assert state.job is None
    assert state.passed
    assert state.at == 0, "the learner decides when to go on"


def test_newer_save_replaces_the_older_judgement():
    """The verdict of an older save is dropped when it comes all the same."""
    first, _ = saved(start(), WHOLE)

    second, effects = saved(first, WHOLE + b"#")

    assert effects == (Judge(turn=2, id=IDS[0], source=WHOLE + b"#"),)
    late = Judged(turn=1, id=IDS[0], source=WHOLE, result=outcome())
    assert step(second, late) == (second, ())
    assert step(second, Checking(turn=1, check="ops")) == (second, ())


def test_save_without_change_is_not_judged_again():
    """The same bytes change nothing, nor do those of the last verdict after a detour."""
    state = after_pass()
    assert saved(state, WHOLE) == (state, ())

    away, effects = saved(state, None)
    assert effects == (Stop(), Pause(2))
    back, effects = saved(away, WHOLE)
    assert effects == ()
    assert back.result == outcome()

    running, _ = saved(state, b"other")
    back, effects = saved(running, WHOLE)
    assert effects == (Stop(),)
    assert back.job is None


def test_gone_and_empty_files_get_a_moment():
    """A file that is gone is said to be; an empty one is judged; both only after a pause."""
    gone, _ = saved(start(), None)
    assert step(gone, Woke(1)) == (gone, ())
    assert gone.job is None

    empty, effects = saved(start(), b"")
    assert effects == (Stop(), Pause(1))
    _, effects = step(empty, Woke(1))
    assert effects == (Judge(turn=2, id=IDS[0], source=b""),)

    written, effects = saved(empty, WHOLE)
    assert effects == (Judge(turn=2, id=IDS[0], source=WHOLE),)
    assert step(written, Woke(1)) == (written, ())


def test_error_is_held_back_while_a_file_may_be_half_written():
    """A file that cannot be loaded shows after a pause, unless the other half comes."""
    state, _ = saved(start(), HALF)

    held, effects = judged(state, Outcome.ERROR)

    assert effects == (Pause(1),)
    assert held.result is None
    shown, effects = step(held, Woke(1))
    assert shown.result.state is Outcome.ERROR
    assert isinstance(effects[0], Record)
    whole, effects = saved(held, WHOLE)
    assert effects == (Judge(turn=2, id=IDS[0], source=WHOLE),)
    assert step(whole, Woke(1)) == (whole, ())


def test_file_that_cannot_be_judged_is_said_so():
    """A fault of the file shows instead of a verdict, and nothing is judged."""
    state, effects = saved(start(), None, fault="It is a folder.")

    assert state.fault == "It is a folder."
    assert effects == (Stop(), Pause(1))
    assert step(state, Woke(1)) == (state, ())
    assert presses(state, "enter")[1] == ()


def test_next_and_previous():
    """They move by one, stop what was judged, and say where the course ends."""
    state, effects = presses(saved(start(), WHOLE)[0], "n")
    assert effects == (Stop(), Open(IDS[1]))
    assert (state.at, state.job, state.source, state.looked) == (1, None, None, False)
    state, effects = presses(state, "p", "p")
    assert effects == ()
    assert "first" in state.notice
    state, effects = presses(state, "n", "n", "n")
    assert state.at == 2
    assert "last" in state.notice


def test_opened_file_is_looked_at():
    """What was judged before shows at once; what was not is judged."""
    state, _ = open_item(after_pass(), 1)
    state, effects = saved(state, b"two")
    assert effects == (Judge(turn=2, id=IDS[1], source=b"two"),)
    state, _ = open_item(state, 0)
    state, effects = saved(state, WHOLE)
    assert effects == ()
    assert state.result == outcome()
    assert step(state, Saw(id=IDS[1], source=b"late")) == (state, ())


def test_next_unfinished():
    """N skips what passes, goes round, and says when nothing is left."""
    state = start(states={IDS[0]: "todo", IDS[1]: "passed", IDS[2]: "failed"})

    assert presses(state, "N")[0].at == 2
    assert presses(state, "N", "N")[0].at == 0
    done = start(states=dict.fromkeys(IDS, "passed"))
    assert "no other" in presses(done, "N")[0].notice


def test_hints_come_one_level_at_a_time():
    """Each press shows one level more, up to the last, beginning where the learner left off."""
    state, effects = presses(start(), "h")
    assert effects == (ShowHints(id=IDS[0], level=1),)
    state, effects = presses(state, "h", "h", "h")
    assert effects == (ShowHints(id=IDS[0], level=3),)
    assert presses(start(hints={IDS[0]: 1}), "h")[1] == (ShowHints(id=IDS[0], level=2),)
    none = replace(start(), items=(replace(item(IDS[0]), hints=0),))
    assert "no hints" in presses(none, "h")[0].notice
    shown, _ = step(state, Told(page=Page.HINTS, body="text"))
    assert (shown.page, shown.body) == (Page.HINTS, "text")
    assert presses(shown, "escape")[0].page is Page.EXERCISE


def test_reset_asks():
    """Only a yes resets."""
    state, effects = presses(start(), "r")
    assert (state.question, effects) == (Question.RESET, ())
    assert presses(state, "y") == (replace(state, question=None), (Reset(IDS[0]),))
    for other in ("n", "enter", "escape", "r"):
        assert presses(state, other) == (replace(state, question=None), ())


def test_solution_asks_twice_before_a_pass():
    """Two yeses show it, and from then on it is shown without asking; after a pass at once."""
    state, effects = presses(start(), "s")
    assert state.question is Question.SOLUTION
    state, effects = presses(state, "y")
    assert (state.question, effects) == (Question.SOLUTION_AGAIN, ())
    assert presses(state, "n") == (replace(state, question=None), ())
    state, effects = presses(state, "y")
    assert effects == (ShowSolution(IDS[0]),)
    assert presses(state, "s")[1] == (ShowSolution(IDS[0]),)
    assert presses(after_pass(), "s")[1] == (ShowSolution(IDS[0]),)
    assert presses(start(seen=frozenset({IDS[0]})), "s")[1] == (ShowSolution(IDS[0]),)


def test_list_filters_by_typing_and_jumps():
    """Every character narrows the list, q too; Enter goes to the chosen exercise."""
    state, _ = presses(start(), "l")
    assert state.found == (0, 1, 2)
    state, effects = presses(state, "0", "2", "_", "q")
    assert (state.found, effects) == ((), ())
    assert presses(state, "enter") == (state, ())
    state, _ = presses(state, "backspace", "backspace", "backspace", "backspace")
    state, _ = presses(state, "a", "down", "down", "down", "up")
    assert (state.found, state.cursor) == ((0, 1), 0)
    state, effects = presses(state, "end", "enter")
    assert effects == (Open(IDS[1]),)
    assert (state.at, state.page, state.filter) == (1, Page.EXERCISE, "")
    assert presses(start(), "l", "x", "escape")[0].page is Page.EXERCISE
    by_state = start(states={IDS[0]: "passed", IDS[1]: "todo", IDS[2]: "passed"})
    assert presses(by_state, "l", *"passed")[0].found == (0, 2)


def test_save_leaves_the_list_open():
    """A learner who looks for something is not pulled away."""
    state, effects = saved(presses(start(), "l")[0], WHOLE)

    assert state.page is Page.LIST
    assert isinstance(effects[0], Judge)


def started_two() -> State:
    return start(states={IDS[0]: "failed", IDS[1]: "not judged yet", IDS[2]: "todo"})


def test_all_judges_what_is_started():
    """One after the other, with one seed; an untouched exercise is left alone."""
    state, effects = presses(started_two(), "a")
    assert effects == (Judge(turn=1, id=IDS[0], seed=8),)
    assert state.page is Page.ALL
    state, effects = judged(state, Outcome.ERROR)
    assert effects[1:] == (Judge(turn=2, id=IDS[1], seed=8),)
    state, effects = judged(state)
    assert [type(effect) for effect in effects] == [Record]
    assert state.done == IDS[:2]
    assert state.states[IDS[0]] == "error", "no moment of grace: nobody is saving"
    assert "Nothing" in presses(start(), "a")[0].notice


def test_save_comes_before_all():
    """A file that is saved meanwhile is judged first; then the others go on."""
    state, _ = presses(started_two(), "a")
    state, _ = judged(state)

    state, effects = saved(state, WHOLE)

    assert effects == (Judge(turn=3, id=IDS[0], source=WHOLE),)
    assert state.queue == (IDS[1],)
    state, effects = judged(state)
    assert effects[1] == Judge(turn=4, id=IDS[1], seed=8)
    state, effects = presses(state, "n")
    assert effects == (Open(IDS[1]),), "moving on stops nothing"
    assert state.job.quiet


def test_escape_stops_all():
    """On the page of all it stops the judging; the verdicts so far stay."""
    state, _ = presses(started_two(), "a")

    stopped, effects = presses(state, "escape")

    assert effects == (Stop(),)
    assert (stopped.queue, stopped.job) == ((), None)
    assert presses(stopped, "escape")[0].page is Page.EXERCISE


def test_report_judges_everything_and_is_written():
    """All exercises are judged with one seed; then the report is asked for, once."""
    state, effects = presses(start(), "w")
    for _ in IDS:
        state, effects = judged(state)
    assert effects[-1] == WriteReport()
    assert not state.report
    assert set(state.results) == set(IDS)
    told, _ = step(state, Told(notice="The report is written: x"))
    assert told.notice
    assert presses(told, "g")[0].notice == "", "the next key takes the notice away"


def test_enter_judges_again_and_question_mark_shows_keys():
    """Enter on the verdict judges the same file again; on another page it goes back."""
    state, effects = presses(after_pass(), "enter")
    assert effects == (Judge(turn=2, id=IDS[0], source=WHOLE),)
    keys, _ = presses(state, "?")
    assert keys.page is Page.KEYS
    assert presses(keys, "?")[0].page is Page.EXERCISE
    assert presses(keys, "enter") == (replace(keys, page=Page.EXERCISE), ())


def test_quit_and_unknown_keys():
    """The key q leaves; a key without a meaning does nothing."""
    assert presses(start(), "q")[1] == (Quit(),)
    assert presses(start(), "z") == (start(), ())


@pytest.mark.parametrize(
    ("keys", "place"), [("jjj", 3), ("jk", 0), (" ", 4), (" b", 0), ("G", 15), ("Gg", 0), ("kk", 0)]
)
def test_scrolling_stays_within_the_page(keys, place):
    """Lines, pages, top and bottom: never beyond the last line."""
    text = "\n".join(map(str, range(20)))
    state = replace(start(), text=text)
    state, _ = step(state, Resized(80, 10))

    assert presses(state, *keys)[0].scroll == place


def test_old_verdict_of_a_failed_check_points_to_its_line():
    """The file's line is where the first finding points, if the verdict is about this file."""
    check = CheckResult(
        id="one::ops", axis="ops", verdict=Verdict.FAILED, message="9 ops (line 2: 9 x add)"
    )
    state = after_pass()
    found = replace(state, results={IDS[0]: outcome(state=Outcome.FAILED, checks=(check,))})
    assert line_of(found) == 2
    assert line_of(replace(found, source=b"x\n\ndef one():\n")) == 1
    named = replace(found, items=(replace(item(IDS[0]), entries=("one",)), *found.items[1:]))
    assert line_of(replace(named, source=b"x\n\ndef one():\n")) == 3
    assert line_of(replace(named, source=b"x\ndef one():\n    pass  # TODO: it\n")) == 3
    assert line_of(replace(named, source=None)) == 1
