"""Claims about learned and random directions: their statistics and windows."""

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.starts import over_groups, weights
from tegum.experiments.verdict import Part, within
from tegum.geometry import overlap, unit_rows
from tegum.ground.estimate import STANDARD_ERRORS_99, Estimate, mean_estimate
from tegum.measure import antipodal_partner, frame_potential, mean_square_overlap
from tegum.theory import welch_bound
from tegum.theory.equivalent_size import equivalent_dimensions

_LEAST = 1e-9
_SMALL, _DOUBLE = "n20-m5-k1", "n100-m50-k5"


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    small, double = data[_SMALL], data[_DOUBLE]
    return [
        Finding(
            claim="s1.learned-vs-random",
            parts=[
                within("random over learned loss, (20, 5, 1)", _ratio(small), 1.5, 2.2),
                within("random over learned loss, (100, 50, 5)", _ratio(double), 5, 8.5),
                within("equivalent dimensions over m, (100, 50, 5)", _equivalent(double), 3, 5.5),
                *(
                    within(f"least frame potential over n²/m, {name}", _potential(cell), low=1 - _LEAST)
                    for name, cell in (("(20, 5, 1)", small), ("(100, 50, 5)", double))
                ),
            ],
            figure="loss",
        ),
        Finding(claim="tegum.learned-tight", parts=_tight(small), figure="overlaps"),
        Finding(claim="tegum.learned-pairs", parts=_pairs(double), figure="overlaps"),
    ]


def _learned(cell: xr.Dataset) -> Estimate:
    """Loss per feature of the lowest-loss model, over groups of starts, widened by the error of the samples."""
    n = cell.sizes["feature"]
    spread = over_groups(cell, lambda a: float(a["loss"]) / n)
    error = STANDARD_ERRORS_99 * float(cell["loss_standard_error"].max()) / n
    return Estimate(
        low=max(spread.low - error, _LEAST), best=max(spread.best, _LEAST), high=spread.high + error, n=spread.n
    )


def _ratio(cell: xr.Dataset) -> Estimate:
    learned, random = _learned(cell), mean_estimate(cell["code_loss"].sel(kind="random").values)
    return Estimate(
        low=random.low / max(learned.high, _LEAST), best=random.best / learned.best, high=random.high / learned.low,
        n=random.n,
    )  # fmt: skip


def _equivalent(cell: xr.Dataset) -> Estimate:
    learned, n, m = _learned(cell), cell.sizes["feature"], cell.sizes["hidden"]
    p = float(cell["probabilities"].mean())
    low, best, high = (float(x) / m for x in equivalent_dimensions(n, p, [learned.high, learned.best, learned.low]))
    return Estimate(low=low, best=best, high=high, n=learned.n)


def _potential(cell: xr.Dataset) -> Estimate:
    """Of all models, not only the best: the bound is a theorem."""
    n, m = cell.sizes["feature"], cell.sizes["hidden"]
    W = unit_rows(cell["W"].transpose("model", "feature", "hidden").values.astype(np.float64))
    values = np.sort(np.asarray(frame_potential(W)) * m / n**2)
    return Estimate(low=float(values[0]), best=float(values[0]), high=float(values[-1]), n=len(values))


def _tight(cell: xr.Dataset) -> list[Part]:
    n, m = cell.sizes["feature"], cell.sizes["hidden"]
    least = float(welch_bound(n, m))

    def overlaps(model: xr.Dataset) -> np.ndarray:
        return overlap(weights(model))[~np.eye(n, dtype=bool)]

    def smallest(model: xr.Dataset) -> float:
        return float(overlaps(model).min())

    def both_ends(model: xr.Dataset) -> float:
        return float(overlaps(model).max()) + smallest(model)

    rms = over_groups(cell, lambda a: float(np.sqrt(mean_square_overlap(weights(a)))) / least)
    return [
        within("RMS overlap over Welch's bound, (20, 5, 1)", rms, high=1.05),
        within("smallest overlap, (20, 5, 1)", over_groups(cell, smallest), high=-0.6),
        within("largest plus smallest overlap, (20, 5, 1)", over_groups(cell, both_ends), high=0.0),
    ]


def _pairs(cell: xr.Dataset) -> list[Part]:
    p = float(cell["probabilities"].mean())
    share = over_groups(cell, lambda a: float((np.asarray(antipodal_partner(weights(a))) < -0.9).mean()))
    learned = _learned(cell)
    over = Estimate(low=learned.low / p**2, best=learned.best / p**2, high=learned.high / p**2, n=learned.n)
    return [
        within("share of features with an antipodal partner, (100, 50, 5)", share, low=0.9),
        within("learned loss per feature over p², (100, 50, 5)", over, 0.9, 1.3),
    ]
