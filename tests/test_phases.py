"""Phases of an extra feature: boundaries to four digits, candidates against optima, and what counts as which phase."""

import numpy as np
import pytest
import xarray as xr

from tegum import DescentSettings, find_optima
from tegum.ground.errors import InputError
from tegum.phases import (
    DEDICATED,
    IGNORED,
    SUPERPOSED,
    TRIANGLE,
    candidate_losses,
    pair_loss,
    phase_grid,
    phase_of,
    superposition_boundary,
    triangle_loss,
)
from tegum.theory import feature_variance

BOUNDARY = {
    0.01: 0.0043,
    0.03: 0.0133,
    0.05: 0.0227,
    0.1: 0.0487,
    0.2: 0.1138,
    0.3: 0.2047,
    0.4: 0.3373,
    0.5: 0.5357,
}
P, I = "feature_probability", "relative_importance"  # noqa: E741
MIRROR = {IGNORED: DEDICATED, DEDICATED: IGNORED, SUPERPOSED: SUPERPOSED}


class TestBoundary:
    @pytest.mark.parametrize(("p", "importance"), BOUNDARY.items())
    def test_four_digits(self, p, importance) -> None:
        assert superposition_boundary(p) == pytest.approx(importance, abs=5.0001e-5)

    @pytest.mark.parametrize("p", [0.02, 0.15, 0.45, 0.55])
    def test_is_where_the_two_losses_meet(self, p) -> None:
        star = superposition_boundary(p)
        assert float(pair_loss([p], [star])[0]) == pytest.approx(star * float(feature_variance(p)), rel=1e-7)

    def test_rare_features_are_superposed_at_any_ratio(self) -> None:
        """I* is proportional to p, below the p/2 of unit weights."""
        first, second = superposition_boundary(1e-3), superposition_boundary(1e-4)
        assert first / second == pytest.approx(10, rel=2e-3)
        assert second / 1e-4 < 0.5

    @pytest.mark.parametrize("p", [0.05, 0.3])
    def test_mirrored_at_one_over_it(self, p) -> None:
        star = superposition_boundary(p)
        losses = candidate_losses(2, [p], [star * 0.99, star * 1.01, 0.99 / star, 1.01 / star])["loss"]
        best = losses.idxmin("candidate").values.ravel().tolist()
        assert best == [IGNORED, SUPERPOSED, SUPERPOSED, DEDICATED]

    @pytest.mark.parametrize("p", [0.0, -0.1, 0.56, 0.6, 1.0])
    def test_out_of_range(self, p) -> None:
        with pytest.raises(InputError, match=rf"must lie in \(0, 0.55\]; got {p:g}"):
            superposition_boundary(p)


class TestCandidates:
    @pytest.mark.parametrize(
        ("p", "pair", "triangle"),
        [(0.03, 0.0307, 0.0345), (0.1, 0.1077, 0.1216), (0.3, 0.3782, 0.4219), (0.6, 0.8901, 0.8544)],
    )
    def test_losses_over_the_variance(self, p, pair, triangle) -> None:
        assert float(triangle_loss([p], [1.0])[0] / feature_variance(p)) == pytest.approx(triangle, abs=1e-4)
        if p < 0.6:  # from there on the pair alone is another solution than beside a third feature
            assert float(pair_loss([p], [1.0])[0] / feature_variance(p)) == pytest.approx(pair, abs=1e-4)

    def test_exchange_of_the_two_features(self) -> None:
        """A pair of importances (1, I) costs I times one of (1, 1/I)."""
        values = np.array([0.2, 0.5, 0.8])
        np.testing.assert_allclose(pair_loss([0.1] * 3, values), values * pair_loss([0.1] * 3, 1 / values), rtol=1e-6)

    def test_no_pair_where_it_collapses(self) -> None:
        assert np.isinf(pair_loss([0.6], [0.3])[0])
        assert np.isinf(triangle_loss([0.1], [0.001])[0])

    @pytest.mark.parametrize("n", [2, 3])
    def test_never_below_the_optimum_and_seldom_above(self, n) -> None:
        probabilities, importances = [0.02, 0.1, 0.3], [0.05, 0.4, 1.0, 4.0]
        lowest = candidate_losses(n, probabilities, importances)["loss"].min("candidate")
        optima = find_optima(phase_grid(n, probabilities, importances), DescentSettings(n_starts=12))
        ratio = (lowest / optima["loss"].isel(model=0)).values
        assert ratio.min() > 1 - 1e-7
        assert (ratio < 1 + 1e-4).mean() > 0.9

    def test_triangle_among_those_of_three(self) -> None:
        losses = candidate_losses(3, [0.1, 0.6], [1.0])["loss"]
        assert losses.dims == (P, I, "candidate")
        assert losses.idxmin("candidate").values.ravel().tolist()[1] == TRIANGLE
        assert losses.sizes["candidate"] == 5

    @pytest.mark.parametrize("n", [1, 4])
    def test_other_sizes_are_refused(self, n) -> None:
        for call in (phase_grid, candidate_losses):
            with pytest.raises(InputError, match=f"2 features in 1 dimension and 3 in 2; got n_features={n}"):
                call(n, [0.1], [1.0])


class TestPhaseOf:
    @pytest.mark.parametrize(
        ("W", "phase"),
        [
            ([[1.0], [0.0]], IGNORED),
            ([[1.0], [-0.29]], IGNORED),
            ([[1.0], [-0.6]], SUPERPOSED),
            ([[-0.6], [1.0]], SUPERPOSED),
            ([[0.0], [1.0]], DEDICATED),
            ([[0.2], [1.0]], DEDICATED),
            ([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], DEDICATED),
            ([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], SUPERPOSED),
            ([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], IGNORED),
            ([[1.0, 0.0], [-0.5, 0.87], [-0.5, -0.87]], SUPERPOSED),
        ],
    )
    def test_known_answers(self, W, phase) -> None:
        data = xr.Dataset({"W": (("model", "feature", "hidden"), [W]), "loss": ("model", [1.0])})
        assert phase_of(data).item() == phase

    def test_of_the_lowest_loss_model_of_each_cell(self) -> None:
        pair, alone = [[1.0], [-1.0]], [[1.0], [0.0]]
        data = xr.Dataset(
            {
                "W": ((P, "model", "feature", "hidden"), [[pair, alone], [pair, alone]]),
                "loss": ((P, "model"), [[1.0, 2.0], [2.0, 1.0]]),
            },
            {P: [0.1, 0.5]},
        )
        assert phase_of(data).values.tolist() == [SUPERPOSED, IGNORED]

    def test_of_the_optima_it_is_mirrored(self) -> None:
        star = superposition_boundary(0.1)
        values = [0.8 * star, 1.3 * star, 1.0, 1 / (1.3 * star), 1 / (0.8 * star)]
        phases = phase_of(find_optima(phase_grid(2, [0.1], values), DescentSettings(n_starts=8))).values[0].tolist()
        assert phases == [IGNORED, SUPERPOSED, SUPERPOSED, SUPERPOSED, DEDICATED]
        assert [MIRROR[phase] for phase in phases[::-1]] == phases
