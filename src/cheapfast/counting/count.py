"""`synapse_count`: what people call; the kinds of counts are counted elsewhere."""

from __future__ import annotations

from typing import Any, Literal

from cheapfast._validate import choice
from cheapfast.counting.numerical import count_numerical
from cheapfast.counting.structural import METHODS, ProgressArgument, count_structural
from cheapfast.network import Network

#: What `kind` may be.
KINDS = ("structural", "numerical")


def synapse_count(
    net: Network,
    *,
    kind: Literal["structural", "numerical"] = "structural",
    method: str = "auto",
    tolerance: float = 0.0,
    rng: Any = None,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: ProgressArgument = None,
) -> int:
    r"""Count the nonzeros of the matrix that a linear network multiplies out to.

    Parameters
    ----------
    net : Network
        Linear layers with known supports; biases do not matter. Any size.
    kind : {"structural", "numerical"}, optional
        "structural" counts the product of the supports: an entry is nonzero if any path leads to
        it, even if the values along several paths would cancel. "numerical" counts what is left
        after cancellation; the weights are taken as the exact rationals that they are.
    method : str, optional
        For the structural count. "auto" picks the method by its predicted work. "closed": the
        algebra of supports only (Kronecker patterns, permutations, diagonals, convolutions), at any
        size. "stamps" and "bitmap": multiply from the first layer on and count the last product row
        by row. "push":
        push each row through all layers, nothing stored in between. "bits": 512 columns at a time,
        one bit each. "intern": multiply with equal row supports stored once. All give the same
        number.
    tolerance : float, optional
        For the numerical count: 0 for exact arithmetic; above 0 an entry counts if it exceeds
        `tolerance` times the sum of the magnitudes of its terms, for weights such as twiddle
        factors which cancel only up to rounding. Must be 0 for the structural count.
    rng : None, int or numpy.random.Generator, optional
        Source of the primes of the numerical count; the structural count draws nothing.
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
        Exact, of any size. A numerical count may, with a probability that is hardly ever above
        1e-20, be too small; `cheapfast.counting.count_numerical` returns the bound.

    Raises
    ------
    TypeError
        If a layer has no support to count: an activation, or an Operator.
    ValueError
        If an argument is out of range, `method` does not apply, or a weight of a numerical count is
        NaN or infinite.
    MemoryError
        Before more than `memory_limit` would be allocated; the message says what
        `estimate_synapses` would need.

    See Also
    --------
    flattening_cost : the count divided by the synapses of the network itself.
    estimate_synapses : an estimate with its error, where this would take too long.

    Notes
    -----
    This is the numerator of eq. 26 of Lin, Tegmark and Rolnick at :math:`\ell=\epsilon=0`. The
    product is never stored: memory is proportional to a row, or to what is predicted to pay for
    itself. The numerical count goes through the rows as well, with sums of terms in the place of
    marks; see `cheapfast.counting.count_numerical`.

    Examples
    --------
    >>> import cheapfast as cf
    >>> import scipy.sparse as sp
    >>> A = sp.csr_array(sp.diags([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(6, 6)))
    >>> cf.synapse_count(cf.chain(A, A)), (A @ A).nnz
    (24, 24)
    >>> cf.synapse_count(cf.algorithms.hadamard(2**60)) == 2**120
    True

    Products of a matrix and its inverse cancel:

    >>> net = cf.algorithms.hadamard(16) @ cf.algorithms.hadamard(16)
    >>> cf.synapse_count(net), cf.synapse_count(net, kind="numerical")
    (256, 16)
    """
    if choice(kind, "kind", KINDS) == "numerical":
        require_auto(method)
        return count_numerical(net, tolerance, rng, threads, memory_limit, progress).value
    if tolerance != 0:
        raise ValueError(f"tolerance must be 0 for the structural count, got {tolerance}")
    return count_structural(net, method, threads, memory_limit, progress).value


def require_auto(method: str) -> None:
    """Refuse methods of the structural count where another kind is asked for.

    Parameters
    ----------
    method : str
        What the caller passed.

    Raises
    ------
    ValueError
        If it is anything but "auto".
    """
    if choice(method, "method", METHODS) != "auto":
        raise ValueError(
            f"method must be 'auto' for kind='numerical', got {method!r}: the others count supports"
        )
