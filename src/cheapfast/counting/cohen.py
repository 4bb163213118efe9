"""Cohen's sketch: the least of random ranks says how many there were."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.counting.csr import csr_arrays
from cheapfast.counting.sampling import Plan, Sampled, mean_by_draws, predicted_draws
from cheapfast.counting.sketches import aligned, push_sketches, sketch_memory
from cheapfast.counting.steps import Steps
from cheapfast.support import Support

#: Ranks of a batch: 64 bytes a node.
RANKS = 16

#: Batches that one call may take; their half-width at 95 percent is then at most 0.82 percent.
MOST_BATCHES = 4096

_PILOT = 64

#: A sum of ranks above this belongs to a row that reaches no column.
_NOTHING = 1e30


def cohen_total(
    batches: Callable[[list[int]], npt.NDArray[np.float64]],
    rel_error: float,
    confidence: float,
    rng: np.random.Generator,
) -> Sampled:
    """Estimate the nonzeros of a product from batches of exponential ranks.

    Parameters
    ----------
    batches : callable
        Returns `batch_total` for each of the seeds that it is given.
    rel_error, confidence : float
        Half-width of the interval, relative, and its probability.
    rng : numpy.random.Generator
        Source of the seeds.

    Returns
    -------
    Sampled
        Its draws are batches.

    Raises
    ------
    ValueError
        If the error asked for is out of reach of `MOST_BATCHES` batches.

    Notes
    -----
    E. Cohen, "Size-estimation framework with applications to transitive closure and reachability"
    (1997). Every column draws a rank from the exponential distribution; the least rank among the s
    columns of a row is exponential with rate s. From the sum S of k = 16 independent minima
    (k - 1) / S estimates s without bias, and the sum over the rows estimates the total without
    bias. Batches are independent, so their spread gives an honest error although the rows of one
    batch share the ranks.
    """
    plan = Plan(rel_error, confidence, _PILOT, MOST_BATCHES)

    def draw(count: int) -> npt.NDArray[np.float64]:
        return batches(rng.integers(2**63, size=count).tolist())

    result = mean_by_draws(draw, plan)
    if result.relative <= rel_error or result.value == 0:
        return result
    raise ValueError(
        f"rel_error={rel_error:g} needs about {predicted_draws(result, plan):,} batches of ranks, "
        f"the budget is {MOST_BATCHES:,}; after {result.draws:,} the half-width is "
        f"{result.relative:.2g}: ask for a larger rel_error, or take method='hyperloglog'"
    )


def require_ranks(supports: Sequence[Support], memory_limit: int) -> None:
    """Refuse batches of ranks that do not fit in memory.

    Parameters
    ----------
    supports : sequence of Support
        In matrix order.
    memory_limit : int
        Bytes.

    Raises
    ------
    MemoryError
        If more than `memory_limit` bytes would be allocated.
    """
    _memory.require(
        sketch_memory(supports, _core.RANKS),
        "a sketch of every row (64 bytes a node of the two widest neighbouring layers)",
        "take method='hyperloglog', which needs a quarter of it",
        limit=memory_limit,
    )


def batch_total(supports: Sequence[Support], seed: int, threads: int, steps: Steps) -> float:
    """Return one unbiased estimate of the total.

    Parameters
    ----------
    supports : sequence of Support
        Two or more, in matrix order.
    seed : int
        Of the ranks.
    threads : int
        Number of threads; the result does not depend on it.
    steps : Steps
        Hears of the progress, in rows.

    Returns
    -------
    float
    """
    nodes = supports[-1].shape[1]
    columns = aligned(nodes, _core.RANKS)
    ranks = columns.view(np.float32).reshape(nodes, RANKS)
    np.random.default_rng(seed).standard_exponential(dtype=np.float32, out=ranks)
    pushed = push_sketches(supports[1:], _core.RANKS, columns, threads, steps)
    layer = csr_arrays(supports[0])
    sums = np.empty(layer[0])
    _core.sketch_sums(_core.RANKS, layer, pushed, sums, threads, steps.next(layer[0]))
    sums = sums[sums < _NOTHING]
    return float(np.sum((RANKS - 1) / sums))
