"""What the tests of the command line share: short trainings, and what a command said."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

PROBLEM = ["--n-features", "3", "--n-hidden", "2", "--feature-probability", "0.2"]
QUICK = ["--n-steps", "20", "--batch-size", "16", "--evaluation-samples", "64"]
VARIED = ["--vary", "feature_probability=1,0.1", "--n-models", "2"]


class Said(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Standard error in one line, without the frame that some messages have."""
        return " ".join(self.err.replace("│", " ").split())

    @property
    def json(self) -> Any:
        return json.loads(self.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


Tegum = Callable[..., Said]
