"""Cohen's sketch: the least of random ranks says how many there were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.counting.registers import (
    Report,
    Steps,
    aligned,
    push_sketches,
    sketch_memory,
)
from cheapfast.counting.sampling import Plan, Sampled, mean_by_draws, predicted_draws
from cheapfast.support import Support

#: Ranks of a batch: 64 bytes a node.
RANKS = 16

#: Batches that one call may take; their half-width at 95 percent is then at most 0.82 percent.
MOST_BATCHES = 4096

_PILOT = 64

#: A sum of ranks above this belongs to a row that reaches no column.
_NOTHING = 1e30


def cohen_total(
    supports: Sequence[Support],
    rel_error: float,
    confidence: float,
    rng: np.random.Generator,
    threads: int,
    memory_limit: int,
    report: Report,
) -> Sampled:
    """Estimate the nonzeros of a product from batches of exponential ranks.

    Parameters
    ----------
    supports : sequence of Support
        Two or more, in matrix order.
    rel_error, confidence : float
        Half-width of the interval, relative, and its probability.
    rng : numpy.random.Generator
        Source of the ranks.
    threads : int
        Number of threads.
    memory_limit : int
        Bytes.
    report : callable or None
        Called as ``report(done, total)``.

    Returns
    -------
    Sampled
        Its draws are batches.

    Raises
    ------
    ValueError
        If the error asked for is out of reach of `MOST_BATCHES` batches.
    MemoryError
        Before more than `memory_limit` bytes would be allocated.

    Notes
    -----
    E. Cohen, "Size-estimation framework with applications to transitive closure and reachability"
    (1997). Every column draws a rank from the exponential distribution; the least rank among the s
    columns of a row is exponential with rate s. From the sum S of k = 16 independent minima
    (k - 1) / S estimates s without bias, and the sum over the rows estimates the total without
    bias. Batches are independent, so their spread gives an honest error although the rows of one
    batch share the ranks.
    """
    _memory.require(
        sketch_memory(supports, _core.RANKS),
        "a sketch of every row (64 bytes a node of the two widest neighbouring layers)",
        "raise memory_limit, or take method='hyperloglog', which needs a quarter of it",
        limit=memory_limit,
    )
    rows = sum(s.shape[0] for s in supports)
    plan = Plan(rel_error, confidence, _PILOT, MOST_BATCHES)
    steps = Steps(report, 2 * _PILOT * rows)

    def batches(count: int) -> npt.NDArray[np.float64]:
        steps.expect(count * rows)
        return np.array([_batch(supports, rng, threads, steps) for _ in range(count)])

    result = mean_by_draws(batches, plan)
    if result.relative <= rel_error or result.value == 0:
        return result
    raise ValueError(
        f"rel_error={rel_error:g} needs about {predicted_draws(result, plan):,} batches of ranks, "
        f"the budget is {MOST_BATCHES:,}; after {result.draws:,} the half-width is "
        f"{result.relative:.2g}: ask for a larger rel_error, or take method='hyperloglog'"
    )


def _batch(
    supports: Sequence[Support], rng: np.random.Generator, threads: int, steps: Steps
) -> float:
    """Return one unbiased estimate of the total."""
    nodes = supports[-1].shape[1]
    columns = aligned(nodes, _core.RANKS)
    ranks = columns.view(np.float32).reshape(nodes, RANKS)
    rng.standard_exponential(dtype=np.float32, out=ranks)
    pushed, layer = push_sketches(supports, _core.RANKS, columns, threads, steps)
    sums = np.empty(layer[0])
    _core.sketch_sums(_core.RANKS, layer, pushed, sums, threads, steps.next(layer[0]))
    sums = sums[sums < _NOTHING]
    return float(np.sum((RANKS - 1) / sums))
