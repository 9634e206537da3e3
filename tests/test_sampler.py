"""The sampler: three versions of one arithmetic, bit for bit, and addresses that depend on nothing else."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tegum import Problem, TrainSettings, sample_features
from tegum.ground import streams
from tegum.ground.compiled import compiled_door
from tegum.kernels import lanes
from tegum.kernels.reference import ReferenceRun
from tegum.problem.sampling import Sampler, SamplerTable, present_values, sampler_table

MAGNITUDES = ["uniform", "signed_uniform", "boolean"]
LANES = 16
DEPENDENCES = {
    "none": {},
    "together": {"correlated_sets": ((3, 1), (7, 8), (4,))},
    "one at a time": {"exclusive_sets": ((3, 1),)},
    "children": {"parents": {0: 8, 1: 4, 2: 4, 4: 6, 6: 7, 3: 5, 5: 0}},
    "mixed": {
        "correlated_sets": ((7, 8), (2,)), "exclusive_sets": ((3, 1),), "parents": {1: 4, 3: 4, 4: 6, 6: 7, 0: 1, 2: 0}
    },
    "unit length": {"unit_inputs": True},
    "all of it": {
        "correlated_sets": ((1, 3),), "exclusive_sets": ((2,),), "parents": {2: 3, 4: 6}, "unit_inputs": True
    },
}  # fmt: skip


@compiled_door
def draw(
    key: Any, step: int, n: int, table: Any, batch: int, keys: Any, dense: Any, packed: Any, values: Any
) -> int:  # fmt: skip
    """One batch as the fused kernel draws it: into `dense` as it comes, into `packed` without the empty samples."""
    lanes.fill_feature_keys(key, step, n, keys[0], keys[1])
    pitch = dense.size // n
    lanes.fill(keys, table, n, 0, batch, pitch, dense, pitch)
    filled = 0
    for start in range(0, batch, LANES):
        filled = lanes.append(keys, table, n, start, batch, packed, packed.size // n, filled, values)
    return filled


def compiled_batch(key: int, step: int, table: SamplerTable, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Both of them, (samples, n_features); what lies beyond the batch is checked to be empty."""
    n, pitch = len(table.last), -(-batch // LANES) * LANES
    dense, packed = np.full((n, pitch), 9, np.float32), np.zeros((n, pitch + LANES), np.float32)
    keys, values = (np.zeros(n, np.uint32), np.zeros(n, np.uint32)), np.zeros(n * LANES, np.float32)
    filled = draw(np.uint64(key), step, n, tuple(table), batch, keys, dense.ravel(), packed.ravel(), values)
    assert not dense[:, batch:].any()
    return dense[:, :batch].T, packed[:, :filled].T


def plain_batch(key: int, step: int, table: SamplerTable, batch: int) -> np.ndarray:
    first, second = streams.feature_keys(key, step, len(table.last))
    words = streams.words(first, second, np.arange(batch)[:, None])
    return present_values(table, words, words[:, table.gate], np.where)


def torch_batch(problem: Problem, seed: int, model: int, step: int, batch: int) -> np.ndarray:
    run = ReferenceRun([problem], TrainSettings(), [model], seed, "cpu")
    return run.features([streams.stream_key(seed, model, streams.TRAINING_DATA)], step, batch)[0].numpy()


def bits(values: np.ndarray) -> np.ndarray:
    assert values.dtype == np.float32
    return np.ascontiguousarray(values).view(np.uint32)


@pytest.mark.parametrize("magnitude", MAGNITUDES)
@pytest.mark.parametrize("batch", [1, 16, 100, 1024])
@pytest.mark.parametrize("step", [0, 2**31 + 5])
@pytest.mark.parametrize("dependence", DEPENDENCES)
def test_numpy_torch_and_compiled_samplers_agree_bit_for_bit(magnitude, batch, step, dependence):
    p = [0, 0.01, 1e-4, 0.01, 0.3, 1e-12, 0.9999999, 1, 1]
    problem = Problem(n_features=9, n_hidden=1, feature_probability=p, magnitude=magnitude, **DEPENDENCES[dependence])
    key, table = streams.stream_key(5, 7, streams.TRAINING_DATA), sampler_table(problem)
    plain = plain_batch(key, step, table, batch)
    dense, packed = compiled_batch(key, step, table, batch)
    np.testing.assert_array_equal(bits(dense), bits(plain))
    np.testing.assert_array_equal(bits(Sampler(problem).draw(key, step, batch)), bits(plain))
    np.testing.assert_array_equal(bits(torch_batch(problem, 5, 7, step, batch)), bits(plain))
    np.testing.assert_array_equal(bits(packed), bits(plain))  # two features are always there: no sample is empty


@pytest.mark.parametrize("p", [0.3, 0.01, 1e-4, 0])
@pytest.mark.parametrize("batch", [1, 100, 1024])
def test_leaving_out_empty_samples_leaves_the_others_in_order(p, batch):
    problem = Problem(n_features=4, n_hidden=1, feature_probability=p)
    key, table = streams.stream_key(0, 0, streams.TRAINING_DATA), sampler_table(problem)
    plain = plain_batch(key, 3, table, batch)
    _, packed = compiled_batch(key, 3, table, batch)
    there = packed[packed.any(axis=1)]  # word 0 counts as present, and may have the value 0
    np.testing.assert_array_equal(bits(there), bits(plain[plain.any(axis=1)]))
    assert len(packed) - len(there) <= 1


def test_public_samples_are_those_of_their_stream():
    problem = Problem(n_features=6, n_hidden=1, feature_probability=0.3)
    samples = sample_features(problem, 50, seed=1, model=2, step=3)
    key = streams.stream_key(1, 2, streams.EXAMPLE_DATA)
    np.testing.assert_array_equal(samples, plain_batch(key, 3, sampler_table(problem), 50))
    np.testing.assert_array_equal(sample_features(problem, 20, seed=1, model=2, step=3), samples[:20])
    fewer = Problem(n_features=4, n_hidden=1, feature_probability=0.3)
    np.testing.assert_array_equal(sample_features(fewer, 50, seed=1, model=2, step=3), samples[:, :4])


@settings(max_examples=20)
@given(order=st.permutations([(seed, model, step) for seed in (0, 1) for model in (0, 9) for step in (0, 4)]))
def test_an_address_gives_the_same_numbers_in_any_order(order):
    problem = Problem(n_features=3, n_hidden=1, feature_probability=0.5)
    drawn = {a: sample_features(problem, 8, seed=a[0], model=a[1], step=a[2]).tobytes() for a in order}
    again = {a: sample_features(problem, 8, seed=a[0], model=a[1], step=a[2]).tobytes() for a in sorted(order)}
    assert drawn == again
    assert len(set(drawn.values())) == len(order)


@pytest.mark.parametrize("seed", [0, 1, 2**63, 10**30])
def test_every_part_of_an_address_and_every_purpose_has_its_own_stream(seed):
    purposes = (streams.INITIAL_WEIGHTS, streams.TRAINING_DATA, streams.EVALUATION_DATA, streams.EXAMPLE_DATA)
    addresses = [(seed + a, model, purpose) for a in range(3) for model in range(50) for purpose in purposes]
    keys = {streams.stream_key(*address) for address in addresses}
    assert len(keys) == len(addresses)
    assert all(0 <= key < 2**64 for key in keys)
    first = streams.generator(seed, 0, "initial weights").standard_normal(4)
    assert (first == streams.generator(seed, 0, "initial weights").standard_normal(4)).all()
    assert (first != streams.generator(seed, 1, "initial weights").standard_normal(4)).all()


def test_a_feature_meets_no_word_twice_in_a_batch():
    first, second = streams.feature_keys(streams.stream_key(0, 0, "training"), 0, 3)
    words = streams.words(first, second, np.arange(2**17)[:, None])
    assert [len(np.unique(column)) for column in words.T] == [2**17] * 3
    assert words.min() >= 0
    assert words.max() < 2**32


def test_words_are_the_same_in_torch():
    first, second = streams.feature_keys(streams.stream_key(0, 0, "training"), 0, 5)
    samples = np.arange(1000)[:, None]
    tensors = [torch.from_numpy(a) for a in (first, second, samples)]
    np.testing.assert_array_equal(streams.words(*tensors).numpy(), streams.words(first, second, samples))


def test_the_table_rounds_probabilities_to_32_bits():
    problem = Problem(n_features=5, n_hidden=1, feature_probability=[0, 2**-32, 0.25, 0.5, 1])
    table = sampler_table(problem)
    np.testing.assert_array_equal(table.last, [0, 0, 2**30 - 1, 2**31 - 1, 2**32 - 1])
    np.testing.assert_array_equal(table.scale.astype(np.float64) * [1, 1, 2**30, 2**31, 2**32], [0, 1, 1, 1, 1])
