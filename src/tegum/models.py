"""Layer 3: the toy models as torch modules, stacked over leading axes."""

from typing import Literal

import torch
from torch import nn


class ToyModel(nn.Module):
    """h = x W, x' = ReLU(h W^T + b), for one model or a stack of them; x' = ReLU(h W_out^T + b) if W_out is given.

    Every stage is a submodule, so that forward hooks see it: `hidden` gives h, `output` gives x'.

    Args:
        W: (..., n_features, n_hidden). Leading axes are models.
        bias: (..., n_features).
        W_out: shaped like W; None for a tied model, which reads out with W.
        hidden: "linear" or "relu", the non-linearity of the hidden layer.
        output: "relu" or "linear", that of the output.

    Example: a hook on the hidden layer.
        >>> model = ToyModel(torch.eye(3, 2), torch.zeros(3))
        >>> seen = []
        >>> handle = model.hidden.register_forward_hook(lambda module, inputs, h: seen.append(h))
        >>> model(torch.tensor([[1.0, 2.0, 3.0]]))
        tensor([[1., 2., 0.]], grad_fn=<ReluBackward0>)
        >>> seen[0].detach()
        tensor([[1., 2.]])

    Source:
        Elhage et al. 2022, Toy Models of Superposition, section "Demonstrating superposition".
    """

    def __init__(
        self,
        W: torch.Tensor,
        bias: torch.Tensor,
        *,
        W_out: torch.Tensor | None = None,
        hidden: Literal["linear", "relu"] = "linear",
        output: Literal["relu", "linear"] = "relu",
    ) -> None:
        super().__init__()
        self.W = nn.Parameter(W)
        self.bias = nn.Parameter(bias)
        self.W_out = None if W_out is None else nn.Parameter(W_out)
        self.hidden = _activation(hidden)
        self.output = _activation(output)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Outputs x' (..., n_samples, n_features) for features x of the same shape; models broadcast."""
        h = self.hidden(x @ self.W)
        W_out = self.W if self.W_out is None else self.W_out
        return self.output(h @ W_out.mT + self.bias.unsqueeze(-2))


def _activation(kind: str) -> nn.Module:
    return nn.ReLU() if kind == "relu" else nn.Identity()
