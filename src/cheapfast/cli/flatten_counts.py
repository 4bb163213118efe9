"""What ``cheapfast flatten`` counts, here or on a cluster, and draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cheapfast as cf

from .cluster import on_cluster
from .pictures import Picture
from .report import FlattenReport, LayerRow
from .specs import NamedNetwork


@dataclass(frozen=True)
class How:
    """The options that say how to count.

    Parameters
    ----------
    kind : str
        "structural" or "numerical".
    tolerance : float
        Relative error, or what counts as cancelled.
    method : str
        Which method counts.
    threads : int or None
        Number of threads.
    memory_limit : int or None
        Bytes that the count may take.
    progress : bool or None
        Whether a long count shows a bar.
    """

    kind: str = "structural"
    tolerance: float = 0.0
    method: str = "auto"
    threads: int | None = None
    memory_limit: int | None = None
    progress: bool | None = None

    def options(self) -> dict[str, Any]:
        """Return what all counts take.

        Returns
        -------
        dict
        """
        return {
            "method": self.method,
            "threads": self.threads,
            "memory_limit": self.memory_limit,
            "progress": self.progress,
        }


def count(named: NamedNetwork, how: How) -> FlattenReport:
    """Count a network and put together what the command prints.

    Parameters
    ----------
    named : NamedNetwork
        The network and the names of its layers.
    how : How
        What the options say.

    Returns
    -------
    FlattenReport
    """
    net = named.network
    if how.kind == "numerical":
        cost = cf.flattening_cost(net, kind=how.kind, tolerance=how.tolerance, **how.options())
        return _report(named, cost.flat, cost.method, how.kind, tolerance=how.tolerance)
    counts = cf.counting.structural_counts(net, **how.options())
    return _report(named, counts.value, counts.method, how.kind, counts.prefixes)


def count_partly(named: NamedNetwork, how: How, hidden_layers: int) -> FlattenReport:
    """Count a network that keeps hidden layers, or is flattened within an error.

    Parameters
    ----------
    named, how
        As for `count`.
    hidden_layers : int
        How many are left.

    Returns
    -------
    FlattenReport
    """
    net = named.network
    cost = cf.flattening_cost(
        net, hidden_layers, kind=how.kind, tolerance=how.tolerance, **how.options()
    )
    groups = ""
    if hidden_layers:
        # the table counts layers from 1
        point = cf.frontier(net, threads=how.threads, memory_limit=how.memory_limit)[hidden_layers]
        groups = " ".join(str(b) if b == a + 1 else f"{a + 1}-{b}" for a, b in point.groups)
    return _report(
        named,
        cost.flat,
        cost.method,
        cost.kind,
        bound=cost.bound,
        hidden_layers=hidden_layers,
        tolerance=how.tolerance,
        flat_neurons=cost.flat_neurons,
        groups=groups,
    )


def count_on_cluster(
    named: NamedNetwork, how: How, address: str, hidden_layers: int
) -> FlattenReport:
    """Count a network on the workers of a dask scheduler.

    Parameters
    ----------
    named, how
        As for `count`.
    address : str
        Of the scheduler.
    hidden_layers : int
        What the option says; must be 0.

    Returns
    -------
    FlattenReport
    """
    if hidden_layers or (how.tolerance and how.kind == "structural") or how.method != "auto":
        raise ValueError(
            "--dask counts a product exactly: it takes neither --hidden-layers nor --method, and "
            "--tolerance with --kind numerical only"
        )
    value = on_cluster(
        cf.counting.distributed.synapse_count,
        named.network,
        address,
        kind=how.kind,
        tolerance=how.tolerance,
        threads=how.threads,
        memory_limit=how.memory_limit,
        progress=how.progress,
    )
    return _report(named, value, "blocks of rows", how.kind, tolerance=how.tolerance)


def draw(named: NamedNetwork, how: How, hidden_layers: int, picture: Picture) -> None:
    """Draw the frontier; without hidden layers but a tolerance, synapses against the error.

    Parameters
    ----------
    named, how
        As for `count`.
    hidden_layers : int
        How many are left.
    picture : Picture
        Where to.
    """
    options: dict[str, Any] = {
        "threads": how.threads,
        "memory_limit": how.memory_limit,
        "progress": how.progress,
    }
    if how.tolerance and how.kind == "structural" and not hidden_layers:
        cf.tolerance_curve(named.network, **options).plot(picture.axes())
    else:
        cf.frontier(named.network, **options).plot(picture.axes())
    picture.write()


def _report(
    named: NamedNetwork,
    flat: int,
    method: str,
    kind: str,
    prefixes: Sequence[int | None] | None = None,
    **others: Any,
) -> FlattenReport:
    """Put the counts together; `prefixes` are those of the first layers, where they were made."""
    net = named.network
    if prefixes is None:
        whole = None if others.get("hidden_layers") else flat
        prefixes = [None] * (len(net) - 1) + [whole]
    rows = tuple(
        LayerRow(name, layer.shape, layer.synapses, product)
        for name, layer, product in zip(named.names, net, prefixes, strict=True)
    )
    deep = net.synapses
    return FlattenReport(
        layers=rows,
        deep=deep,
        flat=flat,
        ratio=flat / deep if deep else float("nan"),
        kind=kind,
        method=method,
        flat_bytes=csr_bytes(net.shape[0], net.shape[1], flat, net.dtype.itemsize),
        deep_neurons=net.neurons,
        **{"bound": "exact", **others},
    )


def csr_bytes(rows: int, columns: int, nonzeros: int, itemsize: int) -> int:
    """Return the memory of a CSR matrix: values, column indices and row pointers.

    Parameters
    ----------
    rows, columns : int
        Its shape.
    nonzeros : int
        Its nonzeros.
    itemsize : int
        Bytes of one value.

    Returns
    -------
    int
        Bytes, with 4-byte indices as long as they hold everything, as SciPy chooses them.
    """
    index = 4 if max(rows, columns, nonzeros) < 2**31 else 8
    return nonzeros * (itemsize + index) + (rows + 1) * index
