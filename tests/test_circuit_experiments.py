"""Experiments on ANDs in superposition: quick drawings against the constructions, laws, verdicts, doctored data."""

import itertools
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import xarray as xr
from judged import quick, verdicts

from tegum.circuits.layer import NeuronLayer
from tegum.circuits.readoffs import averaging, differences, mobius
from tegum.circuits.uand import random_incidence, universal_and
from tegum.experiments import EXPERIMENTS, gaussian_layer_data, stacking_data, superposed_inputs_data
from tegum.experiments import universal_and_data as data_of
from tegum.experiments.circuit_trials import Pairs, incidence, outputs, over_readable, universal_layers, within_errors
from tegum.experiments.variants import run_variant
from tegum.experiments.verdict import Verdict
from tegum.ground.streams import generator
from tegum.plot import save_figure
from tegum.theory.and_design import coverage_probability
from tegum.theory.gaussian_and import product_noise
from tegum.theory.superposed_and import leak, misfire_probability
from tegum.theory.universal_and import universal_and_law

NAMES = ("universal-and", "realistic-regime", "superposed-inputs", "gaussian-layer", "stacking")


def layer_of(columns: object, q: float) -> NeuronLayer:
    """The neurons that read these features, (n_features, n_neurons), as the constructions have them."""
    shape = columns.shape  # pyright: ignore[reportAttributeAccessIssue]
    return NeuronLayer(W_in=columns, b_in=np.full(shape[1], -1.0), incidence=columns, connection_probability=q)


class TestQuickDrawings:
    """What is drawn with the needed columns alone, or added up cleverly, equals what the constructions give."""

    def test_averages_of_all_pairs(self) -> None:
        n, m, q = 15, 120, 0.12
        pairs, M, sets = Pairs.of(n), incidence(n, m, q, seed=3, index=1), np.array([[2, 3, 9]])
        estimate = pairs.averages(M, outputs(M, sets)[0], pairs.number_of_neurons(M))
        layer = universal_and(n, m, q, seed=3, index=1)
        gates = np.stack([pairs.first, pairs.second], axis=1)
        x = np.isin(np.arange(n), sets[0])[np.newaxis].astype(float)
        np.testing.assert_allclose(estimate, layer.reading(averaging(layer, gates)).estimates(x)[0], atol=1e-6)
        assert np.isnan(estimate).any()  # so that the comparison has seen a pair that cannot be read
        assert pairs.case(n, sets[0]).tolist() == x[0][gates].sum(axis=1).tolist()

    def test_differences_of_one_pair(self) -> None:
        m, k, q = 800, 5, 0.2
        made = data_of.differences(m, k, (q,), layers=1, seed=2).isel(connection_probability=0, layer=0)
        layer = layer_of(random_incidence(generator(2, 0, f"differences {m} {k} {q!r}"), k + 2, m, q), q)
        x = np.array([[int(i < case or 2 <= i < 2 + k - case) for i in range(k + 2)] for case in range(3)])
        for name, read_off in (
            ("plain", averaging(layer, [[0, 1]])),
            ("second", differences(layer, [[0, 1]], n_active=k)),
        ):
            np.testing.assert_allclose(made[name], layer.reading(read_off).estimates(x)[:, 0], atol=1e-9)

    def test_ands_of_three(self) -> None:
        m, k, q = 3000, 5, 0.2
        made = stacking_data.triples(m, k, q, layers=1, seed=2).isel(layer=0)
        layer = layer_of(random_incidence(generator(2, 0, f"triples {m} {k} {q!r}"), k + 3, m, q), q)
        x = np.array([[int(i < on or 3 <= i < 3 + k - on) for i in range(k + 3)] for on in range(4)])
        gate = [[0, 1, 2]]
        for name, read_off in (("plain", mobius(layer, gate)), ("corrected", differences(layer, gate, n_active=k))):
            np.testing.assert_allclose(made[name], layer.reading(read_off).estimates(x)[:, 0], atol=1e-9)

    def test_layers_in_a_row(self) -> None:
        n, m, k, q = 12, 400, 3, 0.2
        M, turned = incidence(n, m, q, seed=0, index=0), np.arange(n).reshape(-1, 3)[:, [1, 2, 0]].ravel()
        layer, gates = universal_and(n, m, q), np.stack([np.arange(n), turned], axis=1)
        x = np.random.default_rng(0).random((4, n)).astype(np.float32)
        plain, second, saturated = stacking_data.next_values(M, turned, [x] * 3, k, q)
        np.testing.assert_allclose(plain, layer.reading(averaging(layer, gates)).estimates(x), rtol=1e-4, atol=1e-4)
        expected = layer.reading(differences(layer, gates, n_active=k)).estimates(x)
        np.testing.assert_allclose(second, expected, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(saturated, np.clip(4 * plain - 1.5, 0, 1))

    def test_sums_of_products(self) -> None:
        rng = np.random.default_rng(1)
        W, y = rng.standard_normal((7, 30)), rng.standard_normal(30)
        found = gaussian_layer_data.product_sums(W[:3], W.sum(axis=0), np.square(W).sum(axis=0), 7, y)
        by_case: list[list[float]] = [[], [], []]
        for i, j in itertools.combinations(range(7), 2):
            by_case[(i < 3) + (j < 3)].append(float((W[i] * W[j]) @ y))
        np.testing.assert_allclose(found, [np.mean(each) for each in by_case])

    def test_covered_sets(self) -> None:
        made = stacking_data.set_coverage(9, 40, 0.4, (2, 3), sets=4000, layers=1, seed=0)
        M = incidence(9, 40, 0.4, seed=0, index=0)
        for r in (2, 3):
            share = np.mean([M[list(members)].all(axis=0).any() for members in itertools.combinations(range(9), r)])
            assert float(made["covered"].sel(order=r)[0]) == pytest.approx(share, abs=0 if r == 2 else 0.03)
            assert float(made["expected"].sel(order=r)) == pytest.approx(float(coverage_probability(40, 0.4, r)))


class TestLaws:
    def test_histograms_have_the_mean_of_the_law(self) -> None:
        made = data_of.histogram(20, 300, 4, 0.1, layers=1, inputs=2, seed=0)
        mean = (made["law"] * made["estimate"]).sum("estimate").values
        expected = [float(universal_and_law(300, 4, 0.1, n_on=on).mean) for on in range(3)]
        assert mean == pytest.approx(expected, abs=0.01)  # half a bin is 0.025, and errors of bins cancel

    def test_estimates_by_case(self) -> None:
        at = universal_layers(60, 300, 4, (0.1,), layers=12, inputs=10, seed=0).isel(connection_probability=0)
        for on, case in enumerate(at["case"].values):
            values = at["mean"].sel(case=case).values
            law = universal_and_law(300, 4, 0.1, n_on=on)
            assert within_errors("mean", values, float(law.mean), n_errors=5).verdict == "reproduced"
            assert within_errors("mean", values + 0.2, float(law.mean), n_errors=5).verdict == "refuted"

    def test_noise_of_neurons_over_superposed_features(self) -> None:
        made = superposed_inputs_data.by_fan_in(300, 120, 3, (4, 20), codes=2, inputs=20, seed=0)
        assert made["variance"].mean("code").values == pytest.approx(made["noise"].values, rel=0.15)
        assert made["leak"].mean("code").values == pytest.approx(leak(made["noise"].values), rel=0.15)
        assert made["fires"].mean("code").values[1] == pytest.approx(float(misfire_probability(0.5, 1.0)), rel=0.3)

    def test_noise_of_dense_neurons(self) -> None:
        cells = [(6, 300, 0.0), (6, 300, -1.0), (3, 600, 0.0)]
        made = gaussian_layer_data.noise(cells, off_features=30, layers=8, seed=0)
        expected = [float(product_noise(m, k, b)) for k, m, b in cells]
        assert np.sqrt(made["none_on"].mean("layer").values) == pytest.approx(expected, rel=0.1)
        assert expected[0] > 1.2 * expected[1]  # so that a mix-up of cells would be seen

    def test_rare_events_have_a_standard_error_too(self) -> None:
        always = np.ones(5)
        assert within_errors("share", always, 1 - 1e-9, least_error=1e-6).verdict == "reproduced"
        assert within_errors("share", always, 0.99, least_error=1e-6).verdict == "refuted"


SMALL = {
    "universal-and": {"n_features": 40, "n_neurons": 300, "n_active": 3, "layers": 3, "inputs": 2, "sparse_layers": 2,
                      "sparse_neurons": 500, "read_off_neurons": 800, "read_off_active": 4, "read_off_layers": 20,
                      "difference_layers": 20, "read_off_probability": (0.1, 0.2), "cover_layers": 3,
                      "width_layers": 3, "slope_neurons": 500},
    "realistic-regime": {"n_neurons": 200, "n_features": (50, 100), "n_active": (4, 6), "widths": (200, 400),
                         "width_active": 5, "layers": 3, "pairs": 500, "difference_layers": 50, "dense_layers": 3},
    "superposed-inputs": {"n_features": 200, "n_hidden": 100, "fan_in": (1, 4), "works_features": 100,
                          "works_hidden": 80, "works_neurons": 60, "works_neurons_per_gate": 3, "wide_features": 100,
                          "wide_hidden": 80, "wide_neurons": 60, "wired_neurons": 100, "sizes": ((40, 60),),
                          "gates_per_weight": (0.01, 0.02), "many_gates": (20, 40), "codes": 3, "inputs": 10,
                          "gate_codes": 3, "gate_inputs": 20, "works_codes": 3, "works_inputs": 10},
    "gaussian-layer": {"n_off": 30, "n_neurons": 200, "n_active": 6, "noise_active": (3, 6),
                       "noise_neurons": (100, 200), "relative_bias": (0.0, -1.0), "small_neurons": 50,
                       "small_active": (4,), "layers": 4, "few_layers": 3, "noise_layers": 3, "small_layers": 4},
    "stacking": {"n_features": 60, "n_neurons": 300, "n_active": 3, "n_gates": (10, 20), "row_features": 30,
                 "row_neurons": 100, "depth": 3, "sparse_neurons": 2000, "sparse_probability": 0.2,
                 "triple_neurons": 2000, "most_inputs": 3, "cover_order": (2,), "layers": 3, "inputs": 4, "runs": 2,
                 "sparse_layers": 3, "triple_layers": 3, "cover_layers": 3, "cover_sets": 50},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_variants_of_other_sizes_are_drawn(name: str, tmp_path) -> None:
    for plate in run_variant(name, **SMALL[name]).plates:
        assert all(path.stat().st_size > 1000 for path in save_figure(plate.figure, tmp_path / plate.name))


@cache
def undoctored(name: str) -> dict[str, Verdict]:
    return verdicts(name, quick(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_quick_runs_give_what_is_expected(name: str) -> None:
    made, claims = undoctored(name), EXPERIMENTS[name].claims
    assert set(made) == {claim.id for claim in claims}
    assert made == {claim.id: claim.expected if claim.expected != "open" else made[claim.id] for claim in claims}


Change = Callable[[xr.Dataset], xr.Dataset]


def scaled(variable: str, times: float, **at: object) -> Change:
    """Multiply a variable, everywhere or at one place."""

    def change(dataset: xr.Dataset) -> xr.Dataset:
        values = dataset[variable].astype(float).copy()
        values.loc[at] = values.loc[at] * times
        return dataset.assign({variable: values})

    return change


def shifted(variable: str, by: float, **at: object) -> Change:
    """Add to a variable, everywhere or at one place."""

    def change(dataset: xr.Dataset) -> xr.Dataset:
        values = dataset[variable].astype(float).copy()
        values.loc[at] = values.loc[at] + by
        return dataset.assign({variable: values})

    return change


ONE, NONE, BOTH = {"case": "one on"}, {"case": "none on"}, {"case": "both on"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "part", "change", "claim"),
    [
        ("universal-and", "neuron", shifted("deviation", 1.0), "s2.neuron-value"),
        ("universal-and", "neuron", shifted("single", 1.0), "s2.neuron-value"),
        ("universal-and", "sparse", shifted("mean", 0.1, **ONE), "s2.and-estimate"),
        ("universal-and", "sparse", shifted("wrong", 0.02, **NONE), "s2.and-estimate"),
        ("universal-and", "differences", shifted("second", 0.06, **ONE), "s2.and-estimate-corrected"),
        ("universal-and", "differences", scaled("second", 1.5), "s2.and-estimate-corrected"),
        ("universal-and", "differences", scaled("plain", 1.2), "s2.and-estimate-corrected"),
        ("universal-and", "cases", scaled("mean", 1.1, **NONE), "s2.noise-cases"),
        ("universal-and", "slopes", lambda d: d.assign(mean=d["mean"] ** 2), "s2.noise-cases"),
        ("universal-and", "crowded-0", scaled("square", 0.1), "s2.needs-small-kq"),
        ("universal-and", "crowded-1", scaled("square", 9.0), "s2.needs-small-kq"),
        ("universal-and", "crowded-0", scaled("nonlinear", 1.2), "s2.needs-small-kq"),
        ("universal-and", "coverage", scaled("number", 1.03), "s2.coverage"),
        ("universal-and", "coverage", scaled("uncovered", 1.5), "s2.coverage"),
        ("universal-and", "coverage", scaled("undefined", 0.0), "s2.coverage"),
        ("universal-and", "whole", scaled("covered", 0.0, factor=1.2), "s2.all-pairs"),
        ("universal-and", "widths", scaled("n_neurons", 3.0, n_features=131_072), "s2.polylog-width"),
        ("universal-and", "widths", scaled("covered", 0.0, n_features=500), "s2.polylog-width"),
        ("universal-and", "widths", scaled("square", 4.0), "s2.polylog-width"),
        ("universal-and", "histogram", lambda d: d.assign(share=d["share"].roll(estimate=1)), "tegum.histogram-law"),
        ("universal-and", "read_offs", scaled("second", 2.5), "tegum.second-difference-wins"),
        ("realistic-regime", "regime", scaled("active_inputs", 0.5), "s2.realistic"),
        ("realistic-regime", "regime", scaled("square", 0.5), "s2.realistic"),
        ("realistic-regime", "covered", scaled("uncovered", 0.98), "s2.realistic"),
        ("realistic-regime", "enough", scaled("square", 3.0), "tegum.realistic-width"),
        ("realistic-regime", "enough", scaled("covered", 0.5), "tegum.realistic-width"),
        ("realistic-regime", "widths", scaled("square", 9.0, n_neurons=4096), "tegum.read-off-slopes"),
        ("realistic-regime", "widths", scaled("square", 0.1, read_off="second difference"), "tegum.dense-below-sparse"),
        ("superposed-inputs", "works", scaled("mean", 0.5, **BOTH), "s2.superposed-works"),
        ("superposed-inputs", "works", scaled("deviation", 1.2), "s2.superposed-works"),
        ("superposed-inputs", "works", shifted("wrong", 0.02, **ONE), "s2.superposed-works"),
        ("superposed-inputs", "fan_in", scaled("fires", 2.0), "s2.misfire"),
        ("superposed-inputs", "fan_in", scaled("variance", 1.3), "s2.misfire"),
        ("superposed-inputs", "wired", scaled("leak", 0.5), "s2.misfire-corrected"),
        ("superposed-inputs", "wired", scaled("leak_shifted", 3.0), "s2.misfire-corrected"),
        ("superposed-inputs", "fan_in", scaled("misfires", 5.0), "s2.misfire-corrected"),
        ("superposed-inputs", "shapes", scaled("variance", 1.5), "s2.superposed-count"),
        ("superposed-inputs", "gates", lambda d: d.assign(variance=d["variance"] ** 2), "s2.superposed-count"),
        ("superposed-inputs", "crowded", scaled("misfires", 0.1), "s2.superposed-count-corrected"),
        ("superposed-inputs", "crowded", scaled("fits", 2.0), "s2.superposed-count-corrected"),
        ("superposed-inputs", "covering", scaled("misfires", 0.1), "s2.superposed-not-universal"),
        ("superposed-inputs", "crowded", scaled("misfires", 3.0), "tegum.superposed-size-bias"),
        ("gaussian-layer", "means", shifted("mean", 0.2, read_off="product", **ONE), "s2.gauss-readoff"),
        ("gaussian-layer", "few", scaled("mean", 0.0, read_off="covariance", **ONE), "s2.gauss-readoff-corrected"),
        ("gaussian-layer", "few", shifted("mean", 0.05, read_off="product", **ONE), "s2.gauss-readoff-corrected"),
        ("gaussian-layer", "over_active", lambda d: d.assign(none_on=d["none_on"] ** 1.3), "s2.gauss-noise"),
        ("gaussian-layer", "over_neurons", lambda d: d.assign(none_on=d["none_on"] ** 1.3), "s2.gauss-noise"),
        ("gaussian-layer", "over_bias", lambda d: d.assign(none_on=1 / d["none_on"]), "s2.gauss-bias"),
        ("gaussian-layer", "direct", scaled("estimate", 2.0, read_off="direct", **ONE), "s2.gauss-direct"),
        ("gaussian-layer", "direct", scaled("estimate", 4.0, read_off="direct", **NONE), "s2.gauss-direct"),
        ("gaussian-layer", "small", scaled("estimate", 3.0, read_off="direct"), "s2.gauss-direct-favourable"),
        ("gaussian-layer", "small", scaled("estimate", 3.0, read_off="direct"), "tegum.gauss-direct-many-active"),
        ("gaussian-layer", "biased", scaled("mean", 0.0, read_off="covariance", **ONE), "tegum.gauss-learned-bias"),
        ("gaussian-layer", "over_bias", scaled("law", 1.3), "tegum.gauss-noise-law"),
        ("stacking", "handed_on", scaled("per_neuron", 1.3), "s2.stacking"),
        ("stacking", "handed_on", scaled("next", 1.4), "s2.stacking"),
        ("stacking", "handed_on", scaled("variance", 1.3), "s2.stacking"),
        ("stacking", "handed_on", lambda d: d.assign(next=d["next"] ** 1.3), "s2.stacking"),
        ("stacking", "sparse_triples", shifted("plain", 0.4), "s2.triple-formula"),
        ("stacking", "triples", shifted("corrected", 0.1), "s2.triple-formula-corrected"),
        ("stacking", "triples", shifted("plain", 0.2), "s2.triple-formula-corrected"),
        ("stacking", "exact", shifted("gate_deviation", 1e-3), "s2.higher-order"),
        ("stacking", "coverage", scaled("covered", 0.9), "s2.higher-order"),
        ("stacking", "row", scaled("wrong", 0.0, rule="second difference"), "tegum.stacking-runs-away"),
        ("stacking", "row", shifted("wrong", 1.0, rule="average, saturated"), "tegum.stacking-saturation"),
    ],
)
def test_doctored_data_are_not_judged_as_before(name: str, part: str, change: Change, claim: str) -> None:
    data = dict(quick(name))
    data[part] = change(data[part])
    assert undoctored(name)[claim] == "reproduced"
    assert verdicts(name, data)[claim] == "refuted"


def test_layers_from_which_nothing_can_be_read_leave_everything_open() -> None:
    some = over_readable(np.array([1.0, np.nan, 3.0]))
    assert (some.best, some.n) == (2.0, 2)
    for values in ([np.nan, np.nan], [np.nan, 1.0]):
        nothing = over_readable(np.array(values))
        assert (nothing.low, nothing.high) == (-np.inf, np.inf)
