"""From the words on the command line to one network."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cheapfast as cf
from cheapfast import _memory
from cheapfast._replacing import require_writable

from . import built_in


@dataclass(frozen=True)
class NamedNetwork:
    """A network and a name for each of its layers.

    Parameters
    ----------
    network : cheapfast.Network
        The network.
    names : tuple of str
        One name a layer, in data-flow order.
    """

    network: Any
    names: tuple[str, ...]


def read_network(specs: Sequence[str], memory_limit: int | None = None) -> NamedNetwork:
    """Build the network that the command line describes.

    Parameters
    ----------
    specs : sequence of str
        In matrix order: files, saved networks and built-ins.
    memory_limit : int, optional
        Bytes that a file or a built-in may take. By default the memory that is available now.

    Returns
    -------
    NamedNetwork

    Raises
    ------
    ValueError
        If a spec is not understood, a file holds no matrix, or the shapes do not chain.
    OSError
        If a file cannot be read.
    MemoryError
        If a network would not fit in memory.
    """
    with _memory.limited(memory_limit):
        factors = [(spec, _read_factor(spec)) for spec in specs]
    network = cf.network.chain_named(factors)
    _note_dropped_entries(factors, network)
    # matrix order on the command line, data-flow order in the network
    names = [name for spec, factor in reversed(factors) for name in _layer_names(spec, factor)]
    return NamedNetwork(network, tuple(names))


def require_output(output: Path, suffix: str, specs: Iterable[str | Path]) -> None:
    """Refuse, before long work, an output that cannot be written or that nothing could read again.

    Parameters
    ----------
    output : pathlib.Path
        Where ``--output`` leads; what is no file, such as a pipe, may have any name.
    suffix : str
        That of the format, with its dot.
    specs : iterable of str or pathlib.Path
        What is read, and not to be replaced: see `require_apart`.

    Raises
    ------
    OSError, ValueError
        The message names the file.
    """
    require_writable(output)
    require_apart(output, specs)
    is_file = output.is_file() or not output.exists()
    if is_file and output.suffix.lower() != suffix:
        raise ValueError(f"--output {output} must end in {suffix}: that is what is written")


def require_apart(output: Path, specs: Iterable[str | Path], option: str = "--output") -> None:
    """Refuse to replace a file that is read.

    Parameters
    ----------
    output : pathlib.Path
        Where a result goes; what is no file, such as a terminal, is not replaced.
    specs : iterable of str or pathlib.Path
        What is read: as for `read_network`, or other files.
    option : str, optional
        What names the output on the command line.

    Raises
    ------
    ValueError
        The message names the file.
    """
    if not output.is_file():
        return
    for spec in map(str, specs):
        for file in (spec, spec.rpartition(":")[0]):  # of file.mat:NAME
            if os.path.exists(file) and output.samefile(file):
                raise ValueError(f"{option} {output} would replace {spec}; choose another name")


def _read_factor(spec: str) -> Any:
    network = built_in.build(spec)
    return cf.read_matrix(spec) if network is None else network


def _note_dropped_entries(factors: Sequence[tuple[str, Any]], network: cf.Network) -> None:
    """Say so where a file stores more entries than are counted: edges of weight 0, for example."""
    layers = iter(network)
    for spec, factor in reversed(factors):
        if isinstance(factor, cf.Network):
            for _ in factor:
                next(layers)
            continue
        counted = next(layers).synapses
        stored = getattr(factor, "nnz", counted)  # a dense array stores no pattern
        if stored != counted:
            warnings.warn(
                f"{spec}: {stored - counted:,} of {stored:,} stored entries are zero or repeated, "
                "and are not counted",
                stacklevel=2,
            )


def _layer_names(spec: str, factor: Any) -> list[str]:
    """Name a matrix after its file, the layers of a network after what they are."""
    if isinstance(factor, cf.Network):
        return [type(layer).__name__ for layer in factor]
    return [Path(spec).name]
