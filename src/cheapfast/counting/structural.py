"""How many synapses a network has once it is flattened: exactly, before anything is multiplied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cheapfast._memory import available_bytes, parse_bytes
from cheapfast._progress import reporting
from cheapfast._validate import choice, thread_count
from cheapfast.counting.csr import CSR_METHODS, ChainCount, count_csr
from cheapfast.network import Network
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


def synapse_count(
    net: Network,
    *,
    kind: Literal["structural"] = "structural",
    method: str = "auto",
    tolerance: float = 0.0,
    rng: Any = None,  # noqa: ARG001
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: ProgressArgument = None,
) -> int:
    r"""Count the nonzeros of the matrix that a linear network multiplies out to.

    Parameters
    ----------
    net : Network
        Linear layers with known supports; biases do not matter. Any size.
    kind : {"structural"}, optional
        "structural" counts the product of the supports: an entry is nonzero if any path leads to
        it, even if the values along several paths would cancel.
    method : str, optional
        "auto" picks the method by its predicted work. "closed": the algebra of supports only
        (Kronecker patterns, permutations, diagonals, convolutions), at any size. "stamps" and
        "bitmap": multiply from the first layer on and count the last product row by row. "push":
        push each row through all layers, nothing stored in between. "bits": 512 columns at a time,
        one bit each. "intern": multiply with equal row supports stored once. All give the same
        number.
    tolerance : float, optional
        For other kinds; must be 0 for the structural count.
    rng : None, int or numpy.random.Generator, optional
        For other kinds; the structural count draws nothing.
    threads : int, optional
        Number of threads; by default CHEAPFAST_NUM_THREADS, else the CPUs that the process may use.
        The result does not depend on it.
    memory_limit : int or str, optional
        Bytes that the count may take beyond the network itself, such as ``"8G"``; by default the
        memory available now.
    progress : bool or callable, optional
        True shows a bar on a terminal; a callable is called as ``progress(done, total)``.

    Returns
    -------
    int
        Exact, of any size.

    Raises
    ------
    TypeError
        If a layer has no support to count: an activation, or an Operator.
    ValueError
        If an argument is out of range, or `method` does not apply.
    MemoryError
        Before more than `memory_limit` would be allocated.

    See Also
    --------
    flattening_cost : the count divided by the synapses of the network itself.

    Notes
    -----
    This is the numerator of eq. 26 of Lin, Tegmark and Rolnick at :math:`\ell=\epsilon=0`. The
    product is never stored: memory is proportional to a row, or to what is predicted to pay for
    itself.

    Examples
    --------
    >>> import cheapfast as cf
    >>> import scipy.sparse as sp
    >>> A = sp.csr_array(sp.diags([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(6, 6)))
    >>> cf.synapse_count(cf.chain(A, A)), (A @ A).nnz
    (24, 24)
    >>> cf.synapse_count(cf.algorithms.hadamard(2**60)) == 2**120
    True
    """
    require_structural(kind)
    if tolerance != 0:
        raise ValueError(f"tolerance must be 0 for the structural count, got {tolerance}")
    return count_structural(net, method, threads, memory_limit, progress).value


def require_structural(kind: str) -> None:
    """Refuse the kind of count that this version does not make.

    Parameters
    ----------
    kind : str
        "structural" or "numerical".

    Raises
    ------
    ValueError
        If it is anything but "structural".
    """
    if choice(kind, "kind", ("structural", "numerical")) == "numerical":
        raise ValueError(
            "kind must be 'structural', got 'numerical': counts that recognise cancellation are "
            "not available in this version; the structural count is an upper bound of them"
        )


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
    if not isinstance(net, Network):
        raise TypeError(f"net must be a cheapfast.Network, got {type(net).__name__}")
    choice(method, "method", METHODS)
    workers = thread_count(threads)
    limit = parse_bytes(memory_limit)
    supports = [layer.support for layer in net]
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
        counted = count_csr(
            [support for support, _ in reversed(groups)],
            method,
            workers,
            available_bytes() if limit is None else limit,
            report,
        )
    for (_, last), count in zip(groups, counted.prefixes, strict=True):
        prefixes[last] = count if prefixes[last] is None else prefixes[last]
    return StructuralCount(counted.value, prefixes, _reported(counted)), counted.work


def _completed(
    net: Network,
    prefixes: Sequence[int | None],
    threads: int | None,
    memory_limit: int | str | None,
) -> list[int]:
    """Count the products that are missing, each on its own."""
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
    supports = [layer.support for layer in net]
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
    "structural_counts",
    "synapse_count",
]
