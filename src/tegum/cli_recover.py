"""The commands `tegum recover` and `tegum transition`: how well, and up to which size, features are recovered."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tegum.cli_print import print_json, print_text, table
from tegum.ground.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

    from tegum.recovery import RecoverySpec

_STOP = ("quantity", "half_width", "relative_half_width", "decide", "first_codes", "max_codes", "confidence")
_LISTS = ("n_features", "n_hidden", "n_active", "code", "decoder")
_WHY = ("precise", "decided", "budget")


def recover(
    n_features: tuple[int, ...] | None = None,
    n_hidden: tuple[int, ...] | None = None,
    n_active: tuple[int, ...] | None = None,
    code: tuple[str, ...] | None = None,
    decoder: tuple[str, ...] | None = None,
    spec: Path | None = None,
    out: Path | None = None,
    quantity: Literal["success", "wrong_features"] | None = None,
    half_width: float | None = None,
    relative_half_width: float | None = None,
    decide: float | None = None,
    first_codes: int | None = None,
    max_codes: int | None = None,
    samples_per_code: int | None = None,
    confidence: float | None = None,
    seed: int | None = None,
    scheduler: str | None = None,
    json: bool = False,
) -> int:
    """Sample codes and inputs, decode them, and say how many features are recovered, until the interval is short.

    Sizes, codes and decoders may be lists; all combinations are done. Exit status 1 if some of them failed.

    Args:
        n_features: number n of features.
        n_hidden: number m of hidden dimensions.
        n_active: number k of features that are active at once.
        code: families of directions: sphere (the default), gauss, rademacher, sparse, tight, antipodal, ...
        decoder: threshold (the default), top_k, omp, fista, amp_bayes, ...
        spec: a TOML file with all of this, and options of codes and decoders, instead.
        out: folder with a file for each combination; the same command again does what is missing.
        quantity: what has to be precise: success (the default) or wrong_features.
        half_width: stop when half the interval is at most this; 0.05 if left out.
        relative_half_width: stop also when it is at most this share of the value.
        decide: stop also when the interval lies on one side of this value.
        first_codes: look for the first time at this number of codes, then at twice as many, ...; 8 if left out.
        max_codes: stop at this number of codes; 512 if left out.
        samples_per_code: inputs for each code; 8 if left out.
        confidence: of the intervals; 0.99 if left out.
        seed: the one integer behind all random numbers.
        scheduler: address of a Dask scheduler (tcp://host:8786), with --out.
        json: print one JSON document instead of a table.
    """
    given = {
        "n_features": n_features, "n_hidden": n_hidden, "n_active": n_active, "code": code, "decoder": decoder,
        "quantity": quantity, "half_width": half_width, "relative_half_width": relative_half_width,
        "decide": decide, "first_codes": first_codes, "max_codes": max_codes, "confidence": confidence,
        "samples_per_code": samples_per_code, "seed": seed,
    }  # fmt: skip
    asked = _asked(spec, {name: value for name, value in given.items() if value is not None})
    if scheduler and out is None:
        raise InputError("--scheduler needs --out, the folder that the finished combinations are written to.")
    failed: list[Any] = []
    if out is None:
        from tegum.recovery.collecting import recover_spec

        data = recover_spec(asked, progress=True)
    else:
        data, failed = _swept(asked, out, scheduler)
    rows = _rows(asked, data)
    if json:
        print_json({"spec": asked.model_dump(mode="json"), "rows": rows, "failed": failed})
    else:
        print_text(_as_table(asked, rows))
        for task in failed:
            print_text(f"Failed: {task['where']}\n  {task['error']}\n  {task['file']}")
    return 1 if failed else 0


def transition(
    n_features: int | None = None,
    n_hidden: int | None = None,
    n_active: int | None = None,
    code: str = "sphere",
    decoder: str = "threshold",
    level: float = 0.5,
    low: int | None = None,
    high: int | None = None,
    relative_half_width: float = 0.05,
    max_codes: int = 1536,
    samples_per_code: int = 4,
    confidence: float = 0.99,
    seed: int = 0,
    json: bool = False,
) -> int:
    """Find the size at which recovery succeeds in half of all samples; leave out the size that is asked for.

    Args:
        n_features: number n of features.
        n_hidden: number m of hidden dimensions.
        n_active: number k of features that are active at once.
        code: family of directions.
        decoder: how features are read back.
        level: the success probability.
        low: where to begin.
        high: where to give up.
        relative_half_width: stop when half the interval is at most this share of the size.
        max_codes: stop at this number of codes.
        samples_per_code: inputs for each code.
        confidence: of the interval.
        seed: the one integer behind all random numbers.
        json: print one JSON document instead of words.
    """
    from tegum.recovery import find_transition

    found = find_transition(
        n_features, n_hidden, n_active, code=code, decoder=decoder, level=level, low=low, high=high,
        relative_half_width=relative_half_width, max_codes=max_codes, samples_per_code=samples_per_code,
        confidence=confidence, seed=seed, progress=True,
    )  # fmt: skip
    if json:
        points = [point._asdict() for point in found.points]
        head = {"along": found.along, "level": found.level, "estimate": found.estimate.to_dict()}
        print_json({**head, "width": found.width, "reached": found.reached, "points": points})
        return 0
    print_text(f"Success probability {level:g} at {found.along} = {found.estimate} codes.")
    print_text(f"From 3/4 to 1/4 (relative odds) within {found.width:.3g}.")
    if not found.reached:
        print_text(f"The budget of {max_codes} codes was used up before ±{relative_half_width:.2g} of it was reached.")
    rows = [[str(p.size), str(p.n_codes), str(p.n_samples), f"{p.n_hits / p.n_samples:.2f}"] for p in found.points]
    print_text(table([found.along, "codes", "samples", "success"], rows))
    return 0


def _asked(file: Path | None, given: dict[str, Any]) -> "RecoverySpec":
    from tegum.recovery import RecoverySpec, StopRule
    from tegum.sweeps.command import spec_text

    if file is not None:
        if given:
            name = next(iter(given)).replace("_", "-")
            raise InputError(f"--spec says everything, and --{name} was given too. Write it into {file}.")
        return RecoverySpec.from_toml(spec_text(file))
    stop = StopRule(**{name: given.pop(name) for name in _STOP if name in given})
    single = {name: value[0] if name in _LISTS and len(value) == 1 else value for name, value in given.items()}
    return RecoverySpec(**single, stop=stop)


def _swept(asked: "RecoverySpec", out: Path, scheduler: str | None) -> tuple["xr.Dataset", list[Any]]:
    from tegum.sweeps import sweep_recovery
    from tegum.sweeps.cluster import connected
    from tegum.sweeps.command import as_record, told_in_lines

    with told_in_lines(), connected(scheduler) as client:
        result = sweep_recovery(asked, out, client=client, progress=True)
    if len(result.failed) == result.n_tasks:
        raise InputError(f"every combination failed; the first: {result.failed[0].error} ({result.failed[0].file})")
    return result.open(partial=True), as_record(result)["failed"]


def _rows(asked: "RecoverySpec", data: "xr.Dataset") -> list[dict[str, Any]]:
    """Each combination: where, the estimates, and why sampling stopped; null where it failed."""
    import numpy as np

    from tegum.recovery.collecting import QUANTITIES

    rows = []
    for i, case in enumerate(asked.cases()):
        at = np.unravel_index(i, asked.shape) if asked.shape else ()
        n_codes, stopped = int(data["n_codes"].values[at]), int(data["stopped"].values[at])
        row: dict[str, Any] = {name: getattr(case, name) for name in ("code", "decoder", *_LISTS[:3])}
        row |= {"n_codes": n_codes, "stopped": _WHY[stopped] if stopped >= 0 else "failed"}
        for name in QUANTITIES:
            low, best, high = (float(end) for end in data[name].values[at])
            row[name] = {"low": low, "best": best, "high": high, "n": n_codes}
        rows.append(row)
    return rows


def _as_table(asked: "RecoverySpec", rows: list[dict[str, Any]]) -> Any:
    from tegum.ground.estimate import Estimate

    where = list(asked.axes) or ["code", "decoder"]
    shown = ("success", "wrong_features")
    lines = []
    for row in rows:
        done = row["stopped"] != "failed"
        cells = [str(Estimate.from_dict(row[name])).rpartition(" n=")[0] if done else "-" for name in shown]
        lines.append([*(str(row[name]) for name in where), *cells, str(row["n_codes"]), row["stopped"]])
    return table([*where, "success", "wrong features", "codes", "stopped"], lines)
