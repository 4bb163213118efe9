"""The counts of all runs of neighbouring layers: which are known, and what bounds the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Report = Callable[[int, int], None]


class RunCounts:
    """Tables over all runs of layers; entry [i, j] stands for the layers i to j.

    Parameters
    ----------
    depth : int
        Number of layers.
    dtype : numpy.dtype
        Of counts: int64, or object for those of any size.
    report : callable, optional
        Called as ``report(settled runs, all runs)``.

    Attributes
    ----------
    bounds : ndarray
        Shape (depth, depth). Never exceeds the count, and equals it where it is known.
    known : ndarray of bool
        Shape (depth, depth).
    full : ndarray
        Shape (depth, depth): nonempty rows times nonempty columns; zeros until they are known.
    hoped_for : ndarray
        Shape (depth, depth): what a run that is not known most likely costs at least.
    """

    def __init__(self, depth: int, dtype: np.dtype, report: Report | None) -> None:
        self.bounds = np.zeros((depth, depth), dtype=dtype)
        self.known = np.zeros((depth, depth), dtype=bool)
        self.full = self.bounds.copy()
        self.hoped_for = self.bounds
        self._report = report

    def learn(self, i: int, j: int, count: int) -> None:
        """Take a count for known.

        Parameters
        ----------
        i, j : int
            First and last layer.
        count : int
            Exact.
        """
        self.bounds[i, j], self.known[i, j] = count, True

    def learn_full(self, i: int, j: int) -> None:
        """Take every run that holds a full one for full.

        Parameters
        ----------
        i, j : int
            First and last layer of the full one.
        """
        self.take_full(np.s_[: i + 1, j:])

    def take_full(self, where: Any) -> None:
        """Take runs for full: every nonempty row has all nonempty columns.

        Parameters
        ----------
        where : index
            Of entries of the tables.
        """
        self.bounds[where], self.known[where] = self.full[where], True

    def raise_bounds(self, lower: np.ndarray) -> None:
        """Raise the bounds of what is not known.

        Parameters
        ----------
        lower : ndarray
            Shape (depth, depth): lower bounds.
        """
        unknown = ~self.known
        self.bounds[unknown] = np.maximum(self.bounds, lower)[unknown]

    def hope(self, i: int, j: int, low: int) -> None:
        """Raise what a run most likely costs at least.

        Parameters
        ----------
        i, j : int
            First and last layer.
        low : int
            What an estimate leaves to it.
        """
        self.hoped_for[i, j] = max(low, self.hoped_for[i, j])

    def likely(self) -> np.ndarray:
        """Return the counts that are known, and what the others most likely cost at least.

        Returns
        -------
        ndarray
            Shape (depth, depth).
        """
        return np.where(self.known, self.bounds, self.hoped_for)

    def is_complete(self) -> bool:
        """Say whether all counts are known.

        Returns
        -------
        bool
        """
        return bool(self.known[np.triu_indices(len(self.known))].all())

    def report(self, all_runs: bool = False) -> None:
        """Report how many runs are settled.

        Parameters
        ----------
        all_runs : bool, optional
            Whether the others do not matter any more.
        """
        if self._report is not None:
            total = len(self.known) * (len(self.known) + 1) // 2
            self._report(total if all_runs else int(np.triu(self.known).sum()), total)
