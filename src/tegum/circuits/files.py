"""Compiled networks on disk: safetensors, with the plan and the circuit's digest in the header."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tegum.circuits.layer import Sparse
from tegum.circuits.network import Block, CompiledNetwork
from tegum.ground.atomic import replacing
from tegum.ground.errors import FileError

_FORMAT = 1


def write_network(network: CompiledNetwork, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a compiled network as safetensors.

    Sparse matrices are three tensors each, NAME.data, NAME.indices and NAME.indptr, rows compressed; the plan is JSON
    in the metadata.

    Args:
        network: the network.
        path: the file; `.safetensors` is usual.
        overwrite: replace a file that is there.

    Returns:
        The path.

    Raises:
        FileError: the file exists or cannot be written. Nothing half-written is left.

    Example:
        >>> import tempfile
        >>> from tegum.circuits import Circuit
        >>> from tegum.circuits.compile import compile_circuit
        >>> network = compile_circuit(Circuit.parse("features a b; y = a & b"), n_neurons=1, n_active=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = read_network(write_network(network, folder + "/and.safetensors"))
        >>> again.plan == network.plan, again.gates(np.array([[0, 1]]))
        (True, array([[1.]]))
    """
    from safetensors.numpy import save_file

    tensors = {"offset": network.offset, "predicted": network.predicted}
    matrices = {"embed": network.embed, "read": network.read}
    for number, block in enumerate(network.blocks):
        tensors[f"blocks.{number}.b_in"] = block.b_in
        matrices |= {f"blocks.{number}.W_in": block.W_in, f"blocks.{number}.W_out": block.W_out}
    shapes = {}
    for name, matrix in matrices.items():
        rows: Sparse = matrix.tocsr()
        tensors[f"{name}.data"] = rows.data.astype(np.float64)
        tensors |= {f"{name}.{part}": getattr(rows, part).astype(np.int64) for part in ("indices", "indptr")}
        shapes[name] = list(rows.shape)
    head = {"plan": json.dumps(network.plan), "shapes": json.dumps(shapes), "format": f"tegum circuit {_FORMAT}"}
    with replacing(path, overwrite=overwrite) as temporary:
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, temporary, head)
    return Path(path)


def read_network(path: str | Path) -> CompiledNetwork:
    """Read a compiled network.

    Args:
        path: what `write_network` wrote.

    Returns:
        The network.

    Raises:
        FileError: there is no such file, it is not whole, or not a compiled network.

    Example: see `write_network`.
        >>> read_network("nothing.safetensors")
        Traceback (most recent call last):
        tegum.ground.errors.FileError: there is no file nothing.safetensors.
    """
    from safetensors import safe_open

    try:
        with safe_open(str(path), "numpy") as file:
            head = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a dictionary
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.") from None
    except Exception as error:  # the library raises its own class for damaged files
        raise FileError(f"{path} is not a whole safetensors file ({error}). Copy or compile it again.") from None
    if head.get("format") != f"tegum circuit {_FORMAT}":
        raise FileError(f"{path} is not a network that this version compiled; `tegum circuit compile` makes them.")
    try:
        return _network(tensors, json.loads(head["plan"]), json.loads(head["shapes"]))
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise FileError(f"{path} is not a whole compiled network ({error}). Compile it again.") from None


def _network(tensors: dict[str, np.ndarray], plan: dict[str, Any], shapes: dict[str, list[int]]) -> CompiledNetwork:
    def matrix(name: str) -> Sparse:
        from scipy.sparse import csr_array

        parts = tuple(tensors[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
        made = csr_array(parts, shape=tuple(shapes[name]))
        made.check_format(full_check=True)  # an index outside of a matrix would crash what multiplies by it
        return made

    blocks = tuple(
        Block(
            matrix(f"blocks.{number}.W_in"),
            tensors[f"blocks.{number}.b_in"],
            matrix(f"blocks.{number}.W_out"),
            layer["corrected"],
        )
        for number, layer in enumerate(plan["layers"])
    )
    network = CompiledNetwork(matrix("embed"), blocks, matrix("read"), tensors["offset"], tensors["predicted"], plan)
    _check_shapes(network)
    n_parts = 3 * (2 + 2 * len(blocks)) + 2 + len(blocks)
    if len(tensors) != n_parts:
        raise ValueError(f"there are {len(tensors)} tensors, expected {n_parts} for {len(blocks)} layers")
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name} is not finite")
    for name in ("circuit", "n_active", "feature_probability", "width", "error"):
        plan[name]
    return network


def _check_shapes(network: CompiledNetwork) -> None:
    """Parts must fit together: what is written into the stream, out of it, and read at its end."""
    width, n_gates = network.read.shape
    expected = {
        "embed": (network.embed.shape, (network.n_features, width)),
        "offset": (network.offset.shape, (n_gates,)),
        "predicted": (network.predicted.shape, (n_gates, 3)),
    }
    for number, block in enumerate(network.blocks):
        m = len(block.b_in)
        expected |= {
            f"blocks.{number}.W_in": (block.W_in.shape, (width, m)),
            f"blocks.{number}.W_out": (block.W_out.shape, (m, width)),
        }
    for name, (shape, fitting) in expected.items():
        if shape != fitting:
            raise ValueError(f"{name} has shape {shape}, expected {fitting}")
