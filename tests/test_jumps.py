"""The detector of jumps and drops: what it finds, what it leaves alone, and what it refuses."""

import numpy as np
import pytest

from tegum.ground.errors import InputError, ShapeError
from tegum.measure import drop_places, find_jumps, steepest_drops


def sigmoid(place: float, width: float, n: int = 200) -> np.ndarray:
    return 1 / (1 + np.exp(-(np.arange(n) - place) / width))


class TestJumps:
    def test_nothing_changes(self) -> None:
        assert find_jumps(np.full((200, 6), 0.5)) == []

    def test_a_drift_is_no_jump_however_far(self) -> None:
        assert find_jumps(np.linspace(0, 1, 200)[:, None]) == []

    def test_two_features_that_jump_together_are_one_jump(self) -> None:
        values = np.zeros((200, 3))
        values[:, 0], values[:, 2] = 0.5 * sigmoid(100, 1), 0.3 * sigmoid(101, 1)
        (jump,) = find_jumps(values)
        assert jump.features == (0, 2)
        assert abs(jump.record - 100) <= 2
        assert jump.first < 100 < jump.last
        assert 0.3 < jump.size <= 0.5

    def test_two_jumps_apart_are_two(self) -> None:
        values = 0.4 * (sigmoid(50, 1) + sigmoid(150, 1))[:, None]
        assert [round(jump.record, -1) for jump in find_jumps(values)] == [50, 150]

    def test_falls_count_as_rises_do(self) -> None:
        values = 0.4 * sigmoid(80.2, 2)[:, None]
        up, down = find_jumps(values), find_jumps(1 - values)
        assert [jump[:4] for jump in up] == [jump[:4] for jump in down]

    @pytest.mark.parametrize(("step", "found"), [(0.049, 0), (0.051, 1)])
    def test_the_threshold(self, step: float, found: int) -> None:
        assert len(find_jumps(step * (np.arange(200) >= 100)[:, None])) == found

    def test_the_window_is_a_share_of_the_records(self) -> None:
        values = 0.3 * sigmoid(100, 8)[:, None]
        assert find_jumps(values, window=0.015) == []
        assert len(find_jumps(values, window=0.2)) == 1

    def test_shorter_than_a_window(self) -> None:
        assert find_jumps(np.zeros((1, 2))) == []
        assert len(find_jumps([[0.0], [1.0]])) == 1

    def test_at_the_ends(self) -> None:
        values = np.zeros((200, 1))
        values[0], values[-1] = 0.2, 0.2
        first, last = find_jumps(values)
        assert first.first == 0
        assert last.last == 199

    def test_refusals(self) -> None:
        with pytest.raises(ShapeError, match="one run at a time"):
            find_jumps(np.zeros(5))
        with pytest.raises(InputError, match=r"a window in \(0, 1\]"):
            find_jumps(np.zeros((5, 1)), window=0)
        with pytest.raises(InputError, match="must be finite"):
            find_jumps([[np.nan], [0.0]])


class TestDrops:
    def test_the_steepest_come_first_and_apart(self) -> None:
        loss = np.exp(-3 * sigmoid(50, 1) - 1 * sigmoid(120, 1) - 2 * sigmoid(160, 1))
        assert np.abs(steepest_drops(loss)[[0, 1, 2]] - [50, 160, 120]).max() <= 1

    def test_one_fall_is_counted_once(self) -> None:
        found = steepest_drops(np.exp(-5 * sigmoid(100, 3)), 3)
        assert np.diff(np.sort(found)).min() >= 5

    def test_the_scale_of_the_loss_does_not_matter(self) -> None:
        loss = np.exp(-1.1 * sigmoid(60.2, 2) - sigmoid(140.2, 2))
        assert steepest_drops(loss).tolist() == steepest_drops(1e-6 * loss).tolist()

    @pytest.mark.parametrize("n_records", range(12))
    def test_places_are_those_that_can_be_found(self, n_records: int) -> None:
        loss = np.linspace(2, 1, n_records) if n_records else np.empty(0)
        found = steepest_drops(loss, 99)
        assert set(found) <= set(drop_places(n_records))
        assert (len(found) > 0) == (len(drop_places(n_records)) > 0)

    def test_every_place_can_be_found(self) -> None:
        for place in drop_places(20):
            loss = np.where(np.arange(20) < place, 1.0, 0.1)
            assert steepest_drops(loss, 1, smoothing=1).tolist() == [place]

    def test_refusals(self) -> None:
        with pytest.raises(InputError, match="losses above 0"):
            steepest_drops([1.0, 0.0, 1.0])
        with pytest.raises(InputError, match="odd smoothing"):
            steepest_drops([1.0, 1.0], smoothing=4)
        with pytest.raises(ShapeError, match="one run at a time"):
            steepest_drops(np.ones((2, 9)))
