"""What the judge of an experiment says of datasets, whole or doctored."""

from functools import cache

from tegum.experiments import EXPERIMENTS
from tegum.experiments.base import Data
from tegum.experiments.verdict import Verdict, decide


def verdicts(name: str, data: Data) -> dict[str, Verdict]:
    """Verdict of each claim of an experiment."""
    return {finding.claim: decide(finding.parts) for finding in EXPERIMENTS[name].judge(data)}


@cache
def quick(name: str, **changes: object) -> Data:
    """The datasets of the quick preset, perhaps with settings that differ."""
    experiment = EXPERIMENTS[name]
    return experiment.run(experiment.settings("quick").replace(**changes), lambda _: None)
