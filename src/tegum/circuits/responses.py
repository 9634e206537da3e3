"""How a neuron answers to the number of its features that are on."""

from typing import Literal, NamedTuple, TypeAlias

from tegum.circuits.layer import Activation

Response: TypeAlias = Literal["kink", "shifted", "clip"]
"""The name of a response; see `RESPONSES`."""


class ResponseForm(NamedTuple):
    """f(gain (c - order + margin)), with c the number of features that are on.

    Args:
        gain: multiplies input weights.
        margin: c - order + margin is where ReLU neurons begin; below 1, so that one feature too few leaves them at 0.
        activation: f.

    Example: see `RESPONSES`.
    """

    gain: float
    margin: float
    activation: Activation

    def bias(self, order: int) -> float:
        """The bias of a neuron that should be 1 if `order` features are on."""
        return self.gain * (self.margin - order)


RESPONSES: dict[Response, ResponseForm] = {
    "kink": ResponseForm(1.0, 1.0, "relu"),
    "shifted": ResponseForm(2.0, 0.5, "relu"),
    "clip": ResponseForm(2.0, 0.75, "clip"),
}
"""Responses by name: 0 with one feature too few and 1 with all on, for exact inputs.

"kink" is max(c - order + 1, 0): noise leaks through the kink at one feature too few, and that is exactly where it
stands. "shifted" is 2 max(c - order + 1/2, 0), which needs noise above 1/2. "clip" is linear from order - 3/4 to
order - 1/4 and flat on both sides, so noise neither leaks nor adds up; it costs two ReLUs.
"""
