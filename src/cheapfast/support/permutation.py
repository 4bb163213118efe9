"""Permutations of an index, symbolic or written out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._arrays import read_only

IndexArray = npt.NDArray[Any]


class PermutationMap(ABC):
    """A permutation y = x[indices]; as a matrix, row i is 1 at column indices[i]. Immutable."""

    __slots__ = ()

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of entries that are permuted."""

    @property
    @abstractmethod
    def inverse(self) -> PermutationMap:
        """The inverse permutation, which is also the transposed matrix."""

    @property
    @abstractmethod
    def is_identity(self) -> bool:
        """Whether nothing moves."""

    @abstractmethod
    def indices(self) -> IndexArray:
        """Write the permutation out.

        Returns
        -------
        numpy.ndarray
            Shape (size,), of an integer dtype.

        Raises
        ------
        MemoryError
            Before anything is allocated, if it does not fit.
        """


class IndexPermutation(PermutationMap):
    """A permutation given by its array of indices.

    Parameters
    ----------
    indices : numpy.ndarray
        Each of 0 ... n - 1 once (the caller has checked that); borrowed.
    """

    __slots__ = ("_indices",)

    def __init__(self, indices: IndexArray) -> None:
        self._indices = read_only(indices)

    @property
    def size(self) -> int:
        """Number of entries that are permuted."""
        return int(self._indices.shape[0])

    @property
    def inverse(self) -> IndexPermutation:
        """The inverse permutation."""
        inverted = np.empty_like(self._indices)
        inverted[self._indices] = np.arange(self.size, dtype=self._indices.dtype)
        return IndexPermutation(inverted)

    @property
    def is_identity(self) -> bool:
        """Whether nothing moves."""
        return np.array_equal(self._indices, np.arange(self.size))

    def indices(self) -> IndexArray:
        """Return the array itself, read-only.

        Returns
        -------
        numpy.ndarray
        """
        return self._indices

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IndexPermutation):
            return NotImplemented
        return np.array_equal(self._indices, other._indices)

    def __hash__(self) -> int:
        return hash(self.size)


class DigitPermutation(PermutationMap):
    """A permutation of the digits of a mixed-radix index, of any size.

    ``y = x.reshape(radices).transpose(axes).ravel()``

    Parameters
    ----------
    radices : sequence of int
        Sizes of the digits of the input index, slowest first, all at least 1.
    axes : sequence of int
        Which input digit each output digit is, slowest first.

    Notes
    -----
    The digits are brought to canonical form: those of size 1 are dropped, those that stay
    neighbours in the same order are merged.

    Examples
    --------
    >>> DigitPermutation((2, 3), (1, 0)).indices()
    array([0, 3, 1, 4, 2, 5])
    >>> DigitPermutation((2, 3, 5), (1, 2, 0)).radices
    (2, 15)
    """

    __slots__ = ("_axes", "_radices")

    def __init__(self, radices: Sequence[int], axes: Sequence[int]) -> None:
        runs: list[list[int]] = []
        moving = [axis for axis in axes if radices[axis] != 1]
        rank = {axis: position for position, axis in enumerate(sorted(moving))}
        for axis in moving:
            if runs and rank[axis] == rank[runs[-1][-1]] + 1:
                runs[-1].append(axis)
            else:
                runs.append([axis])
        order = sorted(range(len(runs)), key=lambda run: runs[run][0])
        self._radices = tuple([math.prod([radices[axis] for axis in runs[run]]) for run in order])
        place = {run: position for position, run in enumerate(order)}
        self._axes = tuple([place[run] for run in range(len(runs))])

    @classmethod
    def reversal(cls, radices: Sequence[int]) -> DigitPermutation:
        """Return the reversal of digits: output digits have `radices`, input digits their reverse.

        Parameters
        ----------
        radices : sequence of int
            Sizes of the digits of the *output* index, slowest first.

        Returns
        -------
        DigitPermutation
        """
        return cls(tuple(radices)[::-1], range(len(radices) - 1, -1, -1))

    @property
    def radices(self) -> tuple[int, ...]:
        """Sizes of the digits of the input index, slowest first."""
        return self._radices

    @property
    def axes(self) -> tuple[int, ...]:
        """Which input digit each output digit is."""
        return self._axes

    @property
    def size(self) -> int:
        """Number of entries that are permuted."""
        return math.prod(self._radices)

    @property
    def inverse(self) -> DigitPermutation:
        """The inverse permutation."""
        back = sorted(range(len(self._axes)), key=self._axes.__getitem__)
        return DigitPermutation([self._radices[axis] for axis in self._axes], back)

    @property
    def is_identity(self) -> bool:
        """Whether nothing moves."""
        return len(self._radices) <= 1 or 0 in self._radices

    def indices(self) -> IndexArray:
        """Write the permutation out, digit by digit.

        Returns
        -------
        numpy.ndarray
            Shape (size,), of NumPy's index type.

        Raises
        ------
        MemoryError
            Before anything is allocated, if it does not fit.
        """
        size = self.size
        _memory.require(
            2 * size * np.dtype(np.intp).itemsize,
            f"the index array of a permutation of {size} entries",
            "keep it symbolic: count it, or compose it, as it is",
        )
        if size == 0:
            return np.zeros(0, dtype=np.intp)
        strides = [math.prod(self._radices[axis + 1 :]) for axis in range(len(self._radices))]
        indices = np.zeros(1, dtype=np.intp)
        for axis in self._axes:
            digit = np.arange(self._radices[axis], dtype=np.intp) * strides[axis]
            indices = (indices[:, None] + digit).reshape(-1)
        return indices

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DigitPermutation):
            return NotImplemented
        return self._radices == other._radices and self._axes == other._axes

    def __hash__(self) -> int:
        return hash((self._radices, self._axes))

    def __repr__(self) -> str:
        return f"DigitPermutation({self._radices}, {self._axes})"


def compose_permutations(outer: PermutationMap, inner: PermutationMap) -> PermutationMap | None:
    """Return the permutation of the matrix product outer . inner (inner is applied first).

    Parameters
    ----------
    outer, inner : PermutationMap
        Of the same size.

    Returns
    -------
    PermutationMap or None
        Symbolic if both are and their digits fit together; None if both are and they do not;
        else written out.
    """
    if isinstance(outer, DigitPermutation) and isinstance(inner, DigitPermutation):
        return _compose_digits(outer, inner)
    return IndexPermutation(inner.indices()[outer.indices()])


def _compose_digits(outer: DigitPermutation, inner: DigitPermutation) -> DigitPermutation | None:
    """Split the digits between the two at each other's boundaries, then chain the two orders."""
    if outer.is_identity:
        return inner
    if inner.is_identity:
        return outer
    parts: list[list[int]] = [[] for _ in inner.radices]  # of each input digit, slowest first
    labels: list[tuple[int, int]] = []  # (input digit, which part of it) between the two
    ends: list[int] = []  # where the digits of `outer` end in `labels`
    middle = list(reversed(inner.axes))
    axis, left = -1, 1
    for radix in outer.radices:
        missing = radix
        while missing > 1:
            if left == 1:
                axis = middle.pop()
                left = inner.radices[axis]
            part = min(missing, left)
            if missing % part or left % part:
                return None
            missing //= part
            left //= part
            labels.append((axis, len(parts[axis])))
            parts[axis].append(part)
        ends.append(len(labels))
    starts = [0, *ends[:-1]]
    offsets = [sum(len(part) for part in parts[:axis]) for axis in range(len(parts))]
    axes = [
        offsets[digit] + which
        for out in outer.axes
        for digit, which in labels[starts[out] : ends[out]]
    ]
    return DigitPermutation([radix for part in parts for radix in part], axes)
