"""What all tests share: array annotations that are checked, fixed seeds, and one small trained dataset.

`TEGUM_FRESH_SEED=1` gives the statistical tests of the sampler (and hypothesis) a new seed; the header prints it.
`TEGUM_SEED=...` runs with that seed again.
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    import xarray as xr
    from commands import Tegum


def _annotated() -> Iterator[str]:
    """Modules whose array annotations are checked: those of the pure layers, without the compiled ones.

    A checker around a function is not something that numba can compile.
    """
    root = Path(__file__).parent.parent / "src" / "tegum"
    for folder in ("geometry", "measure", "theory", "plot"):
        for path in (root / folder).glob("[!_]*.py"):
            if "tegum.ground.compiled" not in path.read_text():
                yield f"tegum.{folder}.{path.stem}"


# Before anything of tegum is imported. A whole number may stand for a real one, as everywhere in Python.
install_import_hook([*_annotated()], "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

settings.register_profile("default", deadline=None, derandomize=True, database=None)
settings.register_profile("fresh", deadline=None, database=None, print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    # arrays are small here, and the workers of pytest-xdist share the processors; torch is not loaded yet
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    threadpool_limits(1, user_api="blas")
    fresh = bool(os.environ.get("TEGUM_FRESH_SEED"))
    settings.load_profile("fresh" if fresh else "default")
    if fresh:  # kept in the environment, from which the workers of pytest-xdist read it
        os.environ.setdefault("TEGUM_SEED", str(secrets.randbelow(2**32)))


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed of the sampler's statistics: TEGUM_SEED={_seed()}"


@pytest.hookimpl(trylast=True)  # after pytest-randomly has mixed them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test first: as the last one, it would leave the other worker idle."""
    items.sort(key=lambda item: item.name != "test_the_quick_preset_of_everything")


def _seed() -> int:
    return int(os.environ.get("TEGUM_SEED", "0"))


@pytest.fixture(scope="session")
def statistics_seed() -> int:
    """The one integer of every test with a statistical window."""
    return _seed()


@pytest.fixture(scope="session")
def _trained() -> "xr.Dataset":
    from tegum import Geometric, Grid, Problem, Record, TrainSettings, train

    grid = Grid(
        Problem(n_features=5, n_hidden=2, feature_probability=1.0, importance=Geometric(ratio=0.9)),
        feature_probability=[1.0, 0.2, 0.05],
        n_hidden=[2, 3],
    )
    settings = TrainSettings(n_steps=60, batch_size=64, learning_rate=0.01, evaluation_samples=512)
    return train(grid, settings, n_models=2, seed=3, record=Record(n_losses=6, snapshots=3))


@pytest.fixture
def trained(_trained: "xr.Dataset") -> "xr.Dataset":
    """A grid of three probabilities and two widths, two models each, briefly trained; every test has its own copy."""
    return _trained.copy(deep=True)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Tegum":
    """Run a command of the command line in an empty folder."""
    from commands import Said

    from tegum.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Said:
        status = main(list(words))
        return Said(status, *capsys.readouterr())

    return run


@pytest.fixture
def grid_file(trained: "xr.Dataset", tmp_path: Path) -> Path:
    """The small trained dataset as a file."""
    from tegum import save

    return save(trained, tmp_path / "grid.nc")
