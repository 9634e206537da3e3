"""What people run today, to be timed beside tegum: the published notebook's loop in torch, and the same in JAX."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import torch

Advance = Callable[[int], object]


def torch_recipe(probabilities: np.ndarray, n: int, m: int, batch: int) -> Advance:
    """Models stacked along the first axis, einsum, AdamW, eager: the loop of the published notebook."""
    count = len(probabilities)
    p = torch.tensor(probabilities, dtype=torch.float32)[:, None, None]
    W = torch.nn.Parameter(torch.nn.init.xavier_normal_(torch.empty(count, m, n)))
    bias = torch.nn.Parameter(torch.zeros(count, n))
    optimizer = torch.optim.AdamW([W, bias], lr=1e-3)

    def advance(n_steps: int) -> None:
        for _ in range(n_steps):
            optimizer.zero_grad(set_to_none=True)
            features = torch.rand(batch, count, n)
            present = torch.rand(batch, count, n) <= p.squeeze(-1)
            x = torch.where(present, features, torch.zeros(()))
            hidden = torch.einsum("bin,imn->bim", x, W)
            out = torch.relu(torch.einsum("bim,imn->bin", hidden, W) + bias)
            loss = ((x - out) ** 2).mean((0, 2)).sum()
            loss.backward()
            optimizer.step()

    return advance


def jax_recipe(probabilities: np.ndarray, n: int, m: int, batch: int) -> Advance | None:
    """The same with jit, vmap over models and scan over steps; None if JAX is not installed."""
    if find_spec("jax") is None:
        return None
    import jax  # pyright: ignore[reportMissingImports]
    import jax.numpy as jnp  # pyright: ignore[reportMissingImports]

    count = len(probabilities)
    p = jnp.asarray(probabilities, jnp.float32)
    normal = jax.random.normal(jax.random.key(0), (count, n, m)) * (2 / (n + m)) ** 0.5
    parameters = {"W": normal, "b": jnp.zeros((count, n))}
    zeros = jax.tree.map(jnp.zeros_like, parameters)

    def loss(parameters, key, p):
        present, size = jax.random.split(key)
        x = jnp.where(jax.random.uniform(present, (batch, n)) < p, jax.random.uniform(size, (batch, n)), 0.0)
        out = jax.nn.relu(x @ parameters["W"] @ parameters["W"].T + parameters["b"])
        return ((x - out) ** 2).mean(0).sum()

    def step(state, _):
        parameters, first, second, t, keys = state
        keys, now = jnp.swapaxes(jax.vmap(jax.random.split)(keys), 0, 1)
        gradient = jax.vmap(jax.grad(loss))(parameters, now, p)
        first = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g**2, second, gradient)
        scale = jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        parameters = jax.tree.map(
            lambda w, a, b: w - 1e-3 * scale * a / (jnp.sqrt(b) + 1e-8), parameters, first, second
        )
        return (parameters, first, second, t + 1, keys), None

    run = jax.jit(lambda state, steps: jax.lax.scan(step, state, steps)[0])
    state = (parameters, zeros, zeros, jnp.ones(()), jax.random.split(jax.random.key(1), count))

    def advance(n_steps: int) -> None:
        nonlocal state
        state = jax.block_until_ready(run(state, jnp.arange(n_steps)))

    return advance
