"""Constructions of ANDs: weights by their definition, estimates against the laws, and read-offs on all inputs."""

import itertools

import numpy as np
import pytest

from tegum.circuits import (
    Circuit,
    all_on,
    averaging,
    boolean_function,
    case_supports,
    differences,
    fitted,
    gaussian_covariance,
    gaussian_direct,
    gaussian_layer,
    gaussian_product,
    input_noise,
    mean_subtracted,
    n_on,
    one_neuron_per_gate,
    pair_errors,
    random_supports,
    targeted_ands,
    universal_and,
)
from tegum.circuits.readoffs import mobius
from tegum.circuits.supports import support_matrix
from tegum.circuits.uand import random_incidence
from tegum.ground.errors import InputError, ShapeError
from tegum.theory import averaging_error, circuit_plan, gaussian_and_law, targeted_error, universal_and_law


def cases(gates, n_features, n_active, on, seed=0):
    supports = case_supports(gates, n_features=n_features, n_active=n_active, n_on=on, seed=seed)
    return support_matrix(supports, n_features)


def every_input(n):
    return np.array(list(itertools.product((0, 1), repeat=n)))


def directions(n, d, seed=0):
    made = np.random.default_rng(seed).standard_normal((n, d))
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def over_layers(make, read, n_on, n_layers, *, n_features, n_active):
    """Estimates of one gate each from many layers, (n_layers, n_gates), in one case."""
    gates = np.arange(2 * 20).reshape(20, 2)[:, :2]
    made = []
    for index in range(n_layers):
        layer = make(index)
        x = cases(gates, n_features, n_active, n_on, seed=index)
        made.append(np.diagonal(layer.reading(read(layer, gates)).estimates(x)))
    return np.array(made)


class TestInputs:
    @pytest.mark.parametrize("on", [0, 1, 2, 3])
    def test_cases_have_what_they_say(self, on):
        gates = np.random.default_rng(0).permuted(np.tile(np.arange(12), (200, 1)), axis=1)[:, :3]
        supports = case_supports(gates, n_features=12, n_active=5, n_on=on)
        x = support_matrix(supports, 12)
        assert (np.diagonal(n_on(x, gates)) == on).all()
        assert (x.sum(axis=1) == 5).all()
        np.testing.assert_array_equal(all_on(x, gates), n_on(x.toarray(), gates) == 3)

    def test_others_are_uniform(self):
        gates = np.tile([[2, 5]], (6000, 1))
        x = cases(gates, 8, 4, 1)
        share = x[:, [0, 1, 3, 4, 6, 7]].mean(axis=0)
        np.testing.assert_allclose(share, 0.5, atol=5 * np.sqrt(0.25 / 6000))

    def test_refusals(self):
        with pytest.raises(InputError, match="got n_on = 3"):
            case_supports([[0, 1]], n_features=9, n_active=4, n_on=3)
        with pytest.raises(InputError, match="gate 1 has a feature twice"):
            case_supports([[0, 1], [2, 2]], n_features=9, n_active=4, n_on=1)
        with pytest.raises(ShapeError, match="order"):
            averaging(universal_and(4, 5, 0.5), [0, 1])
        with pytest.raises(InputError, match="numbers of features, 0 to 3"):
            averaging(universal_and(4, 5, 0.5), [[0, 4]])


class TestUniversalAnd:
    @pytest.mark.parametrize("q", [0.0, 0.003, 0.2, 0.7, 1.0])
    def test_connections_are_independent_trials(self, q):
        made = random_incidence(np.random.default_rng(1), 300, 400, q)
        assert made.shape == (300, 400)
        assert set(np.unique(made.data)) <= {1.0}
        assert abs(made.nnz - 120_000 * q) <= 5 * np.sqrt(120_000 * q * (1 - q))
        rows, columns = made.sum(axis=1), made.sum(axis=0)
        for counts, n in ((rows, 400), (columns, 300)):
            assert abs(counts.var() - n * q * (1 - q)) <= 6 * np.sqrt(2 / len(counts)) * n * q * (1 - q) + 1e-12

    def test_a_neuron_counts_its_features_less_one(self):
        for r in range(1, 7):
            layer = one_neuron_per_gate([list(range(r))], n_features=r)
            assert layer.b_in[0] == 1 - r
            neuron = universal_and(r, 1, 1.0)
            x = every_input(r)
            np.testing.assert_array_equal(neuron.neurons(x)[:, 0], np.maximum(x.sum(axis=1) - 1, 0))
            np.testing.assert_array_equal(layer.estimates(x)[:, 0], x.all(axis=1))

    def test_one_feature_turns_nothing_on(self):
        assert universal_and(50, 300, 0.3).neurons(np.eye(50)).max() == 0

    def test_an_average_is_one_over_the_shared_neurons(self):
        layer, x = universal_and(12, 60, 0.3), support_matrix(random_supports(12, 30, n_active=4), 12)
        pairs = np.array(list(itertools.combinations(range(12), 2)))
        M, y = layer.incidence.toarray(), layer.neurons(x)
        together = M[pairs[:, 0]] * M[pairs[:, 1]]
        with np.errstate(invalid="ignore"):
            expected = (y @ together.T) / together.sum(axis=1)
        estimates = layer.reading(averaging(layer, pairs)).estimates(x)
        np.testing.assert_allclose(estimates, expected, rtol=1e-12)
        less = layer.reading(mean_subtracted(layer, pairs, n_active=4)).estimates(x)
        offset = 3 / 10 * (together @ (M.sum(axis=0) - 2)) / together.sum(axis=1)
        np.testing.assert_allclose(less, expected - offset, rtol=1e-9, atol=1e-12)

    def test_an_uncovered_gate_is_undefined(self):
        layer = universal_and(4, 3, 0.0)
        assert np.isnan(layer.reading(averaging(layer, [[0, 1]])).estimates(np.ones((1, 4)))).all()

    def test_a_class_mean_is_one_over_its_members(self):
        layer, x = universal_and(9, 500, 0.4), every_input(9)[::37]
        M, y = layer.incidence.toarray() > 0, layer.neurons(x)
        i, j = 3, 7
        classes = [M[i] & M[j], M[i] & ~M[j], ~M[i] & M[j], ~M[i] & ~M[j]]
        expected = sum(sign * y[:, each].mean(axis=1) for sign, each in zip((1, -1, -1, 1), classes, strict=True))
        estimates = layer.reading(differences(layer, [[i, j]], n_active=5)).estimates(x)[:, 0]
        np.testing.assert_allclose(estimates, expected / 0.6**3, rtol=1e-9)

    @pytest.mark.parametrize("on", [0, 1, 2])
    def test_estimates_follow_the_law(self, on):
        estimates = over_layers(
            lambda index: universal_and(60, 400, 0.1, index=index), averaging, on, 60, n_features=60, n_active=5
        )
        law = universal_and_law(400, 5, 0.1, n_on=on)
        assert abs(np.nanmean(estimates) - law.mean) < 5 * law.deviation / np.sqrt(estimates.size)
        assert np.nanstd(estimates) == pytest.approx(float(law.deviation), rel=0.15)
        other = universal_and_law(400, 5, 0.13, n_on=on)  # the control: another density is noticed
        assert abs(np.nanmean(estimates) - other.mean) > 5 * law.deviation / np.sqrt(estimates.size)

    @pytest.mark.slow
    @pytest.mark.parametrize("on", [0, 1, 2])
    def test_differences_follow_the_law(self, on):
        estimates = over_layers(
            lambda index: universal_and(60, 3000, 0.06, index=index),
            lambda layer, gates: differences(layer, gates, n_active=8),
            on, 60, n_features=60, n_active=8,
        )  # fmt: skip
        law = universal_and_law(3000, 8, 0.06, n_on=on, read_off="differences")
        assert abs(estimates.mean() - (on == 2)) < 5 * law.deviation / np.sqrt(estimates.size)
        assert estimates.std() == pytest.approx(float(law.deviation), rel=0.12)

    @pytest.mark.slow  # compiles
    def test_all_pairs_are_those_of_a_dense_read_off(self):
        layer, supports = universal_and(60, 300, 0.08), random_supports(60, 40, n_active=5)
        pairs = np.array(list(itertools.combinations(range(60), 2)))
        x = support_matrix(supports, 60)
        estimates, case = layer.reading(averaging(layer, pairs)).estimates(x), n_on(x, pairs)
        results = [pair_errors(layer, supports, n_threads=threads) for threads in (1, 3)]
        for made in results:
            for on in range(3):
                of_case = estimates[(case == on) & ~np.isnan(estimates)]
                wrong = of_case <= 0.5 if on == 2 else of_case > 0.5
                assert made.n[on] == len(of_case)
                assert made.mean[on].best == pytest.approx(of_case.mean(), rel=1e-6)
                assert made.deviation[on] == pytest.approx(of_case.std(), rel=1e-5)
                assert made.wrong[on].best == pytest.approx(wrong.mean(), abs=1e-12)
            assert made.uncovered.best == pytest.approx(np.isnan(estimates[0]).mean())

    @pytest.mark.slow
    def test_error_rates_over_all_pairs(self):
        rates = [
            pair_errors(universal_and(300, 2000, 0.05, index=index), random_supports(300, 60, n_active=5, seed=index))
            for index in range(12)
        ]
        made = np.array([each.wrong[1].best for each in rates])
        expected = averaging_error(2000, 5, 0.05, n_on=1)
        assert abs(made.mean() - expected) < 5 * made.std(ddof=1) / np.sqrt(len(made))
        assert abs(made.mean() - averaging_error(2000, 5, 0.055, n_on=1)) > 5 * made.std(ddof=1) / np.sqrt(len(made))


class TestHigherOrders:
    @pytest.mark.parametrize("r", [2, 3, 4, 5])
    def test_ands_are_exact_if_nothing_else_is_on(self, r):
        layer = universal_and(r, 3000, 0.4)
        x = every_input(r)
        estimates = layer.reading(mobius(layer, [list(range(r))])).estimates(x)[:, 0]
        np.testing.assert_allclose(estimates, x.all(axis=1), atol=1e-9)

    @pytest.mark.parametrize("table", [0b0110, 0b0111, 0b1000, 0b0001, 0b1111, 0b0000, 0b1010])
    def test_functions_of_two(self, table):
        layer = universal_and(2, 100, 0.5)
        x = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
        estimates = layer.reading(boolean_function(layer, [[0, 1]], table)).estimates(x)[:, 0]
        np.testing.assert_allclose(estimates, [table >> row & 1 for row in range(4)], atol=1e-12)

    @pytest.mark.parametrize("text", ["x0 ^ x1 ^ x2", "maj(x0, x1, x2)", "x0 & ~x1 | x2"])
    def test_functions_agree_with_circuits(self, text):
        circuit, x = Circuit.parse(f"features x0 x1 x2\ny = {text}\noutput y\n"), every_input(3)
        truth = circuit.evaluate_dense(x)[:, -1]
        for embedding in (None, directions(3, 3)):
            if embedding is not None:  # an orthonormal code: rotated, but nothing is lost
                embedding[:] = np.linalg.qr(embedding)[0]
            layer = universal_and(3, 400, 0.5, embedding=embedding)
            made = layer.reading(boolean_function(layer, [[0, 1, 2]], circuit.gates[0].table)).estimates(x)[:, 0]
            np.testing.assert_allclose(made, truth, atol=1e-9)

    def test_corrected_functions_are_unbiased_among_others(self):
        x, made = np.array([[1, 1, 0, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 0, 0, 1]]), {None: [], 6: []}
        for index in range(25):
            layer = universal_and(8, 4000, 0.2, index=index)
            for k, estimates in made.items():
                read_off = boolean_function(layer, [[0, 1, 2]], 0x96, n_active=k)
                estimates.append(layer.reading(read_off).estimates(x)[:, 0])
        mean, error = (part(made[6], axis=0) for part in (np.mean, np.std))
        error = error / np.sqrt(24)
        assert (np.abs(mean - [0, 1]) < 5 * error).all()
        assert (np.abs(np.mean(made[None], axis=0) - [0, 1]) > 5 * np.std(made[None], axis=0) / np.sqrt(24)).all()


class TestTargeted:
    @pytest.mark.parametrize("assignment", ["random", "balanced"])
    def test_every_gate_has_its_neurons(self, assignment):
        gates = np.arange(300).reshape(150, 2)
        layer = targeted_ands(
            gates, n_features=300, n_neurons=40, neurons_per_gate=7, response="kink", assignment=assignment
        )
        M = layer.incidence.toarray()
        np.testing.assert_array_equal((M[gates[:, 0]] * M[gates[:, 1]]).sum(axis=1), 7)
        served = M[gates[:, 0]].sum(axis=0)
        assert served.sum() == 1050
        if assignment == "balanced":
            assert served.max() - served.min() <= 1
        else:
            assert 0.5 < served.var() / (150 * 7 / 40 * (1 - 7 / 40)) < 2

    @pytest.mark.parametrize("response", ["kink", "shifted", "clip"])
    @pytest.mark.parametrize("order", [2, 3])
    def test_responses_are_exact_for_exact_inputs(self, response, order):
        layer = one_neuron_per_gate([list(range(order))], n_features=order, response=response)
        x = every_input(order)
        np.testing.assert_allclose(layer.estimates(x)[:, 0], x.all(axis=1), atol=1e-12)

    def test_relus_compute_the_same(self):
        embedding = directions(40, 25)
        layer = targeted_ands(
            np.arange(40).reshape(20, 2), n_features=40, n_neurons=15, neurons_per_gate=3, embedding=embedding
        )
        x = support_matrix(random_supports(40, 50, n_active=4), 40)
        plain = layer.as_relu()
        assert (plain.activation, plain.n_neurons) == ("relu", 30)
        np.testing.assert_allclose(plain.estimates(x), layer.estimates(x), atol=1e-12)
        assert universal_and(5, 6, 0.5).as_relu().n_neurons == 6

    def test_noise_of_superposed_inputs(self):
        """V = |S| k/d, over random directions and inputs in which none of a neuron's features is on."""
        gates, found, expected = np.arange(20).reshape(10, 2), [], []
        supports = random_supports(280, 60, n_active=6) + 20
        for seed in range(8):
            layer = targeted_ands(
                gates,
                n_features=300,
                n_neurons=12,
                neurons_per_gate=4,
                embedding=directions(300, 120, seed),
                index=seed,
            )
            noise = (layer.preactivation(support_matrix(supports, 300)) - layer.b_in) / 2
            found.append((noise**2).mean(axis=0))
            expected.append(input_noise(layer, 6))
        assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.15)
        with pytest.raises(InputError, match="pass n_hidden"):
            input_noise(universal_and(5, 5, 0.5), 2)

    @pytest.mark.slow
    @pytest.mark.parametrize(("k", "s"), [(4, 9), (8, 15)])
    def test_exact_inputs_follow_the_law(self, k, s):
        made = []
        for index in range(6):
            gates = np.random.default_rng(index).permutation(2000).reshape(1000, 2)
            layer = targeted_ands(gates, n_features=2000, n_neurons=300, neurons_per_gate=s, index=index)
            made.append((np.diagonal(layer.estimates(cases(gates, 2000, k, 1, seed=index))) > 0.5).mean())
        law = targeted_error(2000, 300, 1000, k, neurons_per_gate=s, n_on=1)
        assert law / 1.4 < np.mean(made) + 3e-4
        assert np.mean(made) < 1.4 * law + 3e-4

    def test_refusals(self):
        with pytest.raises(InputError, match="neurons_per_gate must be at most n_neurons = 3"):
            targeted_ands([[0, 1]], n_features=2, n_neurons=3, neurons_per_gate=4)
        with pytest.raises(ShapeError, match="embedding has shape"):
            targeted_ands([[0, 1]], n_features=2, n_neurons=3, neurons_per_gate=1, embedding=np.eye(3))
        with pytest.raises(InputError, match="has no read-off yet"):
            universal_and(3, 3, 0.5).estimates(np.eye(3))
        with pytest.raises(ShapeError, match="n_features=3"):
            universal_and(3, 3, 0.5).neurons(np.eye(4))


class TestGaussian:
    @pytest.mark.parametrize(
        ("read", "kind"),
        [(gaussian_product, "product"), (gaussian_covariance, "covariance"), (gaussian_direct, "direct")],
    )
    @pytest.mark.parametrize("on", [0, 1, 2])
    def test_estimates_follow_the_law(self, read, kind, on):
        estimates = over_layers(
            lambda index: gaussian_layer(60, 300, n_active=6, relative_bias=-0.5, index=index),
            lambda layer, gates: read(layer, gates, n_active=6),
            on, 40, n_features=60, n_active=6,
        )  # fmt: skip
        law = gaussian_and_law(300, 6, -0.5, n_on=on, read_off=kind)
        per_layer = estimates.mean(axis=1)
        assert abs(per_layer.mean() - law.mean) < 5 * per_layer.std(ddof=1) / np.sqrt(40)
        assert estimates.std() == pytest.approx(float(law.deviation), rel=0.2)

    def test_least_squares_find_what_is_there(self):
        """With many inputs the fitted read-off errs least of all linear ones on them, and points the product's way."""
        layer = gaussian_layer(16, 60, n_active=4)
        x = support_matrix(random_supports(16, 2000, n_active=4), 16)
        truth = all_on(x, [[0, 1], [2, 9]])
        errors = [
            ((layer.reading(read_off).estimates(x) - truth) ** 2).mean()
            for read_off in (
                fitted(layer, [[0, 1], [2, 9]], x),
                gaussian_product(layer, [[0, 1], [2, 9]], n_active=4),
                gaussian_direct(layer, [[0, 1], [2, 9]], n_active=4),
            )
        ]
        assert errors[0] < min(errors[1:])
        assert errors[0] < truth.var()
        ones = fitted(layer, [[0, 1]], x, values=np.ones((2000, 1)))
        np.testing.assert_allclose(layer.reading(ones).estimates(x), 1, atol=1e-9)

    def test_refusals(self):
        with pytest.raises(InputError, match="reads a layer of dense normal weights"):
            gaussian_product(universal_and(5, 6, 0.5), [[0, 1]], n_active=3)
        with pytest.raises(InputError, match="no incidence"):
            averaging(gaussian_layer(5, 6, n_active=3), [[0, 1]])
        with pytest.raises(ShapeError, match="for pairs"):
            gaussian_direct(gaussian_layer(5, 6, n_active=3), [[0, 1, 2]], n_active=3)


class TestPlan:
    """What is planned is built, and errs as often as was planned, within the spread of a few layers."""

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["universal, average", "Gaussian, product", "targeted, clipped"])
    def test_a_planned_layer_keeps_its_promise(self, name):
        n, k = 300, 3
        row = {row.construction: row for row in circuit_plan(n, k, n_gates=150, error=0.05)}[name]
        width, gates = int(row.n_neurons), np.arange(n).reshape(150, 2)
        wrong = {on: [] for on in (1, 2)}
        for index in range(12):
            if name == "universal, average":
                layer = universal_and(n, width, float(row.about.split()[-1]), index=index)
                layer = layer.reading(averaging(layer, gates))
            elif name == "Gaussian, product":
                bias = float(row.about.split()[-1]) / np.sqrt(k)
                layer = gaussian_layer(n, width, n_active=k, relative_bias=bias, index=index)
                layer = layer.reading(gaussian_product(layer, gates, n_active=k))
            else:
                each = int(row.about.split()[0])
                words = {"n_features": n, "n_neurons": width // 2, "neurons_per_gate": each, "index": index}
                layer = targeted_ands(gates, **words)
            for on, found in wrong.items():
                estimates = np.diagonal(layer.estimates(cases(gates, n, k, on, seed=index)))
                found.append(np.mean(estimates <= 0.5 if on == 2 else estimates > 0.5))
        mean, error = (part(list(wrong.values()), axis=1) for part in (np.mean, np.std))
        assert (mean <= 0.05 + 5 * error / np.sqrt(11)).all()
        assert mean.max() >= 0.05 / 3  # not much wider than needed; few dense neurons are skewed, and err less


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: boolean_function(universal_and(4, 40, 0.3), [[0, 1]], 0b10000), "does not fit"),
        (lambda: boolean_function(universal_and(4, 40, 0.3), [[0, 1]], -1), "does not fit"),
        (lambda: fitted(universal_and(4, 40, 0.3), [[0, 1]], np.ones((0, 4))), "no inputs"),
        (lambda: pair_errors(universal_and(1, 5, 0.5), np.zeros((3, 1), np.int64)), "a pair needs two"),
        (
            lambda: targeted_ands([[0, 1]], n_features=4, n_neurons=2, neurons_per_gate=1, response="soft"),  # pyright: ignore
            "response must be one of kink, shifted, clip",
        ),
    ],
)
def test_what_no_construction_can_do_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
