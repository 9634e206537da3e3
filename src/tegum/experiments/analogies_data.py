"""Random words, and whether V(king) - V(man) + V(woman) finds queen among them."""

import numpy as np

from tegum.ground.streams import generator

KINDS = ("queen", "king", "woman", "man", "sharing one", "unrelated")


def attribute_words(
    n_hidden: int, own_norm: float, *, n_unrelated: int, n_sharing: int, n_codes: int, seed: int
) -> dict[str, np.ndarray]:
    """Words that are sums of two attributes and s times a direction of their own; each code has new directions.

    Only the component along the query of a direction that no other word has can matter, and that of a uniform unit
    vector is a normal variable over the root of its square plus a χ² of m - 1 degrees. So only these are drawn, and the
    law is exact.

    Args:
        n_hidden: m, at least 2.
        own_norm: s.
        n_unrelated: words with two other attributes.
        n_sharing: words that share the attribute royal with queen, and as many that share female.
        n_codes: independent codes.
        seed: of the random streams.

    Returns:
        By name, arrays over codes: `found`, `found_with_inputs`, and the inner product of the query with each of KINDS,
        the mean over words where there are several.
    """
    rng = generator(seed, 0, f"analogies {n_hidden} {own_norm}")
    royal, female, male = (unit_vectors(rng, n_codes, n_hidden) for _ in range(3))
    own = [own_norm * unit_vectors(rng, n_codes, n_hidden) for _ in range(4)]
    king, man, woman, queen = royal + male + own[0], male + own[1], female + own[2], royal + female + own[3]
    query = king - man + woman
    length = np.linalg.norm(query, axis=1)[:, np.newaxis]

    def along(count: int) -> np.ndarray:
        """Components along the query of `count` unit vectors of each code."""
        normal = rng.standard_normal((n_codes, count))
        return length * normal / np.sqrt(normal**2 + rng.chisquare(n_hidden - 1, (n_codes, count)))

    named = [np.einsum("ij,ij->i", query, word) for word in (queen, king, woman, man)]
    sharing = [
        np.einsum("ij,ij->i", query, attribute)[:, np.newaxis] + along(n_sharing) + own_norm * along(n_sharing)
        for attribute in (royal, female)
    ]
    unrelated = along(n_unrelated) + along(n_unrelated) + own_norm * along(n_unrelated)
    others = np.concatenate([*sharing, unrelated], axis=1)
    found = named[0] > others.max(axis=1, initial=-np.inf)
    groups = [*named, np.concatenate(sharing, axis=1).mean(axis=1), unrelated.mean(axis=1)]
    nearest_input = np.max(named[1:], axis=0)
    scores = dict(zip(KINDS, groups, strict=True))
    return {"found": found, "found_with_inputs": found & (named[0] > nearest_input), **scores}


def unrelated_words(n_hidden: int, *, n_words: int, n_codes: int, seed: int) -> np.ndarray:
    """Whether queen is found if each word has a random direction of its own; n_words counts all, inputs too."""
    rng = generator(seed, 0, f"words of their own {n_hidden} {n_words}")
    found = np.empty(n_codes, bool)
    for code in range(n_codes):
        words = unit_vectors(rng, n_words, n_hidden)
        scores = words @ (words[0] - words[1] + words[2])
        scores[:3] = -np.inf  # king, man and woman
        found[code] = scores.argmax() == 3
    return found


def sum_gap(n_hidden: int, *, seed: int) -> float:
    """|V(king) - V(man) + V(woman) - V(queen)| without own directions, each word encoded by itself."""
    rng = generator(seed, 0, f"sum of attributes {n_hidden}")
    W = unit_vectors(rng, 3, n_hidden)  # royal, male, female
    king, man, woman, queen = (np.array(x) @ W for x in ((1.0, 1, 0), (0.0, 1, 0), (0.0, 0, 1), (1.0, 0, 1)))
    return float(np.linalg.norm(king - man + woman - queen))


def rounded_wrong(n_features: int, n_hidden: int, *, n_codes: int, seed: int) -> np.ndarray:
    """Features that rounding gets wrong when royal + female is read off, one number for each code."""
    rng = generator(seed, 0, f"rounding {n_features} {n_hidden}")
    truth = np.zeros(n_features)
    truth[:2] = 1.0
    wrong = np.empty(n_codes)
    for code in range(n_codes):
        W = unit_vectors(rng, n_features, n_hidden)
        wrong[code] = np.count_nonzero(np.rint(W @ (W[0] + W[1])) != truth)
    return wrong


def unit_vectors(rng: np.random.Generator, count: int, n_hidden: int) -> np.ndarray:
    """Independent uniform unit vectors, (count, n_hidden)."""
    made = rng.standard_normal((count, n_hidden))
    return made / np.linalg.norm(made, axis=1, keepdims=True)
