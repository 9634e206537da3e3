"""What a toy model is asked to do."""

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from tegum.ground.errors import InputError
from tegum.ground.record import FrozenRecord, plain_number
from tegum.problem import dependence
from tegum.problem.dependence import Correlation, Parents, Sets
from tegum.problem.profiles import PerFeature, expand

_QUIET = (
    "tied", "target", "correlated_sets", "exclusive_sets", "parents", "correlation", "n_training_samples",
    "unit_inputs",
)  # fmt: skip


class Problem(FrozenRecord):
    """Store n_features sparse features in n_hidden dimensions and read them off again.

    Feature i is present with probability `feature_probability`_i, independently of the others unless a field says
    how they depend on each other, and then has a random magnitude of its own. With inputs x, weights W (n_features,
    n_hidden) and bias b, the model computes h = x W (or ReLU(x W)) and x' = ReLU(h W^T + b) (or without ReLU), and its
    loss is E sum_i I_i (x_i - x'_i)^2 with importances I. An untied model reads out
    with a matrix of its own, h W_out^T + b.

    Args:
        n_features: number of features n.
        n_hidden: number of hidden dimensions m; superposition needs n > m.
        feature_probability: chance p that a feature is present, in [0, 1]: one number, one per feature, or a profile.
        importance: weight I of a feature's squared error, >= 0, in the same three forms.
        magnitude: distribution of a present feature: "uniform" on [0, 1], "signed_uniform" on [-1, 1], "boolean" (1).
        output: non-linearity of the output layer, "relu" or "linear".
        hidden: non-linearity of the hidden layer, "linear" or "relu" (a privileged basis).
        tied: whether W also reads out. If not, W_out (n_features, n_hidden) is trained beside it.
        target: what x' is compared with: the features x ("identity") or their sizes |x| ("absolute"), which is
            another task only if features have both signs.
        correlated_sets: sets of features that are always present together, with magnitudes of their own; the
            features of a set have the same probability. Features in no set are independent.
        exclusive_sets: sets of features of which at most one is present: the set is on with probability g p, g its size
            and p the feature_probability of its members, and then holds one member, each equally often. A feature is
            in one set at most, of either kind.
        parents: pairs (child, parent), or a mapping from child to parent: a child is present only if its parent is, and
            its feature_probability is that given that the parent is present. The features of a set have one parent.
        correlation: of a Gaussian copula, instead of sets and parents: feature i is present if z_i < Φ⁻¹(p_i), z
            normal with this correlation between all pairs, in (-1/(n-1), 1), or with this matrix of correlations.
        n_training_samples: size T of a training set: every step sees the T samples that would be the first batch, and
            `TrainSettings.batch_size` is not used; the loss is still that on fresh samples. None: a fresh batch each
            step.
        unit_inputs: scale each sample to Euclidean length 1; a sample in which nothing is present stays 0.

    Raises:
        InputError: a value is out of range, has the wrong length, or a key is unknown.

    Example:
        >>> problem = Problem(n_features=20, n_hidden=5, feature_probability=0.05)
        >>> problem
        Problem(n_features=20, n_hidden=5, feature_probability=0.05, importance=1.0, magnitude='uniform',
        output='relu', hidden='linear')
        >>> problem == Problem.from_json(problem.to_json())
        True

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section "Demonstrating superposition".
    """

    n_features: int = Field(ge=1)
    n_hidden: int = Field(ge=1)
    feature_probability: PerFeature
    importance: PerFeature = 1.0
    magnitude: Literal["uniform", "signed_uniform", "boolean"] = "uniform"
    output: Literal["relu", "linear"] = "relu"
    hidden: Literal["linear", "relu"] = "linear"
    tied: bool = Field(default=True, strict=True)
    target: Literal["identity", "absolute"] = "identity"
    correlated_sets: Sets = ()
    exclusive_sets: Sets = ()
    parents: Parents = ()
    correlation: Correlation = None
    n_training_samples: Annotated[int | None, BeforeValidator(plain_number)] = Field(default=None, ge=1, le=2**24)
    unit_inputs: bool = Field(default=False, strict=True)

    def __init__(self, /, **fields: Any) -> None:
        super().__init__(**fields)

    @model_validator(mode="after")
    def _check_features(self) -> Self:
        p, importances = self.probabilities, self.importances
        _refuse(p, ~((p >= 0) & (p <= 1)), "feature_probability must lie in [0, 1]", "For a sparsity S, pass 1 - S.")
        _refuse(importances, ~(importances >= 0), "importance must not be negative", "Use 0 for a feature to ignore.")
        _refuse(importances, np.isinf(importances), "importance must be finite", "Choose a profile that grows less.")
        self._check_dependence(p)
        if self.target == "absolute" and self.magnitude != "signed_uniform":
            raise InputError(
                f"target='absolute' needs features of both signs, or |x| is x; got magnitude={self.magnitude!r}. "
                "Use magnitude='signed_uniform'."
            )
        return self

    def _check_dependence(self, p: np.ndarray) -> None:
        sets = (*self.correlated_sets, *self.exclusive_sets)
        dependence.check_sets(p, self.correlated_sets, self.exclusive_sets)
        dependence.check_parents(self.n_features, self.parents, sets)
        dependence.check_correlation(self.n_features, self.correlation)
        if self.correlation is not None and (sets or self.parents):
            raise InputError(
                "correlation describes the dependence of all features; it cannot be combined with correlated_sets, "
                "exclusive_sets or parents. Leave out the one or the others."
            )

    def __repr_args__(self) -> Any:
        # what nearly every problem has empty would only be in the way
        quiet = {name for name in _QUIET if getattr(self, name) == type(self).model_fields[name].default}
        return [(name, value) for name, value in super().__repr_args__() if name not in quiet]

    @property
    def groups(self) -> list[tuple[int, ...]]:
        """Features that are present together: the correlated sets, and every other feature alone."""
        listed = {feature for members in self.correlated_sets for feature in members}
        return [*filter(None, self.correlated_sets), *((i,) for i in range(self.n_features) if i not in listed)]

    @property
    def probabilities(self) -> np.ndarray:
        """Chance p of each feature, float64 (n_features,)."""
        return expand(self.feature_probability, self.n_features, "feature_probability")

    @property
    def marginal_probabilities(self) -> np.ndarray:
        """Chance that each feature is present whatever the others do, float64 (n_features,).

        It is p, but for a feature with parents p times the p of each ancestor.
        """
        return dependence.marginals(self.probabilities, self.parents)

    @property
    def empty_probability(self) -> float:
        """Chance that no feature is present; with a `correlation`, what it would be without."""
        return dependence.empty_probability(self.probabilities, self.correlated_sets, self.exclusive_sets, self.parents)

    @property
    def importances(self) -> np.ndarray:
        """Importance I of each feature, float64 (n_features,)."""
        return expand(self.importance, self.n_features, "importance")


def _refuse(values: np.ndarray, wrong: np.ndarray, expected: str, hint: str) -> None:
    for i in np.flatnonzero(wrong)[:1]:
        raise InputError(f"{expected}; got {values[i]:g} for feature {i}. {hint}")
