"""Grouping rows and columns that are parallel, up to noise."""

from __future__ import annotations

import numpy as np

from cheapfast.flattening.unflatten.problem import Array


def projective_points(a: Array, b: Array) -> Array:
    """Map pairs of numbers, up to a common factor, to points of the unit sphere.

    Parameters
    ----------
    a, b : ndarray
        Shape (...,), broadcast.

    Returns
    -------
    ndarray
        Shape (..., 2) for reals, (..., 3) for complex numbers: the same point if and only if the
        ratios a : b are the same. Pairs of zeros go to the origin.
    """
    size = np.abs(a) ** 2 + np.abs(b) ** 2
    size = np.where(size > 0, size, 1)
    cross = 2 * a * np.conj(b) / size
    points = [cross.real, (np.abs(a) ** 2 - np.abs(b) ** 2) / size]
    if np.iscomplexobj(cross):
        points.append(cross.imag)
    return np.stack(points, axis=-1)


def clusters(points: Array, tolerance: float) -> Array:
    """Label points so that those of one label are connected by small steps in every coordinate.

    Parameters
    ----------
    points : ndarray
        Shape (count, coordinates).
    tolerance : float
        A gap larger than that separates.

    Returns
    -------
    ndarray of int
        Shape (count,), labels from 0 on.
    """
    labels = np.zeros(len(points), np.int64)
    for values in points.T:
        order = np.lexsort((values, labels))
        gap = (np.diff(values[order]) > tolerance) | (np.diff(labels[order]) > 0)
        labels = np.empty_like(labels)
        labels[order] = np.concatenate([[0], np.cumsum(gap)])
    return labels


def equal_groups(labels: Array) -> Array | None:
    """Return the members of each label, if all labels have the same number of them, at least two.

    Parameters
    ----------
    labels : ndarray of int
        Labels 0 ... count - 1.

    Returns
    -------
    ndarray of int or None
        Shape (count, members).
    """
    sizes = np.bincount(labels)
    if sizes.min() != sizes.max() or sizes[0] < 2:
        return None
    return np.argsort(labels, kind="stable").reshape(len(sizes), -1)


def scale_free_keys(rows: Array, rng: np.random.Generator, count: int = 3) -> tuple[Array, float]:
    """Return numbers that are equal for parallel rows, and hardly ever for others.

    Parameters
    ----------
    rows : ndarray
        Shape (rows, width).
    rng : numpy.random.Generator
        What the directions are drawn with.
    count : int, optional
        How many numbers a row.

    Returns
    -------
    keys : ndarray
        Shape (rows, count): squared shares of the row along random directions.
    least : float
        Norm of the shortest row, which has the noisiest keys.
    """
    width = rows.shape[1]
    directions = rng.standard_normal((width, count))
    if np.iscomplexobj(rows):
        directions = directions + 1j * rng.standard_normal((width, count))
    directions = directions / np.linalg.norm(directions, axis=0)
    norms = np.linalg.norm(rows, axis=1)
    norms = np.where(norms > 0, norms, 1)
    shares = np.abs(rows @ directions) ** 2 / norms[:, None] ** 2
    return shares * width, float(norms.min())
