"""Can a network of a published size compute all ANDs of its features? The table of the realistic regime."""

from collections.abc import Sequence
from typing import NamedTuple

from tegum.theory.and_design import (
    best_averaging,
    coverage_probability,
    covering_connection_probability,
    required_neurons,
)
from tegum.theory.gaussian_and import best_gaussian_bias, product_noise

DICTIONARY_SIZES = (500, 4096, 16384, 131072)
"""Numbers of features that were read off 512 neurons of a language model."""


class RegimeRow(NamedTuple):
    """What n features, k of them on, ask of a universal AND with m neurons.

    Args:
        n_features: n.
        n_active: k.
        connection_probability: q that leaves half a pair uncovered.
        active_inputs: k q, active features per neuron, which should be far below 1.
        covered: share of pairs that are covered if k q is held at ε.
        averaging_error: least error of an average with one feature on, over all q.
        product_noise: noise of Gaussian neurons with the best bias.
        required: neurons for error ε.

    Example: see `regime_table`.
    """

    n_features: int
    n_active: int
    connection_probability: float
    active_inputs: float
    covered: float
    averaging_error: float
    product_noise: float
    required: float


def regime_table(
    n_neurons: int = 512,
    *,
    n_features: Sequence[int] = DICTIONARY_SIZES,
    n_active: Sequence[int] = (10, 20),
    error: float = 0.25,
    n_uncovered: float = 0.05,
) -> list[RegimeRow]:
    """Whether universal AND is possible at given sizes: with 512 neurons it is not.

    Args:
        n_neurons: m.
        n_features: numbers of features.
        n_active: numbers of active features.
        error: ε, for the required neurons and for the coverage at k q = ε.
        n_uncovered: η, expected number of pairs that are not covered, for the required neurons.

    Returns:
        A row for each pair of sizes, k first.

    Raises:
        InputError: a size outside its range.

    Example: to cover all pairs, every neuron would have one to four active inputs.
        >>> for row in regime_table():
        ...     print(row.n_active, row.n_features, round(row.active_inputs, 2), round(row.covered, 3), row.required)
        10 500 1.55 0.274 23561.0
        10 4096 1.79 0.274 30292.0
        10 16384 1.93 0.274 34727.0
        10 131072 2.12 0.274 41379.0
        20 500 3.1 0.077 94264.0
        20 4096 3.58 0.077 121193.0
        20 16384 3.86 0.077 138938.0
        20 131072 4.24 0.077 165553.0

    Source:
        Sizes as in Bricken et al. 2023, Towards Monosemanticity.
    """
    return [_row(n_neurons, n, k, error, n_uncovered) for k in n_active for n in n_features]


def _row(m: int, n: int, k: int, error: float, n_uncovered: float) -> RegimeRow:
    q = float(covering_connection_probability(n, m))
    return RegimeRow(
        n_features=n,
        n_active=k,
        connection_probability=q,
        active_inputs=k * q,
        covered=float(coverage_probability(m, error / k)),
        averaging_error=float(best_averaging(m, k).error),
        product_noise=float(product_noise(m, k, best_gaussian_bias()[0])),
        required=float(required_neurons(n, k, error=error, n_uncovered=n_uncovered)),
    )
