"""Every experiment, in the order in which a reader should meet them."""

from tegum.experiments import (
    absolute_value,
    adversarial,
    analogies,
    antipodal,
    capacity,
    coherence,
    collapse,
    compounding_noise,
    correlations,
    critical_load,
    dependence,
    double_descent,
    dynamics,
    five_in_two,
    gaussian_layer,
    kgons,
    learned_random,
    levels,
    linear_against_relu,
    linear_dynamics,
    loss_forces,
    many_features,
    many_networks,
    near_square,
    noisy_simulation,
    nonuniform,
    one_shot,
    partial_dependence,
    pentagon_digon,
    phase_diagram,
    polytopes,
    privileged_basis,
    realistic_regime,
    stacking,
    superposed_correction,
    superposed_inputs,
    trained_circuits,
    transitions,
    uniform_geometry,
    universal_and,
    width_scaling,
)
from tegum.experiments.base import Experiment
from tegum.ground.errors import InputError

EXPERIMENTS: dict[str, Experiment] = {
    module.EXPERIMENT.id: module.EXPERIMENT
    for module in (
        five_in_two,
        linear_against_relu,
        many_features,
        loss_forces,
        phase_diagram,
        uniform_geometry,
        polytopes,
        pentagon_digon,
        nonuniform,
        kgons,
        correlations,
        partial_dependence,
        collapse,
        dynamics,
        linear_dynamics,
        privileged_basis,
        absolute_value,
        adversarial,
        double_descent,
        width_scaling,
        noisy_simulation,
        coherence,
        capacity,
        near_square,
        levels,
        dependence,
        one_shot,
        transitions,
        learned_random,
        antipodal,
        compounding_noise,
        critical_load,
        superposed_correction,
        analogies,
        universal_and,
        realistic_regime,
        superposed_inputs,
        gaussian_layer,
        stacking,
        many_networks,
        trained_circuits,
    )
}
"""Every experiment by its id."""


def experiment(name: str) -> Experiment:
    """The experiment of that id.

    Args:
        name: an id, as listed by `tegum list`.

    Returns:
        The experiment.

    Raises:
        InputError: there is none of that name.

    Example:
        >>> experiment("five-in-two").title
        'Five features in two dimensions'
    """
    if name not in EXPERIMENTS:
        raise InputError(f"there is no experiment {name!r}; the experiments are {', '.join(EXPERIMENTS)}.")
    return EXPERIMENTS[name]


def citation(name: str) -> str:
    """The papers behind an experiment's figures.

    Args:
        name: id of the experiment.

    Returns:
        One paper per line.

    Raises:
        InputError: there is no experiment of that name.

    Example:
        >>> print(citation("many-features"))
        Elhage et al. 2022, Toy Models of Superposition, section Basic Results
    """
    return "\n".join(experiment(name).sources)
