"""The table of decoders: what each of them is, knows and gives. Tests, the harness and the documentation read it."""

from collections.abc import Callable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from tegum.decoders.lasso import fista, ista
from tegum.decoders.message_passing import amp
from tegum.decoders.one_shot import (
    linear,
    posterior_mean,
    pseudo_inverse,
    scaled_linear,
    shifted_relu,
    threshold,
    top_k,
)
from tegum.decoders.pursuit import omp
from tegum.decoders.signals import Features
from tegum.decoders.thresholding import iht
from tegum.ground.arrays import ArrayLike
from tegum.ground.errors import InputError


class Decoder(NamedTuple):
    """Facts about one decoder.

    Args:
        title: what it does, in a few words.
        function: called as function(h, W, n_active=k or feature_probability=p, **options).
        options: those that make the function this decoder.
        needs_load: whether it must know k or p.
        binary: whether it takes for granted that an active feature is 1.
        gives: "values", "chances" that a feature is active, or its "support" as 0 and 1.
        iterative: whether it looks at its own reconstruction; else it looks at h once.
        source: where it was described.
        risk: its name in `theory.RISKS`, or None if its expected loss has no closed form.
    """

    title: str
    function: Callable[..., Features]
    options: Mapping[str, Any]
    needs_load: bool
    binary: bool
    gives: Literal["values", "chances", "support"]
    iterative: bool
    source: str
    risk: str | None = None


_FILTER = "Matched filter; risks in tegum.theory"
_AMP = "Donoho, Maleki and Montanari 2009, Message-passing algorithms for compressed sensing"
_ISTA = "Daubechies, Defrise and De Mol 2004, An iterative thresholding algorithm for linear inverse problems"
_FISTA = "Beck and Teboulle 2009, A fast iterative shrinkage-thresholding algorithm"
_OMP = "Pati, Rezaiifar and Krishnaprasad 1993, Orthogonal matching pursuit"
_IHT = "Blumensath and Davies 2010, Normalized iterative hard thresholding"


def _one_shot(
    title: str,
    function: Callable[..., Features],
    gives: Any,
    risk: str | None,
    load: bool,
    binary: bool,
    **options: Any,
) -> Decoder:
    return Decoder(title, function, MappingProxyType(options), load, binary, gives, False, _FILTER, risk)


def _iterative(
    title: str, function: Callable[..., Features], gives: Any, source: str, load: bool, binary: bool, **options: Any
) -> Decoder:
    return Decoder(title, function, MappingProxyType(options), load, binary, gives, True, source)


DECODERS: Mapping[str, Decoder] = MappingProxyType(
    {
        "linear": _one_shot("read-out", linear, "values", "linear", False, False),
        "scaled_linear": _one_shot(
            "read-out times its best factor", scaled_linear, "values", "scaled_linear", False, False
        ),
        "pseudo_inverse": _one_shot(
            "solution of least norm", pseudo_inverse, "values", "pseudo_inverse", False, False
        ),
        "relu": _one_shot("ReLU of the read-out", shifted_relu, "values", "relu", False, False, shift=0.0, gain=1.0),
        "shifted_relu": _one_shot(
            "ReLU with the best shift", shifted_relu, "values", "shifted_relu", True, True, gain=1.0
        ),
        "gained_relu": _one_shot(
            "ReLU with the best shift and gain", shifted_relu, "values", "gained_relu", True, True
        ),
        "threshold": _one_shot("read-out above ½", threshold, "support", "threshold", False, True, level="half"),
        "map_threshold": _one_shot(
            "more likely active than not", threshold, "support", "map_threshold", True, True, level="map"
        ),
        "best_threshold": _one_shot(
            "threshold with the fewest wrong features", threshold, "support", "best_threshold", True, True, level="best"
        ),
        "posterior_mean": _one_shot(
            "chance of being active, given the read-out", posterior_mean, "chances", "posterior_mean", True, True
        ),
        "top_k": _one_shot("k largest read-outs", top_k, "support", None, True, False),
        "top_k_pseudo_inverse": _one_shot(
            "k largest entries of the solution of least norm", top_k, "support", None, True, False,
            read_out="pseudo_inverse",
        ),
        "omp": _iterative("orthogonal matching pursuit", omp, "values", _OMP, True, False),
        "iht": _iterative("iterative hard thresholding, normalised", iht, "values", _IHT, True, False),
        "ista": _iterative("lasso by proximal gradient", ista, "values", _ISTA, False, False),
        "fista": _iterative("lasso by accelerated proximal gradient", fista, "values", _FISTA, False, False),
        "fista_non_negative": _iterative(
            "the same over x ≥ 0", fista, "values", _FISTA, False, False, non_negative=True
        ),
        "amp_soft": _iterative(
            "message passing with a soft threshold", amp, "values", _AMP, False, False, denoiser="soft"
        ),
        "amp_soft_non_negative": _iterative(
            "the same over x ≥ 0", amp, "values", _AMP, False, False, denoiser="soft_non_negative"
        ),
        "amp_bayes": _iterative(
            "message passing with the posterior mean", amp, "chances", _AMP, True, True, denoiser="posterior_mean"
        ),
    }
)  # fmt: skip
"""Every decoder by its name; one-shot decoders are called as their risks in `theory.RISKS`."""


def decode(
    name: str,
    h: ArrayLike,
    W: ArrayLike,
    *,
    n_active: float | None = None,
    feature_probability: float | None = None,
    **options: Any,
) -> Features:
    """Features read from hidden vectors by a decoder of the table `DECODERS`.

    Args:
        name: of the decoder.
        h: (n_samples, n_hidden), real: sums of the directions of active features.
        W: (n_features, n_hidden), one direction per feature.
        n_active: k, features active in each sample. Ignored by decoders that need not know it.
        feature_probability: p, if features are present independently instead.
        **options: further ones of the decoder's function.

    Returns:
        (n_samples, n_features); float32 if both arrays are, else float64.

    Raises:
        InputError: an unknown name, an option that it does not have, or what its function refuses.
        ShapeError: the shapes do not fit.

    Example:
        >>> import numpy as np
        >>> W = np.array([[1, 0], [0, 1], [0.6, -0.8]])
        >>> decode("linear", W[:1] + W[1:2], W).round(3)
        array([[ 1. ,  1. , -0.2]])
        >>> decode("omp", W[:1] + W[1:2], W, n_active=2).round(3) + 0.0
        array([[1., 1., 0.]])
    """
    if name not in DECODERS:
        raise InputError(f"there is no decoder {name!r}; expected one of {', '.join(DECODERS)}")
    decoder = DECODERS[name]
    keywords = {p.name for p in signature(decoder.function).parameters.values() if p.kind is p.KEYWORD_ONLY}
    known = keywords - {"n_active", "feature_probability"} - set(decoder.options)
    for option in options:
        if option not in known:
            fixed = f"; {option} makes it what it is" if option in decoder.options else ""
            has = f"its options are {', '.join(sorted(known))}" if known else "it has no options"
            raise InputError(f"the decoder {name!r} does not take {option!r}{fixed}; {has}")
    return decoder.function(
        h, W, n_active=n_active, feature_probability=feature_probability, **decoder.options, **options
    )
