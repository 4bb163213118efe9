"""The cheapest way to cut a row of items into groups of neighbours, for every number of groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

#: Sums of two costs below this stay inside int64.
_FITS_INT64 = 2**61


class Partition(NamedTuple):
    """A partition into groups of neighbours.

    Attributes
    ----------
    cost : int
        Sum of the costs of its groups.
    starts : tuple of int
        Where each group begins; the first is 0.
    """

    cost: int
    starts: tuple[int, ...]


def least_partitions(costs: Sequence[Sequence[int]]) -> list[Partition]:
    """Find the partition of least cost for each number of groups.

    Parameters
    ----------
    costs : sequence of sequences of int
        ``costs[i][k]`` is what one group of the items i to i + k costs; integers of any size.

    Returns
    -------
    list of Partition
        For 1, 2, ... groups.

    Notes
    -----
    With c(i, j) the cost of the group i ... j - 1 and C_g(j) the least cost of g groups of the
    first j items, C_g(j) = min_i C_{g-1}(i) + c(i, j): O(n^2) additions for each g. Among equals
    the last group is the longest.
    """
    size = len(costs)
    cost = _cost_matrix(costs)
    least = cost[0].copy()  # least[j]: all items before j + 1 in one group
    results = [Partition(int(least[-1]), (0,))]
    choices: list[npt.NDArray[np.intp]] = []
    for groups in range(2, size + 1):
        chosen = np.zeros(size, dtype=np.intp)
        following = least.copy()
        for last in range(groups - 1, size):
            starts = slice(groups - 1, last + 1)
            totals = least[groups - 2 : last] + cost[starts, last]
            best = int(np.argmin(totals))
            chosen[last] = groups - 1 + best
            following[last] = totals[best]
        choices.append(chosen)
        least = following
        results.append(Partition(int(least[-1]), _starts(choices)))
    return results


def _cost_matrix(costs: Sequence[Sequence[int]]) -> npt.NDArray[Any]:
    """Write the costs into a square array: machine integers where no sum overflows."""
    size = len(costs)
    largest = max(max(row) for row in costs)
    dtype = np.dtype(np.int64 if largest * size < _FITS_INT64 else object)
    matrix = np.zeros((size, size), dtype=dtype)
    for i, row in enumerate(costs):
        matrix[i, i:] = row
    return matrix


def _starts(choices: Sequence[npt.NDArray[np.intp]]) -> tuple[int, ...]:
    """Follow the choices back from the last group."""
    starts: list[int] = []
    last = len(choices[0]) - 1
    for chosen in reversed(choices):
        starts.append(int(chosen[last]))
        last = starts[-1] - 1
    return (0, *reversed(starts))
