"""Diagonals, permutations and biases around a run of layers: what a neighbouring pass does besides.

A *light* layer has one weight an output: it scales, moves and shifts features. Any number of them
in a row are one map y[i] = scale[i] * x[order[i]] + bias[i], and that folds into a pass beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.layers import KroneckerSparse, Permutation, Sparse
from cheapfast.plan.magnitudes import can_multiply

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]
Framable = TypeVar("Framable", bound=_core.Step)


@dataclass(frozen=True)
class Reordering:
    """The map y[i] = scale[i] * x[order[i]] + bias[i]; None where there is nothing to do.

    Parameters
    ----------
    order : ndarray of int64, optional
    scale, bias : ndarray, optional
        Of the type of the vectors.
    """

    order: Array | None = None
    scale: Array | None = None
    bias: Array | None = None

    @property
    def arrays(self) -> tuple[Array | None, Array | None, Array | None]:
        """What the kernels take: order, scale and bias."""
        return self.order, self.scale, self.bias

    @property
    def is_identity(self) -> bool:
        """Whether nothing is moved, scaled or shifted."""
        return self.order is None and self.scale is None and self.bias is None

    def at_source(self) -> tuple[Array | None, Array | None]:
        """Return scale and bias by the place that a feature comes from, not where it goes."""
        if self.order is None:
            return self.scale, self.bias
        return _scattered(self.scale, self.order), _scattered(self.bias, self.order)


def is_light(layer: Layer) -> bool:
    """Say whether a layer has one weight an output: a diagonal or a permutation.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    bool
    """
    if type(layer) is Permutation:
        return layer.shape[0] > 0
    if type(layer) is KroneckerSparse:
        return layer.pattern[1:3] == (1, 1) and 0 not in layer.pattern
    return type(layer) is Sparse and layer.is_diagonal and layer.shape[0] > 0


def lights_from(
    layers: Sequence[Layer],
    position: int,
    *,
    real: bool = False,
    beside: Sequence[Layer] = (),
) -> int:
    """Return where the light layers that start at a position, and make one map, end.

    Parameters
    ----------
    layers : sequence of Layer
    position : int
    real : bool, optional
        Whether one with complex weights is none of them: real vectors stay real.
    beside : sequence of Layer, optional
        Others whose weights theirs are multiplied with.

    Returns
    -------
    int
        `position` itself if there are none.
    """
    stop = position
    diagonals: list[Layer] = []
    while stop < len(layers) and is_light(layers[stop]):
        if real and layers[stop].dtype.kind == "c":
            break
        if not isinstance(layers[stop], Permutation):
            diagonals.append(layers[stop])
            if not (can_multiply(diagonals) and can_multiply([*beside, *diagonals])):
                break
        stop += 1
    return stop


def reordering(
    layers: Sequence[Layer], dtype: np.dtype[Any], bias: Array | None = None
) -> Reordering:
    """Write light layers as one map.

    Parameters
    ----------
    layers : sequence of Layer
        All light, in data-flow order.
    dtype : numpy.dtype
        Of scale and bias.
    bias : ndarray, optional
        Added before the first of them.

    Returns
    -------
    Reordering
    """
    order: Array | None = None
    scale: Array | None = None
    bias = None if bias is None else bias.astype(dtype, copy=False)
    for layer in layers:
        if isinstance(layer, Permutation):
            if not layer.permutation.is_identity:
                moved = layer.indices().astype(np.int64, copy=False)
                order = moved if order is None else order[moved]
                scale, bias = _gathered(scale, moved), _gathered(bias, moved)
        else:
            factor = _diagonal(layer).astype(dtype, copy=False)
            scale = factor if scale is None else factor * scale
            bias = None if bias is None else factor * bias
        if layer.bias is not None:
            offset = layer.bias.astype(dtype, copy=False)
            bias = offset if bias is None else bias + offset
    parts = (None if one is None else np.ascontiguousarray(one) for one in (order, scale, bias))
    return Reordering(*parts)


def around(
    before: Sequence[Layer],
    core: Sequence[Layer],
    after: Sequence[Layer],
    dtype: np.dtype[Any],
) -> tuple[Reordering, Reordering]:
    """Write the light layers before and after others as two maps, the first without a bias.

    Parameters
    ----------
    before, core, after : sequence of Layer
        In data-flow order; only the last layer of `core` may have a bias.
    dtype : numpy.dtype
        Of scales and biases.

    Returns
    -------
    before, after : Reordering
        A bias goes through the layers between, once and for all, and is added behind them.
    """
    first, bias = reordering(before, dtype), core[-1].bias
    if first.bias is not None:
        bias = one_by_one(core, first.bias[:, np.newaxis])[:, 0]
    return Reordering(first.order, first.scale), reordering(after, dtype, bias)


def one_by_one(layers: Sequence[Layer], X: Array) -> Array:
    """Apply layers by their own `apply`.

    Parameters
    ----------
    layers : sequence of Layer
    X : ndarray, (inputs, k)

    Returns
    -------
    ndarray
    """
    for layer in layers:
        X = layer.apply(X)
    return X


def framed(step: Framable, before: Reordering, after: Reordering) -> Framable | _core.Framed:
    """Return a step that does two maps besides, where its kernel has no way to.

    Parameters
    ----------
    step : Step
    before, after : Reordering

    Returns
    -------
    Step
        `step` itself if the maps do nothing.
    """
    if before.is_identity and after.is_identity:
        return step
    return _core.Framed(step, before.arrays, after.arrays)


def names(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Say what light layers do, for people.

    Parameters
    ----------
    layers : sequence of Layer

    Returns
    -------
    tuple of str
        ``diagonal``, ``permutation`` and ``bias``, each once, in the order in which they come.
    """
    found: list[str] = []
    for layer in layers:
        if is_light(layer):
            found.append("permutation" if isinstance(layer, Permutation) else "diagonal")
        if layer.bias is not None:
            found.append("bias")
    return tuple(dict.fromkeys(found))


def _diagonal(layer: Layer) -> Array:
    if isinstance(layer, KroneckerSparse):
        return np.broadcast_to(layer.values.materialize(), layer.pattern).reshape(-1)
    assert isinstance(layer, Sparse)
    return layer.arrays()[2]


def _gathered(numbers: Array | None, order: Array) -> Array | None:
    return None if numbers is None else numbers[order]


def _scattered(numbers: Array | None, order: Array) -> Array | None:
    if numbers is None:
        return None
    placed = np.empty_like(numbers)
    placed[order] = numbers
    return placed
