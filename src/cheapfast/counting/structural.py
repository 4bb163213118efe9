"""How many synapses a network has once it is flattened: exactly, before anything is multiplied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cheapfast._memory import available_bytes, human, parse_bytes
from cheapfast._progress import check_progress, reporting
from cheapfast._validate import choice, thread_count
from cheapfast.counting.csr import CSR_METHODS, ChainCount, count_csr, quick_prefixes
from cheapfast.counting.sketches import cohen_memory, sampling_memory
from cheapfast.layers import Layer
from cheapfast.network import Network, require_network
from cheapfast.support import Support, compose

ProgressArgument = bool | Callable[[int, int], None] | None

#: What `method` may be: "auto" chooses, "closed" is the algebra of supports, others count entries.
METHODS = ("auto", "closed", *CSR_METHODS)

#: Index pairs up to which the products in between are counted too, where the count needed none.
_CHEAP_WORK = 2 * 10**9


@dataclass(frozen=True)
class StructuralCount:
    """Nonzeros of the product of a network's supports, and how they were counted.

    Attributes
    ----------
    value : int
        Nonzeros of the product of all layers, exact.
    prefixes : sequence of int or None
        For each layer in data-flow order, the nonzeros of the product of the layers up to it: P,
        AP, RAP for the chain R A P. None where that count was not made.
    method : str
        What counted: "closed" for the algebra of supports, else a method of `synapse_count`; a name
        such as "intern+stamps" says that the first method led up to the second. "runs" is what
        "auto" uses instead of stamps where rows are unbroken runs of columns.
    """

    value: int
    prefixes: Sequence[int | None]
    method: str


def structural_counts(
    net: Network,
    *,
    method: str = "auto",
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: ProgressArgument = None,
) -> StructuralCount:
    """Count the product of all layers and, where that is cheap, of all first layers.

    Parameters
    ----------
    net, method, threads, memory_limit, progress
        As for `synapse_count`.

    Returns
    -------
    StructuralCount
        The counts; those in between are None where they would take as long again as a long count.

    Examples
    --------
    >>> import cheapfast as cf
    >>> cf.counting.structural_counts(cf.algorithms.hadamard(8)).prefixes
    [16, 32, 64]
    """
    counted, work = _count(net, method, threads, memory_limit, progress)
    missing = counted.prefixes.count(None)
    if not missing or work * missing > _CHEAP_WORK:
        return counted
    return StructuralCount(
        counted.value, _completed(net, counted.prefixes, threads, memory_limit), counted.method
    )


def count_prefixes(
    net: Network, threads: int | None = None, memory_limit: int | str | None = None
) -> list[int]:
    """Count the products of all first layers, however long that takes.

    Parameters
    ----------
    net, threads, memory_limit
        As for `synapse_count`.

    Returns
    -------
    list of int
        For each layer in data-flow order, the nonzeros of the product of the layers up to it.
    """
    counted = count_structural(net, "auto", threads, memory_limit)
    return _completed(net, counted.prefixes, threads, memory_limit)


def count_structural(
    net: Network,
    method: str = "auto",
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: ProgressArgument = None,
) -> StructuralCount:
    """Count the product of all layers; the counts in between only where they fall out.

    Parameters
    ----------
    net, method, threads, memory_limit, progress
        As for `synapse_count`.

    Returns
    -------
    StructuralCount
    """
    return _count(net, method, threads, memory_limit, progress)[0]


def _count(
    net: Network,
    method: str,
    threads: int | None,
    memory_limit: int | str | None,
    progress: ProgressArgument,
) -> tuple[StructuralCount, int]:
    """Count, and say how many index pairs that took."""
    require_network(net)
    choice(method, "method", METHODS)
    workers = thread_count(threads)
    limit = parse_bytes(memory_limit)
    check_progress(progress)  # products in closed form report none
    supports = supports_of(net)
    prefixes: list[int | None] = [None] * len(supports)
    if method in ("auto", "closed"):
        done = _fold(supports, prefixes)
        if done == len(supports):
            value = prefixes[-1]
            assert value is not None
            return StructuralCount(value, prefixes, "closed"), 0
        if method == "closed":
            raise ValueError(
                f"method='closed' does not apply: the product of the layers 0 to {done} (data-flow "
                "order) has no closed form; use method='auto'"
            )
    groups = _merge_cheap(supports)
    with reporting(progress, "counting synapses") as report:
        counted = _count_or_advise(
            [support for support, _ in reversed(groups)],
            method,
            workers,
            available_bytes() if limit is None else limit,
            report,
        )
    for (_, last), count in zip(groups, counted.prefixes, strict=True):
        prefixes[last] = count if prefixes[last] is None else prefixes[last]
    return StructuralCount(counted.value, prefixes, _reported(counted)), counted.work


def _count_or_advise(
    supports: list[Support],
    method: str,
    threads: int,
    limit: int,
    report: Callable[[int, int], None] | None,
) -> ChainCount:
    """Count; where that does not fit in memory, say what an estimate would need."""
    try:
        return count_csr(supports, method, threads, limit, report)
    except MemoryError as error:
        raise MemoryError(
            f"{error}; cheapfast.estimate_synapses(net, method='cohen') would need about "
            f"{human(cohen_memory(supports))}, the default method "
            f"{human(sampling_memory(supports, threads))}"
        ) from error


def _completed(
    net: Network,
    prefixes: Sequence[int | None],
    threads: int | None,
    memory_limit: int | str | None,
) -> list[int]:
    """Count the products that are missing: all in one go where that is quick, or one by one."""
    if prefixes.count(None) > 1:
        limit = parse_bytes(memory_limit)
        limit = available_bytes() if limit is None else limit
        quick = quick_prefixes(supports_of(net), thread_count(threads), limit)
        if quick is not None:
            return quick
    return [
        count_structural(net[: i + 1], "auto", threads, memory_limit).value
        if count is None
        else count
        for i, count in enumerate(prefixes)
    ]


def _reported(counted: ChainCount) -> str:
    return "closed" if counted.method == "nonzeros" else counted.method


def _fold(supports: list[Support], prefixes: list[int | None]) -> int:
    """Multiply in closed form from the first layer on, and return how many layers that did."""
    product = supports[0]
    prefixes[0] = product.nnz
    for i, support in enumerate(supports[1:], start=1):
        composed = compose(support, product)
        if composed is None:
            return i
        product = composed
        prefixes[i] = product.nnz
    return len(supports)


def supports_of(net: Network) -> list[Support]:
    """Return the supports of all layers.

    Parameters
    ----------
    net : Network
        Linear layers with known supports.

    Returns
    -------
    list of Support
        In data-flow order.

    Raises
    ------
    TypeError
        If layers have none; the message names them all.
    """
    try:
        return [layer.support for layer in net]
    except TypeError as error:
        in_the_way = ", ".join(
            f"layers[{i}] ({layer!r})" for i, layer in enumerate(net) if not _has_support(layer)
        )
        raise TypeError(f"{error}; in the way: {in_the_way}") from None


def _has_support(layer: Layer) -> bool:
    try:
        _ = layer.support
    except TypeError:
        return False
    return True


def merged_supports(net: Network) -> tuple[list[Support], int | None]:
    """Return the chain of supports that there is to count, merged where that is free.

    Parameters
    ----------
    net : Network
        Linear layers with known supports.

    Returns
    -------
    list of Support
        In matrix order.
    int or None
        The count itself, where the algebra of supports knows it.
    """
    supports = supports_of(net)
    prefixes: list[int | None] = [None] * len(supports)
    if _fold(supports, prefixes) == len(supports):
        return supports[::-1], prefixes[-1]
    groups = _merge_cheap(supports)
    merged = [support for support, _ in reversed(groups)]
    return merged, merged[0].nnz if len(merged) == 1 else None


def _merge_cheap(supports: list[Support]) -> list[tuple[Support, int]]:
    """Merge neighbours where that is free: a diagonal or a permutation with what it acts on.

    Returns the supports in data-flow order, each with the index of its last layer.
    """
    groups: list[tuple[Support, int]] = []
    for i, support in enumerate(supports):
        merged = compose(support, groups[-1][0]) if groups else None
        if merged is not None and merged.nnz <= support.nnz + groups[-1][0].nnz:
            groups[-1] = (merged, i)
        else:
            groups.append((support, i))
    return groups


__all__ = [
    "METHODS",
    "StructuralCount",
    "count_structural",
    "merged_supports",
    "structural_counts",
]
