"""The table of measures: what each one is, what leaves it unchanged, and values that are known exactly.

The tests walk this table. Every claimed invariance is tried on random weights, and every one that is not claimed must
be violated by some weights, so the table says neither too much nor too little. The reference is made from it too.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

import numpy as np

from tegum.geometry import cross_polytope, icosahedron, polygon, simplex
from tegum.ground.arrays import ArrayLike
from tegum.measure.directions import (
    dimensions_per_feature,
    feature_dimensionality,
    feature_norm,
    frame_potential,
    n_represented,
    total_dimensionality,
)
from tegum.measure.entry import Invariance, KnownValue, Measure
from tegum.measure.interference import interference
from tegum.measure.neurons import excited_neurons, n_monosemantic
from tegum.measure.overlaps import antipodal_partner, coherence, mean_square_overlap, signed_coherence

ALL: frozenset[Invariance] = frozenset(get_args(Invariance))

ELHAGE = "Elhage et al. 2022, Toy Models of Superposition"

ARRANGEMENTS: Mapping[str, np.ndarray] = MappingProxyType(
    {
        "orthonormal basis": np.eye(3),
        "digon": polygon(2),
        "triangle": polygon(3),
        "square": polygon(4),
        "pentagon": polygon(5),
        "tetrahedron": simplex(3),
        "octahedron": cross_polytope(3),
        "icosahedron": icosahedron(),
        "digon, one half twice as long": np.array([[2.0], [-1.0]]),
        "zero": np.zeros((3, 2)),
    }
)


def _known(values: Mapping[str, ArrayLike]) -> tuple[KnownValue, ...]:
    return tuple(KnownValue(name, ARRANGEMENTS[name], expected) for name, expected in values.items())


_TABLE = (
    Measure(
        function=feature_norm,
        symbol="|W_i|",
        unit="length",
        per="feature",
        limits=(0.0, math.inf),
        invariances=ALL - {"scale"},
        source=f"{ELHAGE}, Demonstrating Superposition",
        known_values=_known({"pentagon": 1, "digon, one half twice as long": [2, 1], "zero": 0}),
    ),
    Measure(
        function=interference,
        symbol="Σ_{j≠i} (Ŵ_i · W_j)²",
        unit="length²",
        per="feature",
        limits=(0.0, math.inf),
        invariances=ALL - {"scale"},
        source=f"{ELHAGE}, Demonstrating Superposition",
        known_values=_known(
            {
                "orthonormal basis": 0,
                "digon": 1,
                "triangle": 1 / 2,
                "pentagon": 3 / 2,
                "digon, one half twice as long": [1, 4],
                "zero": 0,
            }
        ),
    ),
    Measure(
        function=feature_dimensionality,
        symbol="D_i",
        unit="1",
        per="feature",
        limits=(0.0, 1.0),
        invariances=ALL,
        source=f"{ELHAGE}, The Geometry of Superposition",
        known_values=_known(
            {
                "orthonormal basis": 1,
                "digon": 1 / 2,
                "triangle": 2 / 3,
                "square": 1 / 2,
                "pentagon": 2 / 5,
                "tetrahedron": 3 / 4,
                "octahedron": 1 / 2,
                "icosahedron": 1 / 4,
                "digon, one half twice as long": [4 / 5, 1 / 5],
                "zero": 0,
            }
        ),
    ),
    Measure(
        function=total_dimensionality,
        symbol="Σ_i D_i",
        unit="hidden dimensions",
        per="model",
        limits=(0.0, math.inf),
        invariances=ALL,
        source="Scherlis et al. 2022, Polysemanticity and Capacity in Neural Networks",
        known_values=_known(
            {"orthonormal basis": 3, "digon": 1, "triangle": 2, "pentagon": 2, "icosahedron": 3, "zero": 0}
        ),
    ),
    Measure(
        function=dimensions_per_feature,
        symbol="D*",
        unit="hidden dimensions / length²",
        per="model",
        limits=(0.0, math.inf),
        invariances=ALL - {"scale", "zero column"},
        source=f"{ELHAGE}, The Geometry of Superposition",
        known_values=_known(
            {"orthonormal basis": 1, "pentagon": 2 / 5, "octahedron": 1 / 2, "icosahedron": 1 / 4, "zero": math.inf}
        ),
    ),
    Measure(
        function=n_represented,
        symbol="#{i : |W_i| > 1/2}",
        unit="features",
        per="model",
        limits=(0.0, math.inf),
        invariances=ALL - {"scale"},
        source=f"{ELHAGE}, Demonstrating Superposition",
        known_values=_known({"pentagon": 5, "icosahedron": 12, "zero": 0}),
    ),
    Measure(
        function=frame_potential,
        symbol="Σ_ij G_ij²",
        unit="length⁴",
        per="model",
        limits=(0.0, math.inf),
        invariances=ALL - {"scale"},
        source="Benedetto and Fickus 2003, Finite normalized tight frames",
        known_values=_known(
            {
                "orthonormal basis": 3,
                "triangle": 9 / 2,
                "pentagon": 25 / 2,
                "icosahedron": 48,
                "digon, one half twice as long": 25,
                "zero": 0,
            }
        ),
    ),
    Measure(
        function=mean_square_overlap,
        symbol="mean_{i≠j} cos²_ij",
        unit="1",
        per="model",
        limits=(0.0, 1.0),
        invariances=ALL,
        source="Welch 1974, Lower bounds on the maximum cross correlation of signals",
        known_values=_known(
            {
                "orthonormal basis": 0,
                "digon": 1,
                "triangle": 1 / 4,
                "pentagon": 3 / 8,
                "tetrahedron": 1 / 9,
                "icosahedron": 3 / 11,
                "zero": 0,
            }
        ),
    ),
    Measure(
        function=coherence,
        symbol="μ",
        unit="1",
        per="model",
        limits=(0.0, 1.0),
        invariances=ALL,
        source="Donoho and Elad 2003, Optimally sparse representation in general (nonorthogonal) dictionaries",
        known_values=_known(
            {
                "orthonormal basis": 0,
                "digon": 1,
                "triangle": 1 / 2,
                "pentagon": (1 + math.sqrt(5)) / 4,
                "tetrahedron": 1 / 3,
                "icosahedron": 1,
                "zero": 0,
            }
        ),
    ),
    Measure(
        function=signed_coherence,
        symbol="μ₊",
        unit="1",
        per="model",
        limits=(-1.0, 1.0),
        invariances=ALL - {"sign"},
        source="Rankin 1955, The closest packing of spherical caps in n dimensions",
        known_values=_known(
            {
                "orthonormal basis": 0,
                "digon": -1,
                "triangle": -1 / 2,
                "pentagon": (math.sqrt(5) - 1) / 4,
                "tetrahedron": -1 / 3,
                "octahedron": 0,
                "icosahedron": 1 / math.sqrt(5),
                "zero": 0,
            }
        ),
    ),
    Measure(
        function=antipodal_partner,
        symbol="min_{j≠i} cos_ij",
        unit="1",
        per="feature",
        limits=(-1.0, 1.0),
        invariances=ALL - {"sign"},
        source=f"{ELHAGE}, The Geometry of Superposition",
        known_values=_known(
            {
                "orthonormal basis": 0,
                "digon": -1,
                "triangle": -1 / 2,
                "pentagon": -(1 + math.sqrt(5)) / 4,
                "octahedron": -1,
                "zero": 0,
            }
        ),
    ),
    Measure(
        function=n_monosemantic,
        symbol="#{a : #{i : |W_ia| > t max_j |W_ja|} = 1}",
        unit="neurons",
        per="model",
        limits=(0.0, math.inf),
        invariances=ALL - {"rotation"},
        source=f"{ELHAGE}, Superposition in a Privileged Basis",
        known_values=_known({"orthonormal basis": 3, "octahedron": 0, "digon, one half twice as long": 0, "zero": 0}),
    ),
    Measure(
        function=excited_neurons,
        symbol="#{a : W_ia > t max_b W_ib}",
        unit="neurons",
        per="feature",
        limits=(0.0, math.inf),
        invariances=ALL - {"rotation", "sign"},
        source="Ours",
        known_values=_known({"orthonormal basis": 1, "digon, one half twice as long": [1, 0], "zero": 0}),
    ),
)

MEASURES: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in _TABLE})
"""Every measure by its name."""
