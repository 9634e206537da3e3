"""Random codes and inputs for the tests of decoders."""

import numpy as np


def sphere(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    """n random directions of length 1 in m dimensions."""
    W = rng.normal(size=(n, m))
    return W / np.linalg.norm(W, axis=1, keepdims=True)


def drawn(n: int, m: int, k: int, n_samples: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features with k ones each, their hidden vectors, and the code."""
    rng = np.random.default_rng(seed)
    W, x = sphere(rng, n, m), np.zeros((n_samples, n))
    np.put_along_axis(x, rng.random((n_samples, n)).argsort(axis=1)[:, :k], 1.0, axis=1)
    return x, x @ W, W
