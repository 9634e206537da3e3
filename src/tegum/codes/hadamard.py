"""Matrices of ±1 with orthogonal rows, from squares in finite fields (Paley) and by doubling (Sylvester)."""

import math

import numpy as np
from scipy.linalg import hadamard as sylvester


def hadamard_matrix(order: int) -> np.ndarray | None:
    """A Hadamard matrix: entries ±1, H Hᵀ = order · 1.

    Sylvester's for powers of 2; else Paley's first or second construction, for fields of p or p² elements, and their
    doublings.

    Args:
        order: number of rows and columns.

    Returns:
        (order, order), float64; None if none of these constructions has this order (the first such order that is a
        multiple of 4 is 92).

    Example:
        >>> H = hadamard_matrix(12)
        >>> bool((H @ H.T == 12 * np.eye(12)).all()), hadamard_matrix(6)
        (True, None)

    Source:
        Paley 1933, On orthogonal matrices.
    """
    if order & (order - 1) == 0:
        return sylvester(order).astype(np.float64)
    if order % 4:
        return None
    if (order - 1) % 4 == 3 and (characters := quadratic_characters(order - 1)) is not None:
        return np.eye(order) + _bordered(characters, -1.0)
    if (conference := conference_matrix(order // 2)) is not None:
        return np.kron(conference, [[1, 1], [1, -1]]) + np.kron(np.eye(order // 2), [[1, -1], [-1, -1]])
    half = hadamard_matrix(order // 2)
    return None if half is None else np.kron([[1, 1], [1, -1]], half)


def conference_matrix(order: int) -> np.ndarray | None:
    """A symmetric conference matrix: 0 on the diagonal, ±1 elsewhere, C Cᵀ = (order - 1) · 1.

    Paley's, for order - 1 = p or p², 1 more than a multiple of 4.

    Args:
        order: number of rows and columns.

    Returns:
        (order, order), float64; None if Paley's construction does not have this order.

    Example:
        >>> C = conference_matrix(10)
        >>> bool((C @ C.T == 9 * np.eye(10)).all()), conference_matrix(8)
        (True, None)

    Source:
        Paley 1933, On orthogonal matrices; there are none of order 22 or 34, by van Lint and Seidel 1966.
    """
    characters = quadratic_characters(order - 1) if order % 4 == 2 and order > 2 else None
    return None if characters is None else _bordered(characters, 1.0)


def quadratic_characters(q: int) -> np.ndarray | None:
    """Whether a difference of two elements of the field of q elements is a square (1), none (-1), or zero (0).

    Args:
        q: size of the field; p or p² with p an odd prime.

    Returns:
        (q, q), float64: symmetric if q = 1 mod 4, antisymmetric if q = 3 mod 4; None for other q.

    Example:
        >>> quadratic_characters(3)
        array([[ 0., -1.,  1.],
               [ 1.,  0., -1.],
               [-1.,  1.,  0.]])
    """
    root = math.isqrt(q)
    if _odd_prime(q):
        legendre = _legendre(q)
        elements = np.arange(q)
        return legendre[np.subtract.outer(elements, elements) % q]
    if root * root != q or not _odd_prime(root):
        return None
    # Elements x + y √r with r no square modulo p. Such an element is a square if and only if its norm x² - r y² is.
    legendre = _legendre(root)
    r = int(np.flatnonzero(legendre == -1)[0])
    x, y = (np.subtract.outer(part, part) for part in np.divmod(np.arange(q), root))
    return legendre[(x * x - r * y * y) % root]


def _bordered(characters: np.ndarray, corner: float) -> np.ndarray:
    q = len(characters)
    bordered = np.zeros((q + 1, q + 1))
    bordered[0, 1:], bordered[1:, 0], bordered[1:, 1:] = 1.0, corner, characters
    return bordered


def _legendre(p: int) -> np.ndarray:
    """1 at squares modulo p, -1 at the others, 0 at 0."""
    legendre = np.full(p, -1.0)
    legendre[np.arange(1, p, dtype=np.int64) ** 2 % p] = 1.0
    legendre[0] = 0.0
    return legendre


def _odd_prime(q: int) -> bool:
    return q > 2 and q % 2 == 1 and all(q % divisor for divisor in range(3, math.isqrt(q) + 1, 2))
