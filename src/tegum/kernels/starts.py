"""Where descents on the exact loss begin: structured arrangements and random ones."""

import numpy as np

from tegum.geometry.polytopes import polygon, simplex
from tegum.ground import streams
from tegum.problem import DescentSettings

_RANDOM_NORM, _RANDOM_BIAS = 0.8, 0.1


def structured_starts(n_features: int, n_hidden: int) -> np.ndarray:
    """W of arrangements that are often optimal, (n_arrangements, n_features, n_hidden).

    The first or the last features alone; antipodal pairs, nested (first with last) or of neighbours from either end;
    and all features as a polygon or simplex.

    Example:
        >>> structured_starts(2, 1)[:, :, 0].tolist()
        [[1.0, 0.0], [0.0, 1.0], [1.0, -1.0], [-1.0, 1.0]]
    """
    n, m = n_features, n_hidden
    features = list(range(n))
    paired = features[: 2 * m]
    arrangements = [
        _on_axes([[i] for i in features[:m]], n, m),
        _on_axes([[i] for i in features[::-1][:m]], n, m),
        _on_axes([list(pair) for pair in zip(paired, paired[::-1], strict=True)][: (len(paired) + 1) // 2], n, m),
        _on_axes([features[i : i + 2] for i in range(0, n, 2)][:m], n, m),
        _on_axes([features[::-1][i : i + 2] for i in range(0, n, 2)][:m], n, m),
    ]
    if n == m + 1:
        arrangements.append(simplex(m))
    elif m >= 2 and n >= 3:
        arrangements.append(np.pad(polygon(n), [(0, 0), (0, m - 2)]))
    distinct = {arrangement.tobytes(): arrangement for arrangement in arrangements}
    return np.stack(list(distinct.values()))


def _on_axes(groups: list[list[int]], n: int, m: int) -> np.ndarray:
    """One feature or antipodal pair on each axis."""
    W = np.zeros((n, m))
    for axis, group in enumerate(groups):
        for sign, feature in zip((1.0, -1.0), dict.fromkeys(group), strict=False):
            W[feature, axis] = sign
    return W


def descent_starts(n_features: int, n_hidden: int, settings: DescentSettings, seed: int) -> np.ndarray:
    """Starts laid out flat (W, then bias), (n_starts, n_features * n_hidden + n_features).

    At most half of them are structured, slightly shaken so that none sits on a saddle; random ones have rows of
    norm about 0.8 and biases of about 0.1.
    """
    n, m = n_features, n_hidden
    structured = structured_starts(n, m)[: settings.n_starts // 2] if settings.structured else []
    starts = np.empty((settings.n_starts, n * m + n))
    for s in range(settings.n_starts):
        rng = streams.generator(seed, s, "descent starts")
        if s < len(structured):
            W, bias = structured[s] + 0.02 * rng.standard_normal((n, m)), 0.02 * rng.standard_normal(n)
        else:
            W = _RANDOM_NORM / np.sqrt(m) * rng.standard_normal((n, m))
            bias = _RANDOM_BIAS * rng.standard_normal(n)
        starts[s] = np.concatenate([W.ravel(), bias])
    return starts
