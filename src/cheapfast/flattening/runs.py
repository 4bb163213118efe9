"""Synapses of runs of neighbouring layers merged: exact where they decide, bounded elsewhere."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from cheapfast._memory import available_bytes, parse_bytes
from cheapfast._validate import thread_count
from cheapfast.counting.csr import count_prefixes_csr
from cheapfast.counting.estimate import estimate_synapses
from cheapfast.counting.structural import count_structural
from cheapfast.flattening.hubs import full_runs
from cheapfast.flattening.partition import Partition, least_partitions
from cheapfast.flattening.reach import largest_rows, nonzero_rows, transposed
from cheapfast.flattening.row_samples import lower_counts, sampling_memory
from cheapfast.flattening.run_counts import Report, RunCounts
from cheapfast.network import Network
from cheapfast.support import CsrSupport, compose

#: Synapses times batches of 512 columns up to which a start is counted with all its ends at once:
#: some ten milliseconds.
_CHEAP_START = 2 * 10**7

#: Entries up to which the sharper lower bounds are worth their time: some seconds.
_CHEAP_BOUNDS = 2 * 10**9

#: Synapses times batches of 512 columns from which on a run is estimated before it is counted:
#: some tenths of a second.
_DEAR_COUNT = 3 * 10**8

#: What an estimate has to clear to rule a run out, and the seed of all of them: the same network
#: has the same frontier.
_STANDARD_ERRORS = 5
_SEED = 0

#: Layers in the middle of which hubs are looked for.
_MIDDLES = 8

#: Columns that one pass of the bit-parallel count takes.
_BATCH = 512


class Runs:
    """The counts of all runs of layers of a network, as far as they are known.

    Parameters
    ----------
    net : Network
        A linear network.
    threads, memory_limit
        As for `cheapfast.synapse_count`.
    report : callable, optional
        Called as ``report(settled runs, all runs)``.

    Notes
    -----
    What is known without counting:

    - products with a closed form;
    - a product in which every nonempty row has all nonempty columns. It is a Boolean matrix of rank
      one, and so is every longer run: rows times columns, and those are cheap (see `reach`).
    """

    def __init__(
        self,
        net: Network,
        threads: int | None = None,
        memory_limit: int | str | None = None,
        report: Report | None = None,
    ) -> None:
        depth = len(net)
        self._net = net
        self._supports = [layer.support for layer in net]
        self._threads = thread_count(threads)
        self._limit = parse_bytes(memory_limit)
        largest = max(max(layer.shape) for layer in net)
        dtype = np.dtype(np.int64 if largest < 2**31 else object)
        self.counts = RunCounts(depth, dtype, report)
        self._guessed: set[tuple[int, int]] = set()
        self._sampled = False
        self._bits_from = depth + 1  # layers of a run that is best counted 512 columns at a time
        self._fold_closed()
        if not self.counts.is_complete():
            self._count_entries()
        self.counts.hoped_for = self.counts.bounds.copy()

    def least_partitions(self) -> list[Partition]:
        """Find the cheapest partition for each number of groups, counting what decides.

        Returns
        -------
        list of Partition
            As of `cheapfast.flattening.partition.least_partitions`; their costs are exact.

        Notes
        -----
        The partitions of least *bound* are found, their runs counted, and so on until all runs of
        these partitions are known: their costs are then exact, and no partition can cost less,
        since none costs less than its bound. Runs that are dear to count are first bounded by
        some of their rows, then estimated to one percent, and counted only if they belong to a best
        partition even at five standard errors less. `proven` tells where that mattered.
        """
        for j in range(len(self._net)):
            self._sample(j)
        while True:
            found = self._least(self.counts.likely())
            wanted = {
                (i, j)
                for partition in found
                for i, j in _groups(partition.starts, len(self._net))
                if not self.counts.known[i, j]
            }
            if not wanted:
                self.counts.report(all_runs=True)
                return found
            # the longest first: what a count passes through on its way is counted too
            for i, j in sorted(wanted, key=lambda run: run[0] - run[1]):
                if self.counts.known[i, j]:
                    continue
                if not self._guess(i, j):
                    self._count(i, j)
                self.counts.report()

    def proven(self, found: list[Partition]) -> list[bool]:
        """Say of which partitions it is proven that none costs less.

        Parameters
        ----------
        found : list of Partition
            As `least_partitions` returned them.

        Returns
        -------
        list of bool
            False where only an estimate rules out that another partition costs less.
        """
        if not (self._sampled or self._guessed):
            return [True] * len(found)
        bounds = self._least(self.counts.bounds)
        return [mine.cost == bound.cost for mine, bound in zip(found, bounds, strict=True)]

    def _least(self, costs: np.ndarray) -> list[Partition]:
        return least_partitions([costs[i, i:].tolist() for i in range(len(self._net))])

    def _is_dear(self, i: int, j: int) -> bool:
        entries = sum(support.nnz for support in self._supports[i : j + 1])
        return entries * math.ceil(self._supports[i].shape[1] / _BATCH) > _DEAR_COUNT

    def _sample(self, j: int) -> None:
        """Sample the runs to an end, if one of them is not known and dear to count."""
        unknown = np.flatnonzero(~self.counts.known[:j, j])
        if not len(unknown) or not self._is_dear(int(unknown[0]), j):
            return
        layers = self._supports[unknown[0] : j + 1]
        limit = available_bytes() if self._limit is None else self._limit
        if sampling_memory(layers) > limit:
            return
        self._sampled = True
        rng = np.random.default_rng([_SEED, j])
        for i, low in enumerate(lower_counts(layers, rng, self._threads, limit), start=unknown[0]):
            self.counts.hope(i, j, low)

    def _guess(self, i: int, j: int) -> bool:
        """Estimate a run that is dear to count, once; return whether something was learnt."""
        if not self._is_dear(i, j) or (i, j) in self._guessed:
            return False
        self._guessed.add((i, j))
        try:
            found = estimate_synapses(
                self._net[i : j + 1],
                rng=_SEED,
                threads=self._threads,
                memory_limit=self._limit,
            )
        except (ValueError, MemoryError):
            return False  # rows too uneven for the draws, or no room: the count decides
        if found.method == "exact":
            self.counts.learn(i, j, int(found.value))
        else:
            low = math.floor(found.value - _STANDARD_ERRORS * found.standard_error)
            self.counts.hope(i, j, low)
        return True

    def _fold_closed(self) -> None:
        """Take the products that have a closed form."""
        for i, layer in enumerate(self._net):
            product = self._supports[i]
            # a single layer is not merged: wires that it passes through stay uncounted
            self.counts.learn(i, i, layer.synapses)
            for j, support in enumerate(self._supports[i + 1 :], start=i + 1):
                composed = compose(support, product)
                if composed is None:
                    break
                product = composed
                self.counts.learn(i, j, product.nnz)
            self.counts.report()

    def _count_entries(self) -> None:
        """Write the supports out where that fits, and learn what is cheap to learn from them."""
        needed = sum(s.csr_bytes for s in self._supports if not isinstance(s, CsrSupport))
        needed += sum(s.csr_bytes for s in self._supports)  # transposed
        limit = available_bytes() if self._limit is None else self._limit
        if needed > limit or self.counts.bounds.dtype == object:
            return  # every count that is asked for decides for itself what it writes out
        layers = [support.to_csr() for support in self._supports]
        columns_first = transposed(layers)
        rows = nonzero_rows(layers)
        columns = nonzero_rows(columns_first)[::-1, ::-1].T
        self.counts.full = rows * columns
        self.counts.raise_bounds(np.maximum(rows, columns))
        thin = np.triu(np.minimum(rows, columns) <= 1, k=1) & ~self.counts.known
        self.counts.take_full(thin)
        self._count_cheap_starts(layers, limit - needed)
        if not self.counts.is_complete():
            self._find_full(layers, columns_first, rows, columns)
            self._sharpen(layers, columns_first)

    def _count_cheap_starts(self, layers: list[CsrSupport], limit: int) -> None:
        """Count all ends of a start at once where columns are short, from the last start on."""
        end = len(layers)  # every run from here or before that ends here or later is full
        for i in reversed(range(len(layers))):
            batches = math.ceil(layers[i].shape[1] / _BATCH)
            cheap = batches * sum(layer.nnz for layer in layers[i:end]) <= _CHEAP_START
            if cheap and not self.counts.known[i, i + 1 : end].all():
                counts = count_prefixes_csr(layers[i:end], self._threads, limit)
                for j, count in enumerate(counts[1:], start=i + 1):
                    self.counts.learn(i, j, count)
            longer = np.s_[i, i + 1 : end]
            is_full = self.counts.bounds[longer] == self.counts.full[longer]
            saturated = self.counts.known[longer] & is_full
            if saturated.any():
                end = i + 1 + int(np.argmax(saturated))
            self.counts.take_full(np.s_[i, end:])
            self.counts.report()

    def _find_full(
        self,
        layers: list[CsrSupport],
        columns_first: list[CsrSupport],
        rows: np.ndarray,
        columns: np.ndarray,
    ) -> None:
        """Prove that long runs are full where they are dear to count."""
        depth = len(layers)
        if not self._is_dear(0, depth - 1):
            return
        for middle in np.unique(np.linspace(1, depth - 1, _MIDDLES, dtype=int)).tolist():
            for i, j in full_runs(layers, columns_first, middle, rows, columns):
                self.counts.learn_full(i, j)
            self.counts.report()

    def _sharpen(self, layers: list[CsrSupport], columns_first: list[CsrSupport]) -> None:
        """Raise the lower bounds of what is not known by the longest rows and columns."""
        depth = len(layers)
        if depth * sum(layer.nnz for layer in layers) > _CHEAP_BOUNDS:
            return
        by_rows, by_columns = self.counts.bounds.copy(), self.counts.bounds.copy()
        for i in range(depth):
            by_rows[i, i:] = largest_rows(layers, i)
            by_columns[: depth - i, depth - 1 - i] = largest_rows(columns_first, i)[::-1]
        self.counts.raise_bounds(np.maximum(by_rows, by_columns))

    def _count(self, i: int, j: int) -> None:
        """Count one run, and learn what falls out."""
        for end, count in enumerate(self._prefixes(i, j)[1:], start=i + 1):
            if count is not None and not self.counts.known[i, end]:
                self.counts.learn(i, end, count)
                if count == self.counts.full[i, end]:
                    self.counts.learn_full(i, end)

    def _prefixes(self, i: int, j: int) -> Sequence[int | None]:
        """Count a run, and the shorter ones from the same start as far as that costs nothing.

        Runs no shorter than one for which that was cheapest are counted 512 columns at a time,
        which tells of all shorter ones.
        """
        length = j + 1 - i
        run = [support for support in self._supports[i : j + 1] if isinstance(support, CsrSupport)]
        if length >= self._bits_from and len(run) == length:
            limit = available_bytes() if self._limit is None else self._limit
            with suppress(MemoryError):
                return count_prefixes_csr(run, self._threads, limit)
        counted = count_structural(self._net[i : j + 1], "auto", self._threads, self._limit)
        if counted.method == "bits":
            self._bits_from = min(self._bits_from, length)
        return counted.prefixes


def _groups(starts: tuple[int, ...], depth: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last layer of each group."""
    for i, following in itertools.pairwise((*starts, depth)):
        yield i, following - 1
