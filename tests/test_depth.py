"""Simulated layers against state evolution, a simulated corrector against its map, and `tegum depth`."""

import json

import numpy as np
import pytest

from tegum.cli import BAD_INPUT, OK, main
from tegum.corrector import simulate_correction
from tegum.depth import active_features, simulate_layers
from tegum.experiments.analogies_data import attribute_words, rounded_wrong, sum_gap, unit_vectors
from tegum.ground.errors import InputError
from tegum.ground.estimate import share_estimate
from tegum.ground.streams import generator
from tegum.theory import analogy_success, linear_noise, reused_code_noise, state_evolution, step_rule, update_rules

RULES = update_rules()
SMALL = {"n_features": 300, "n_hidden": 150, "n_active": (4,), "n_layers": 4, "n_chains": 12, "n_inputs": 20}
COMMAND = ["depth", "--n-features", "1000", "--n-hidden", "500"]


@pytest.fixture(scope="module")
def simulated():
    return simulate_layers(RULES, **SMALL)


@pytest.mark.parametrize("rule", ["copy", "identity", "ReLU", "clip"])
def test_layers_follow_state_evolution(simulated, rule):
    """Five standard errors over chains; the control is noise of a code twice as wide."""
    at = simulated["inactive_square"].sel(rule=rule).isel(n_active=0).transpose("layer", "model").values
    error = at.std(axis=1, ddof=1) / np.sqrt(at.shape[1])
    expected, wide = (state_evolution(300, m, 4, rule=RULES[rule], n_layers=4).inactive_square for m in (150, 300))
    assert np.all(np.abs(at.mean(axis=1) - expected) < 5 * error + 0.05 * expected)
    assert not np.all(np.abs(at.mean(axis=1) - wide) < 5 * error + 0.05 * wide)


def test_one_code_and_fresh_codes():
    only = {"identity": RULES["identity"]}
    sizes = SMALL | {"n_layers": 3}
    fresh, one = (
        simulate_layers(only, fresh=fresh, **sizes)["inactive_square"].mean("model").values.ravel()
        for fresh in (True, False)
    )
    np.testing.assert_allclose(fresh, linear_noise(300, 150, 4, [1, 2, 3]), rtol=0.15)
    np.testing.assert_allclose(one, reused_code_noise(300, 150, 4, 3), rtol=0.25)


def test_codes_do_not_depend_on_the_rules(simulated):
    alone = simulate_layers({"step": step_rule(), "half": step_rule(carry=0.5)}, **SMALL)
    np.testing.assert_allclose(
        alone["wrong"].sel(rule="step").values, simulated["wrong"].sel(rule="step").values, atol=0.11
    )  # float32 products of another shape may round a value on the threshold otherwise


def test_an_error_that_is_not_carried_leaves_only_its_noise():
    """At a load where half of the features are wrong at once, copying keeps them and dropping does not."""
    sizes = SMALL | {"n_active": (2,), "n_hidden": 30, "n_layers": 2}
    data = simulate_layers({"kept": step_rule(), "dropped": step_rule(carry=0.0)}, **sizes)["wrong"].mean("model")
    first, second = data.isel(n_active=0, layer=0), data.isel(n_active=0, layer=1)
    assert float(first.sel(rule="kept")) == float(first.sel(rule="dropped")) > 5
    assert float(second.sel(rule="kept")) > float(second.sel(rule="dropped")) + 0.5 * float(first.sel(rule="kept"))


def test_the_same_seed_gives_the_same_numbers_and_another_does_not():
    sizes = SMALL | {"n_chains": 2, "n_layers": 2}
    first, again, other = (simulate_layers({"gate": RULES["gate"]}, seed=seed, **sizes) for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


def test_sets_have_their_size():
    rng = generator(0, 0, "test")
    truth = active_features(rng, 200, 20, 3)
    assert np.all(truth.sum(axis=1) == 3)
    assert len({tuple(row) for row in truth}) > 100


@pytest.mark.parametrize(("changes", "message"), [({"n_layers": 0}, "n_layers"), ({"n_active": (300,)}, "n_active")])
def test_bad_sizes(changes, message):
    with pytest.raises(InputError, match=message):
        simulate_layers({"gate": RULES["gate"]}, **(SMALL | changes))


def test_the_corrector_holds_below_its_critical_load_and_not_above():
    data = simulate_correction(
        n_features=4000, n_neurons=4000, n_active=(1, 20), fan_out=12, n_layers=6, n_runs=1, n_inputs=4
    )
    assert float(data["neuron_error"].sel(n_active=1).max()) < 0.003
    assert float(data["neuron_error"].sel(n_active=20)[0, -1]) > 0.1
    with pytest.raises(InputError, match="fan_out must be at most n_neurons"):
        simulate_correction(n_features=9, n_neurons=4, n_active=(1,), fan_out=5, n_layers=1, n_runs=1, n_inputs=1)


class TestAnalogies:
    def test_the_shortcut_has_the_law_of_whole_vectors(self):
        """Every vector drawn in full, against components along the query alone."""
        m, s, n_codes, n_unrelated, n_sharing = 30, 0.8, 400, 60, 5
        rng, found = np.random.default_rng(0), 0
        for _ in range(n_codes):
            royal, female, male = unit_vectors(rng, 3, m)
            own = s * unit_vectors(rng, 4, m)
            query = royal + male + own[0] - male - own[1] + female + own[2]
            others = [
                each + unit_vectors(rng, n_sharing, m) + s * unit_vectors(rng, n_sharing, m) for each in (royal, female)
            ]
            pairs = unit_vectors(rng, n_unrelated, m) + unit_vectors(rng, n_unrelated, m)
            others.append(pairs + s * unit_vectors(rng, n_unrelated, m))
            found += query @ (royal + female + own[3]) > (np.concatenate(others) @ query).max()
        quick = attribute_words(m, s, n_unrelated=n_unrelated, n_sharing=n_sharing, n_codes=20_000, seed=0)["found"]
        estimate = share_estimate(int(found), n_codes, confidence=1 - 6e-7)
        assert estimate.low < quick.mean() < estimate.high
        wrong = attribute_words(m, 1.6, n_unrelated=n_unrelated, n_sharing=n_sharing, n_codes=20_000, seed=0)["found"]
        assert not estimate.low < wrong.mean() < estimate.high

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("m", "s", "simulated"),
        [(50, 0.5, 0.965), (50, 1.0, 0.407), (100, 0.5, 0.9995), (100, 1.5, 0.271), (20, 0.5, 0.506)],
    )
    def test_reference_simulation(self, m, s, simulated):
        """2000 codes there and 2000 here: five standard errors of the difference."""
        found = attribute_words(m, s, n_unrelated=2000, n_sharing=25, n_codes=2000, seed=0)["found"].mean()
        assert abs(found - simulated) < 5 * np.sqrt(2 * simulated * (1 - simulated) / 2000) + 1e-3

    def test_reference_formula(self):
        counts = {"n_unrelated": 2000, "n_first_attribute": 25, "n_second_attribute": 25}
        made = analogy_success([50, 50, 100, 100, 20], [0.5, 1, 0.5, 1.5, 0.5], **counts)
        np.testing.assert_allclose(made, [0.962, 0.391, 0.9997, 0.271, 0.433], atol=1.5e-3)
        many = {"n_unrelated": 20_000, "n_first_attribute": 100, "n_second_attribute": 100}
        assert float(analogy_success(200, 1.0, **many)) == pytest.approx(0.953, abs=1e-3)

    def test_sums_are_exact_and_rounding_can_fail(self):
        assert sum_gap(50, seed=0) < 1e-14
        assert rounded_wrong(200, 5, n_codes=3, seed=0).min() > 0
        assert rounded_wrong(200, 5000, n_codes=3, seed=0).max() == 0


class TestCommand:
    def test_the_table_for_people(self, capsys):
        assert main([*COMMAND, "--n-active", "6", "--n-layers", "12"]) == OK
        said = capsys.readouterr()
        assert said.err == ""
        for words in ("step, ρ = 0", "residual stream", "after 12", "k = 13.84", "step in superposition"):
            assert words in said.out

    def test_the_document_for_programs(self, capsys):
        assert main([*COMMAND, "--n-active", "6", "--json"]) == OK
        made = json.loads(capsys.readouterr().out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
        rows = {row["mechanism"]: row for row in made["mechanisms"]}
        assert rows["copy"]["endless"]
        assert rows["copy"]["layers"] is None
        assert rows["identity"]["layers"] == 1
        assert made["loads"][0]["active"] == pytest.approx(13.84, abs=0.01)

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--n-active", "1001"], "n_active must be at most n_features"),
            (["--n-active", "6", "--n-layers", "0"], "n_layers must be between 1 and 10000; got 0"),
            (["--n-active", "6", "--n-layers", "1000000000000"], "n_layers must be between 1 and 10000"),
            (["--n-active", "6", "--error", "0"], "--error must be above 0"),
            (["--n-active", "6", "--error", "nan"], "--error must be above 0"),
            (["--n-active", "6", "--n-hidden", "inf"], "n_hidden must be between 1 and 1e+300; got inf"),
        ],
    )
    def test_bad_input_ends_in_one_message(self, capsys, words, message):
        assert main([*COMMAND, *words]) == BAD_INPUT
        said = capsys.readouterr()
        assert said.out == ""
        assert message in said.err
