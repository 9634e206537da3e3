"""A logistic curve through successes at several places, and where it crosses a level."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, stdtrit

_MOST_STEPS = 100
_RIDGE = 1e-3  # keeps the slope finite where one place has all successes and the next has none


class Tally(NamedTuple):
    """Codes that were sampled, one entry each: the place, and how many of their samples succeeded."""

    place: np.ndarray
    hits: np.ndarray

    def extended(self, place: float, hits: np.ndarray) -> "Tally":
        """With more codes at a place."""
        return Tally(np.append(self.place, np.full(len(hits), place)), np.append(self.hits, hits))


class Curve(NamedTuple):
    """ln(q/(1-q)) = height + slope (u - centre), with two covariances of (height, slope).

    The first is that of independent samples, the second that over codes. The second is the right one, but where every
    sample is as expected it is 0, which no one should believe; an interval has to satisfy both.
    """

    centre: float
    height: float
    slope: float
    covariances: tuple[np.ndarray, np.ndarray]
    n_codes: int

    def where(self, share: float) -> float:
        """The u at which the curve has this value."""
        return self.centre + (float(logit(share)) - self.height) / self.slope

    def crossing(self, level: float, confidence: float) -> tuple[float, float]:
        """All u at which the curve may have the value, by Fieller's theorem: low and high end, which may be infinite.

        u is kept if height + slope (u - centre) differs from ln(level/(1-level)) by at most t standard errors. If the
        slope itself may be 0, nothing is ruled out.
        """
        t2 = float(stdtrit(self.n_codes - 2, (1 + confidence) / 2)) ** 2
        ends = [self._crossing(level, t2 * covariance) for covariance in self.covariances]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def _crossing(self, level: float, allowed: np.ndarray) -> tuple[float, float]:
        (v_hh, v_hs), (_, v_ss) = allowed
        above = self.height - float(logit(level))
        a, b, c = self.slope**2 - v_ss, above * self.slope - v_hs, above**2 - v_hh
        discriminant = b * b - a * c
        if a <= 0 or discriminant < 0:
            return -math.inf, math.inf
        root = math.sqrt(discriminant)
        return self.centre + (-b - root) / a, self.centre + (-b + root) / a


def fit(tally: Tally, n_samples: int) -> Curve:
    """The curve of highest likelihood, with the covariance over codes (a "sandwich"), whose samples may depend.

    Args:
        tally: at least three codes, at two places or more.
        n_samples: samples of each code.

    Source:
        Liang and Zeger 1986, Longitudinal data analysis using generalized linear models.
    """
    n_codes, centre = len(tally.place), float(tally.place.mean())
    scale = float(tally.place.std())
    design = np.stack([np.ones(n_codes), (tally.place - centre) / scale], axis=1)
    ridge = _RIDGE * np.eye(2)
    theta = np.zeros(2)
    for _ in range(_MOST_STEPS):
        share = expit(design @ theta)
        information = (design * (n_samples * share * (1 - share))[:, None]).T @ design + ridge
        step = np.linalg.solve(information, design.T @ (tally.hits - n_samples * share) - ridge @ theta)
        theta += step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-10:
            break
    share = expit(design @ theta)
    information = (design * (n_samples * share * (1 - share))[:, None]).T @ design + ridge
    scores = design * (tally.hits - n_samples * share)[:, None]
    inverse = np.linalg.inv(information)
    over_codes = inverse @ (scores.T @ scores) @ inverse * n_codes / (n_codes - 2)
    unscale = np.diag([1.0, 1 / scale])
    covariances = unscale @ inverse @ unscale, unscale @ over_codes @ unscale
    return Curve(centre, float(theta[0]), float(theta[1]) / scale, covariances, n_codes)
