"""The torch module of a compiled network: `torch.nn.Linear` and `torch.nn.ReLU` on a residual stream."""

import warnings
from collections.abc import Sequence

import numpy as np
import torch

from tegum.circuits.layer import Sparse, as_dense
from tegum.ground.arrays import Real


class ResidualBlock(torch.nn.Module):
    """h + W_out R(W_in h + b)."""

    def __init__(self, read: torch.nn.Linear, write: torch.nn.Linear) -> None:
        super().__init__()
        self.read, self.neurons, self.write = read, torch.nn.ReLU(), write

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Add to the stream."""
        return h + self.write(self.neurons(self.read(h)))


def as_module(
    embed: Sparse, blocks: Sequence[tuple[Sparse, Real, Sparse]], read: Sparse, offset: Real, *, dense: bool
) -> torch.nn.Sequential:
    """The module; see `CompiledNetwork.to_torch`.

    Args:
        embed: (n_features, width), into the stream.
        blocks: W_in, b_in and W_out of each block.
        read: (width, n_gates), out of the stream.
        offset: (n_gates,).
        dense: whether weights are dense.

    Returns:
        Linear into the stream, blocks, linear out of it.

    Example: see `CompiledNetwork.to_torch`.
    """
    made = [
        ResidualBlock(_linear(W_in, b_in, dense=dense), _linear(W_out, None, dense=dense))
        for W_in, b_in, W_out in blocks
    ]
    return torch.nn.Sequential(_linear(embed, None, dense=dense), *made, _linear(read, offset, dense=dense))


def _linear(matrix: Sparse, bias: Real | None, *, dense: bool) -> torch.nn.Linear:
    n_in, n_out = matrix.shape
    made = torch.nn.Linear(1, 1, bias=bias is not None)
    made.in_features, made.out_features = n_in, n_out
    if dense:
        weight = torch.from_numpy(as_dense(matrix).T.astype(np.float32))
    else:
        turned = matrix.T.tocsr()
        starts, places = (torch.from_numpy(part.astype(np.int64)) for part in (turned.indptr, turned.indices))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch calls its sparse tensors a beta feature
            weight = torch.sparse_csr_tensor(
                starts, places, torch.from_numpy(turned.data.astype(np.float32)), (n_out, n_in)
            )
    made.weight = torch.nn.Parameter(weight, requires_grad=dense)
    if bias is not None:
        made.bias = torch.nn.Parameter(torch.from_numpy(bias.astype(np.float32)))
    return made
