"""Claims about linear against ReLU output: statistics of the lowest-loss models, and their windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from tegum.experiments.base import Data, Finding
from tegum.experiments.starts import N_GROUPS, groups, in_groups, over_groups, weights
from tegum.experiments.statistics import (
    bias,
    dimensionality,
    largest,
    least,
    loss_ratio,
    loss_ratio_estimate,
    n_represented,
    partners,
    represented,
)
from tegum.experiments.verdict import Part, always, within
from tegum.geometry import gram
from tegum.ground.estimate import group_estimate
from tegum.measure import feature_norm
from tegum.theory import linear_loss

N, M = 20, 5  # the sizes for which the criteria were fixed
# Runs of the theory: features with norm > 1/2, and loss over the linear optimum, by p.
COUNTS = {1.0: 5, 0.3: 7, 0.1: 9, 0.03: 10, 0.01: 11, 0.003: 13}
RATIOS = {1.0: 1.00, 0.3: 0.779, 0.1: 0.446, 0.03: 0.243, 0.01: 0.194, 0.003: 0.159}


def judge(data: Data) -> list[Finding]:
    """The claims of this experiment, from the stored datasets."""
    relu = data["relu"]
    return [
        Finding(claim="s3.linear-keeps-top-m", parts=_keeps_top(data["linear"]), figure="linear-gram"),
        Finding(claim="s3.relu-dense-top-m", parts=_dense(_at(relu, 1.0)), figure="relu-norms"),
        Finding(claim="s3.relu-represents-more", parts=_represents_more(relu), figure="represented"),
        Finding(claim="s3.early-superposition", parts=_early(_at(relu, 0.3)), figure="relu-gram"),
        Finding(claim="s3.sparse-regime", parts=_sparse(relu), figure="relu-gram"),
        Finding(claim="s1.antipodal-observed", parts=_antipodal(relu), figure="relu-gram"),
    ]


def _at(data: xr.Dataset, p: float) -> xr.Dataset:
    return data.sel(feature_probability=p)


def _keeps_top(linear: xr.Dataset) -> list[Part]:
    parts = []
    for p in linear["feature_probability"].values.tolist():
        cell, mean = _at(linear, p), p / 2
        for name, statistic, low, high in (
            ("largest deviation of the diagonal of G from 1 (first 5) or 0", _diagonal_deviation, -np.inf, 0.05),
            ("largest off-diagonal entry of G", _off_diagonal, -np.inf, 0.05),
            (
                "largest |bias| of a kept feature / (p/2)",
                lambda a, mean=mean: np.abs(bias(a)[:M]).max() / mean,
                -np.inf,
                0.1,
            ),
            ("smallest bias of an ignored feature / (p/2)", lambda a, mean=mean: bias(a)[M:].min() / mean, 0.9, np.inf),
            ("largest bias of an ignored feature / (p/2)", lambda a, mean=mean: bias(a)[M:].max() / mean, -np.inf, 1.1),
            ("exact loss / optimum", _exact_linear_ratio, 0.99, 1.03),
        ):
            parts.append(within(f"{name}, p = {p:g}", over_groups(cell, statistic), low, high))
    return parts


def _diagonal_deviation(model: xr.Dataset) -> float:
    return float(np.abs(np.diag(gram(weights(model))) - (np.arange(N) < M)).max())


def _off_diagonal(model: xr.Dataset) -> float:
    G = gram(weights(model))
    return float(np.abs(G - np.diag(np.diag(G))).max())


def _exact_linear_ratio(model: xr.Dataset) -> float:
    loss = linear_loss(
        weights(model),
        bias(model),
        feature_probability=model["probabilities"].values,
        importance=model["importances"].values,
    )
    return float(loss / model["linear_optimum"])


def _dense(cell: xr.Dataset) -> list[Part]:
    return [
        always(
            f"represented are exactly the first {M}",
            in_groups(cell, lambda a: represented(a).tolist() == list(range(M))),
        ),
        within("|W|² (Frobenius)", over_groups(cell, lambda a: float((weights(a) ** 2).sum())), 4.8, 5.2),
        within("loss / linear optimum", loss_ratio_estimate(cell), 0.97, 1.03),
    ]


def _represents_more(relu: xr.Dataset) -> list[Part]:
    ps = relu["feature_probability"].values.tolist()
    parts = []
    for p in ps:
        cell = _at(relu, p)
        parts.append(
            within(f"features represented, p = {p:g}", over_groups(cell, n_represented), COUNTS[p] - 1, COUNTS[p] + 1)
        )
        parts.append(within(f"loss / linear optimum, p = {p:g}", loss_ratio_estimate(cell), high=1.05 * RATIOS[p]))
    by_p = [groups(_at(relu, p)) for p in ps]
    parts.append(_ordered("the number represented does not fall as p falls", n_represented, by_p, strictly=False))
    parts.append(_ordered("loss / linear optimum falls as p falls", lambda a: -loss_ratio(a), by_p, strictly=True))
    return parts


def _ordered(name: str, statistic: Any, by_p: Sequence[Sequence[xr.Dataset]], *, strictly: bool) -> Part:
    """Smallest rise of a statistic from one p to the next, the groups of starts compared rank by rank."""
    rises = [min(np.diff([statistic(models[g]) for models in by_p])) for g in range(N_GROUPS)]
    part = within(name, group_estimate(float(rises[0]), rises), low=1e-9 if strictly else 0.0)
    return Part(name=f"smallest step: {name}", condition=part.condition, measured=part.measured, verdict=part.verdict)


def _shared(model: xr.Dataset) -> np.ndarray:
    """D of a feature and its partner together, for each represented feature after the first three."""
    D = dimensionality(model)
    return (D + D[partners(model)[1]])[3:]


def _mutual(model: xr.Dataset) -> bool:
    _, partner = partners(model)
    return bool((partner[partner] == np.arange(len(partner)))[3:].all())


def _early(cell: xr.Dataset) -> list[Part]:
    return [
        within(
            "least dimensionality of the first three features",
            over_groups(cell, lambda a: least(dimensionality(a)[:3])),
            0.95,
        ),
        always("the first three are represented", in_groups(cell, lambda a: represented(a)[:3].tolist() == [0, 1, 2])),
        within(
            "largest cosine of another feature to its partner",
            over_groups(cell, lambda a: largest(partners(a)[0][3:], 1.0)),
            high=-0.95,
        ),
        always("each is its partner's partner", in_groups(cell, _mutual)),
        within("least dimensionality of a pair", over_groups(cell, lambda a: least(_shared(a))), 0.98, 1.02),
        within("largest dimensionality of a pair", over_groups(cell, lambda a: largest(_shared(a))), 0.98, 1.02),
    ]


def _sparse(relu: xr.Dataset) -> list[Part]:
    parts = []
    for p in (p for p in relu["feature_probability"].values.tolist() if p <= 0.01):
        cell = _at(relu, p)
        parts.append(
            within(
                f"largest dimensionality, p = {p:g}", over_groups(cell, lambda a: largest(dimensionality(a))), high=0.9
            )
        )
        parts.append(
            within(f"pairs with G > 0.1 and both biases < -0.03, p = {p:g}", over_groups(cell, _positive_pairs), low=1)
        )
    return parts


def _positive_pairs(model: xr.Dataset) -> float:
    counted = (feature_norm(weights(model)) > 0.5) & (bias(model) < -0.03)
    overlapping = gram(weights(model)) > 0.1
    return float(np.triu(overlapping & counted[:, None] & counted[None, :], 1).sum())


def _antipodal(relu: xr.Dataset) -> list[Part]:
    def count(model: xr.Dataset) -> float:
        return float((partners(model)[0] < -0.9).sum())

    return [
        within("features with a partner of cosine < -0.9, p = 1", over_groups(_at(relu, 1.0), count), high=0),
        within("features with a partner of cosine < -0.9, p = 0.3", over_groups(_at(relu, 0.3), count), low=2),
    ]
