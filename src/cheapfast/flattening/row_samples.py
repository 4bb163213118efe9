"""What runs hardly have less than: some rows of the last layer, counted for all starts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cheapfast import _core
from cheapfast.counting.csr import csr_arrays
from cheapfast.support import CsrSupport, Support

#: Rows that are drawn: two batches of the kernel, one for each of two threads.
ROWS = 1024

#: What a bound keeps clear of what the rows say.
_STANDARD_ERRORS = 5
#: A share of the rows of which none is drawn, with the probability that five standard errors leave
#: to one side of a normal distribution: exp(-15) = 3e-7.
_UNSEEN = 15 / ROWS


def lower_counts(
    layers: Sequence[Support], rng: np.random.Generator, threads: int, memory_limit: int
) -> list[int]:
    """Bound the nonzeros of the products of all last layers from below, very likely.

    Parameters
    ----------
    layers : sequence of Support
        Two or more, in data-flow order.
    rng : numpy.random.Generator
        Draws rows, uniformly.
    threads : int
        Number of threads; the result does not depend on it.
    memory_limit : int
        Bytes, at least `sampling_memory`.

    Returns
    -------
    list of int
        For each layer the product of the layers from it on: what the rows that were drawn say, less
        five standard errors and a share of the rows that may have stayed unseen. A few long rows
        make the bound worse, never wrong: they raise the standard error by more than the mean.
    """
    rows = layers[-1].shape[0]
    drawn = rng.integers(0, rows, ROWS)
    arrays = [csr_arrays(support) for support in reversed(layers)]
    sizes = _core.count_rows_on_the_way(arrays, drawn, threads, memory_limit, None)
    errors = sizes.std(axis=1, ddof=1) / math.sqrt(ROWS)
    low = rows * ((1 - _UNSEEN) * sizes.mean(axis=1) - _STANDARD_ERRORS * errors)
    return [max(0, math.floor(bound)) for bound in low[::-1]]


def sampling_memory(layers: Sequence[Support]) -> int:
    """Return the bytes that `lower_counts` takes on one thread.

    Parameters
    ----------
    layers : sequence of Support
        In data-flow order.

    Returns
    -------
    int
    """
    written = sum(layer.csr_bytes for layer in layers if not isinstance(layer, CsrSupport))
    return written + 2 * 64 * max(layer.shape[1] for layer in layers)
