"""Random sparse networks, whose flattening the paper's eq. 27 predicts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _memory
from cheapfast._random import generator
from cheapfast._validate import integer, probability
from cheapfast.algorithms._arguments import size
from cheapfast.layers import Sparse
from cheapfast.network import Network

#: The positions 0 ... n^2 - 1, and a sum of gaps up to twice as large, must fit in 64-bit integers.
_LARGEST_N = 2**30


def random_sparse(
    n: int,
    density: float,
    depth: int,
    rng: int | np.random.Generator | None = None,
) -> Network:
    r"""Network of `depth` independent random n x n layers with exact Bernoulli supports.

    Each entry is 1 with probability `density` and 0 otherwise, independently of all others, as in
    section III.G of the paper.

    Parameters
    ----------
    n : int
        Width of every layer, from 1 to 2^30.
    density : float
        Probability of an entry to be a synapse, between 0 and 1.
    depth : int
        Number of layers, at least 1.
    rng : None, int or numpy.random.Generator, optional
        Source of the supports; None takes fresh entropy.

    Returns
    -------
    Network
        Shape (n, n), float64. `cheapfast.expected_synapses` says what its flattening has to expect.

    Raises
    ------
    TypeError
        If an argument is not a number of the right kind.
    ValueError
        If an argument is out of range.
    MemoryError
        If the expected number of synapses does not fit.

    Notes
    -----
    The gap to the next synapse is geometric, :math:`\lfloor E/(-\log(1-p))\rfloor` with E
    exponential, so the cost is one random number a synapse, not one an entry.

    Examples
    --------
    >>> import cheapfast as cf
    >>> net = cf.algorithms.random_sparse(1000, 0.01, 2, rng=0)
    >>> abs(cf.synapse_count(net) / cf.expected_synapses(1000, 0.01, 2).mean - 1) < 0.05
    True
    """
    n = size(n)
    density = probability(density, "density")
    depth = integer(depth, "depth", minimum=1)
    if n > _LARGEST_N:
        raise ValueError(f"n must be at most 2^30 = {_LARGEST_N}, got {n}")
    random = generator(rng)
    # one layer while it is made takes 40 bytes a synapse, a finished one 16; 8 bytes a row
    expected = math.ceil(n * n * density)
    _memory.require(
        expected * (24 + 16 * depth) + 8 * n * (depth + 1),
        f"random_sparse({n}, {density}, {depth})",
        "ask expected_synapses(n, density, depth), which draws nothing",
    )
    return Network([Sparse(_bernoulli(n, density, random)) for _ in range(depth)])


def _bernoulli(n: int, density: float, generator: np.random.Generator) -> sparse.csr_array[Any]:
    """Draw one layer as canonical CSR."""
    positions = _positions(n * n, density, generator)
    index = np.int32 if max(n, len(positions)) < 2**31 else np.int64
    row_starts = np.arange(n + 1, dtype=np.int64) * n
    indptr = np.searchsorted(positions, row_starts).astype(index)
    indices = (positions % n).astype(index)
    return sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=(n, n))


def _positions(total: int, density: float, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw each of 0 ... total-1 with probability `density`; ascending."""
    if density == 0.0:
        return np.empty(0, dtype=np.int64)
    if density == 1.0:
        return np.arange(total, dtype=np.int64)
    rate = -math.log1p(-density)
    chunks: list[npt.NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    first = 0
    while first < total:
        mean = (total - first) * density
        count = int(mean + 5 * math.sqrt(mean)) + 16
        gaps = np.floor(generator.standard_exponential(count) / rate)
        chunk = _accumulate(gaps, first, total)
        chunks.append(chunk[chunk < total])
        first = int(chunk[-1]) + 1
    return np.concatenate(chunks)


def _accumulate(gaps: npt.NDArray[np.float64], first: int, total: int) -> npt.NDArray[np.int64]:
    """Turn gaps into positions from `first` on, stopping soon after `total` is passed."""
    # a huge gap (tiny density) must not overflow the integer sum: it only has to leave the range
    steps = np.minimum(gaps, total).astype(np.int64) + 1
    if gaps.sum() < 2.0**62:
        return first - 1 + np.cumsum(steps)
    enough = int(np.searchsorted(np.cumsum(gaps), float(total))) + 1
    return first - 1 + np.cumsum(steps[:enough])
