"""The parts of a sweep that decide: the board, the meter and the locks, on a clock that the test turns."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegum import FileError, Progress
from tegum.sweeps import locks
from tegum.sweeps.board import Board
from tegum.sweeps.locks import Locks, Owner
from tegum.sweeps.progress import Meter, SweepProgress, in_words, sweep_listener

WORK = {"a": 1, "b": 2, "c": 3, "d": 4}


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_board_hands_out_every_task_once_in_order():
    board = Board(WORK, found=["b"])
    assert [board.next(0), board.next(0), board.next(0), board.next(0)] == ["a", "c", "d", None]
    for key in "acd":
        board.start(key)
    assert not board.is_over
    for key in "acd":
        board.finish(key)
    assert board.is_over
    assert (board.work_done, board.all_work, board.n_missing) == (10, 10, 0)


def test_tasks_of_others_come_after_ones_own_and_are_looked_at_again_later():
    board = Board(WORK, found=["c", "d"])
    assert board.next(0) == "a"
    board.leave_to_others("a", 0)
    assert board.next(0) == "b"
    board.leave_to_others("b", 0)
    assert board.next(0.1) is None
    assert not board.is_over
    assert board.next(10) == "a"
    board.finish("a")
    assert board.next(10) == "b"
    board.finish("b")
    assert board.is_over


def test_a_failed_task_is_not_tried_again():
    board = Board(WORK, found=[])
    for _ in WORK:
        key = board.next(0)
        board.start(key)
        board.fail(key)
    assert board.is_over
    assert board.next(99) is None
    assert board.failed == set(WORK)


@given(st.lists(st.sampled_from(["finish", "fail", "leave"]), min_size=4, max_size=60), st.integers(1, 4))
def test_however_tasks_end_none_is_lost_or_done_twice(fates, room):
    board, now, ended = Board(WORK, found=[]), 0.0, []
    for fate in fates:
        now += 1
        while len(board.running) < room and (key := board.next(now)) is not None:
            if fate == "leave":
                board.leave_to_others(key, now)
                break
            board.start(key)
        if board.running:
            key = min(board.running)
            ended.append(key)
            (board.fail if fate == "fail" else board.finish)(key)
        assert board.n_missing == len(WORK) - len(ended)
        assert board.is_over == (len(ended) == len(WORK))
    assert len(ended) == len(set(ended))


def test_the_meter_weighs_tasks_by_their_work():
    board = Board(WORK, found=["a"])
    meter = Meter(board, now=100.0)
    start = meter.read(100.0, {})
    assert (start.done, start.total, start.rate, start.seconds_left) == (1, 4, 0.0, None)
    for key in "bcd":
        board.next(0)
        board.start(key)
    half = meter.read(110.0, {"b": 0.5, "c": 0.0, "d": 0.5, "a": 1.0})
    assert half.share == pytest.approx((1 + 1 + 2) / 10)
    assert half.seconds_left == pytest.approx(10 * 6 / 3)  # 3 units took 10 s, and 6 are left
    board.finish("b")
    board.fail("c")
    later = meter.read(120.0, {})
    assert (later.done, later.failed) == (2, 1)
    assert later.rate == pytest.approx(1 / 20)
    board.finish("d")
    assert meter.read(130.0, {}).seconds_left == 0
    assert meter.read(130.0, {}).share == 1


def test_progress_in_words():
    assert in_words(SweepProgress(done=0, total=7)) == "0 of 7 tasks"
    now = SweepProgress(done=3, total=7, failed=2, rate=2.0, seconds_left=4000.0)
    assert in_words(now) == "3 of 7 tasks, 2 failed, 120 a minute, 1:06:40 left"


def test_a_listener_gets_progress_and_a_pipe_gets_nothing(capsys: pytest.CaptureFixture[str]):
    told: list[Progress] = []
    with sweep_listener(told.append) as tell:
        tell(SweepProgress(done=1, total=2))
    with sweep_listener(progress=True) as tell:
        tell(SweepProgress(done=1, total=2))
    assert told == [SweepProgress(done=1, total=2)]
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with sweep_listener(progress=True) as tell:
        tell(SweepProgress(done=1, total=2, share=0.5, seconds_left=61.0))
    assert "1 of 2 tasks" in capsys.readouterr().err


ELSEWHERE = Owner("another-machine", 17, "boot:1")


def test_one_owner_at_a_time(tmp_path: Path):
    mine, yours = Locks(tmp_path / "locks"), Locks(tmp_path / "locks", me=ELSEWHERE)
    assert mine.claim("k")
    assert not yours.claim("k")
    mine.release("k")
    assert yours.claim("k")
    yours.release_all()
    assert not list((tmp_path / "locks").iterdir())


def test_a_lock_of_a_process_that_ended_here_is_taken_over_at_once(tmp_path: Path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    me = Owner.this_process()
    assert not me.is_dead()
    assert Locks(tmp_path, me=Owner(me.host, ended.pid, "-")).claim("k")
    assert Locks(tmp_path).claim("k")


def test_a_later_process_with_the_same_number_is_another_one():
    me = Owner.this_process()
    if me.born == "-":
        pytest.skip("this system does not say when a process began")
    assert me._replace(born="earlier").is_dead()


def test_a_lock_from_elsewhere_is_taken_over_when_it_shows_no_sign_of_life(tmp_path: Path):
    clock = Clock()
    mine, theirs = Locks(tmp_path, clock=clock), Locks(tmp_path, clock=clock, me=ELSEWHERE)
    assert theirs.claim("k")
    for _ in range(30):  # it beats
        clock.now += locks.BEAT + 1
        os.utime(tmp_path / "k", (clock.now, clock.now))  # coarse file times may not show two beats of one moment
        theirs.beat()
        assert not mine.claim("k")
    clock.now += locks.PATIENCE - 1
    assert not mine.claim("k")
    clock.now += 2
    assert mine.claim("k")
    assert not theirs.claim("k")
    theirs.beat()  # it comes back to life and finds its lock gone


def test_beats_are_rare(tmp_path: Path):
    clock = Clock()
    mine = Locks(tmp_path, clock=clock)
    assert mine.claim("k")
    os.utime(tmp_path / "k", (0, 0))
    clock.now += locks.BEAT / 2
    mine.beat()
    assert (tmp_path / "k").stat().st_mtime == 0
    clock.now += locks.BEAT
    mine.beat()
    assert (tmp_path / "k").stat().st_mtime > 0


def test_a_lock_that_was_never_written_to_the_end_goes_stale_soon(tmp_path: Path):
    clock = Clock()
    (tmp_path / "k").write_text("")
    mine = Locks(tmp_path, clock=clock)
    assert not mine.claim("k")
    clock.now += 11
    assert mine.claim("k")
    assert Owner.parse("three words here") is None


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot write"):
        Locks(tmp_path / "file").claim("k")
