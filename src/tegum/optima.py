"""Layer 6: the optima of the exact loss of a problem or a grid of problems, as a labelled dataset."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import xarray as xr

from tegum.ground.progress import Listener, Progress, listener
from tegum.kernels.interface import Law, Optima, architecture
from tegum.problem import DescentSettings, Grid, Problem
from tegum.store.layout import assemble_optima


def find_optima(
    problem: Problem | Grid,
    settings: DescentSettings | None = None,
    *,
    seed: int = 0,
    law: Law | None = None,
    progress: bool | Listener = False,
) -> xr.Dataset:
    """Optima of the expected loss, computed instead of sampled.

    From each start a quasi-Newton descent runs to a stationary point. Ends that agree up to rotation, signs and the
    order of features are one optimum.

    Args:
        problem: a problem with ReLU output and linear hidden layer, or a grid of them.
        settings: number of starts, optima to keep, tolerances.
        seed: the one integer behind the random starts; all cells share them.
        law: from probabilities (n_cells, n_features) to the law of present features, if it is not the one that the
            problems state.
        progress: True shows a bar on standard error (if it is a terminal); a function is called with a `Progress`.

    Returns:
        Dataset like that of `train`, whose dimension `model` counts distinct optima, the lowest first: W, bias, loss
        (infinite where there are fewer optima), `frequency` (share of starts that ended there), `gradient` (largest
        entry of the gradient of loss / loss of the answer 0) and `curvature` (smallest eigenvalue of its Hessian, which
        rotations of the hidden space keep at 0 for m > 1); and `losses` (grid..., start), where every start ended.

    Raises:
        InputError: another kind of model, or too many features present together (see DescentSettings.most_active).

    Example: two features in one dimension, sparse: an antipodal pair.
        >>> data = find_optima(Problem(n_features=2, n_hidden=1, feature_probability=0.1), DescentSettings(n_starts=8))
        >>> float(data["loss"][0].round(6)), abs(data["W"][0].values.round(2)).tolist()
        (0.003319, [[1.01], [1.01]])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section on phase changes; the exact loss is ours
        (docs/exact.md).
    """
    from tegum.kernels.exact import check_problems, find  # numba takes its time to load

    grid = problem if isinstance(problem, Grid) else Grid(problem)
    settings = settings or DescentSettings()
    cells = grid.cells()
    check_problems(cells)
    found: list[Optima | None] = [None] * len(cells)
    finished = 0
    with listener(progress, "optima") as tell:
        for members in _alike(cells):
            before = finished
            optima = find(
                [cells[i] for i in members], settings, seed=seed, law=law,
                tell=lambda done, before=before: tell(Progress(before + done, len(cells))),
            )  # fmt: skip
            finished += len(members)
            for place, i in enumerate(members):
                found[i] = Optima(*(column[place] for column in optima))
    return assemble_optima(grid, settings, [optimum for optimum in found if optimum is not None], seed=seed)


def _alike(cells: Sequence[Problem]) -> Iterable[list[int]]:
    """Indices of cells that one call of the kernel can take."""

    def kind(i: int) -> tuple[object, ...]:
        cell = cells[i]
        return (*architecture(cell), cell.magnitude, cell.correlated_sets, cell.exclusive_sets, cell.parents)

    for _, members in groupby(sorted(range(len(cells)), key=lambda i: (*map(str, kind(i)), i)), key=kind):
        yield list(members)
