"""The compiled loop of orthogonal matching pursuit: all of it happens between correlations, none in hidden space.

With q_t the orthonormalised directions chosen so far, row t of `rows` holds q_t · W_i for every feature i. A newly
chosen feature j gives

    q · W_i = (G_ji - Σ_s (q_s · W_j) (q_s · W_i)) / R,    R² = G_jj - Σ_s (q_s · W_j)²,

and its amount q · h = c_j / R takes correlations c_i = W_i · r to c_i - (q · h) (q · W_i). So a step costs n additions
per feature chosen before, where products with the residual would cost n m.
"""

from typing import Any

from tegum.ground.compiled import compiled, compiled_door


@compiled_door
def pursue(correlations: Any, gram: Any, least: float, rows: Any, factor: Any, amounts: Any, order: Any) -> None:
    """Choose as many features as `order` has columns for each row of `correlations`, which is used up.

    Args:
        correlations: (n_samples, n_features), W_i · h.
        gram: (n_features, n_features).
        least: share of R² below which a direction counts as dependent on those chosen before.
        rows: (n_active, n_features), room.
        factor: (n_samples, n_active, n_active), out: q_s · W_j of the j chosen at t, at [t, s]; R at [t, t].
        amounts: (n_samples, n_active), out: q_t · h.
        order: (n_samples, n_active), out: the features in the order of their choice, -1 where none was left to choose.
    """
    for a in range(correlations.shape[0]):
        start = 0.0  # the largest correlation at the start; below `least` of it there is nothing left to explain
        for t in range(order.shape[1]):
            c = correlations[a]
            j = _largest(c)
            start = max(start, abs(c[j]))
            square = gram[j, j]
            for s in range(t):
                square -= rows[s, j] * rows[s, j]
            if abs(c[j]) <= least * start or square <= least * gram[j, j]:
                break
            root = square**0.5
            order[a, t] = j
            for s in range(t):
                factor[a, t, s] = rows[s, j]
            factor[a, t, t] = root
            amounts[a, t] = c[j] / root
            _add_row(gram[j], rows, factor[a, t], t, root, c, amounts[a, t])
            c[j] = 0


@compiled
def _largest(c: Any) -> int:
    best, most = 0, abs(c[0])
    for i in range(1, c.size):
        if abs(c[i]) > most:
            best, most = i, abs(c[i])
    return best


@compiled
def _add_row(gram: Any, rows: Any, f: Any, t: int, root: float, c: Any, amount: float) -> None:
    """Fill row t and take its share out of the correlations; four earlier rows at a time, to read the new one less."""
    new, n = rows[t], c.size
    for i in range(n):
        new[i] = gram[i]
    for s in range(0, t - 3, 4):
        f0, f1, f2, f3 = f[s], f[s + 1], f[s + 2], f[s + 3]
        r0, r1, r2, r3 = rows[s], rows[s + 1], rows[s + 2], rows[s + 3]
        for i in range(n):
            new[i] -= (f0 * r0[i] + f1 * r1[i]) + (f2 * r2[i] + f3 * r3[i])
    for s in range(t - t % 4, t):
        f0, r0 = f[s], rows[s]
        for i in range(n):
            new[i] -= f0 * r0[i]
    inverse = 1 / root
    for i in range(n):
        new[i] *= inverse
        c[i] -= amount * new[i]
