"""The layers of a network, in order: what they are together, whatever is then done with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from cheapfast import _validate
from cheapfast.layers import Layer
from cheapfast.network import display
from cheapfast.network.items import as_layer
from cheapfast.plan import chain_shapes, layer_part


class LayerSequence:
    """Layers in data-flow order, of which neighbours fit. Immutable.

    Parameters
    ----------
    layers : sequence
        See `Network`.

    Raises
    ------
    TypeError, ValueError
        See `Network`.
    """

    __slots__ = ("_dtype", "_layers", "_shapes")

    def __init__(self, layers: Iterable[Any]) -> None:
        # SciPy's matrices are iterable too, row by row
        if hasattr(layers, "shape") or not isinstance(layers, Iterable):
            raise TypeError(
                f"layers must be a sequence of layers, got {type(layers).__name__}; "
                "write Network([layer])"
            )
        items = [
            tuple(item) if isinstance(item, LayerSequence) else (as_layer(item, f"layers[{i}]"),)
            for i, item in enumerate(layers)
        ]
        if not items:
            raise ValueError("layers is empty: a network needs at least one weight layer")
        self._layers: tuple[Layer, ...] = tuple(layer for item in items for layer in item)
        self._shapes = chain_shapes(
            [layer_part(layer, f"layers[{i}]") for i, layer in enumerate(self._layers)]
        )
        self._dtype: np.dtype[Any] = np.result_type(
            *(layer.dtype for layer in self._layers if layer.is_linear)
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(outputs, inputs), as of the matrix that the network multiplies by."""
        return self._shapes[-1][0], self._shapes[0][1]

    @property
    def layer_shapes(self) -> tuple[tuple[int, int], ...]:
        """(outputs, inputs) of each layer, activations included."""
        return self._shapes

    @property
    def dtype(self) -> np.dtype[Any]:
        """Common dtype of the weights."""
        return self._dtype

    @property
    def depth(self) -> int:
        """Number of weight layers; activations are not counted."""
        return sum(layer.is_linear for layer in self._layers)

    @property
    def neurons(self) -> int:
        """Widths between consecutive weight layers, summed."""
        pairs = zip(self._layers, self._shapes, strict=True)
        return sum([shape[0] for layer, shape in pairs if layer.is_linear][:-1])

    @property
    def synapses(self) -> int:
        """Nonzero weights of all layers together; TypeError if an Operator hides its own."""
        return sum(layer.synapses for layer in self._layers if layer.is_linear)

    @property
    def is_linear(self) -> bool:
        """Whether the network is a matrix: no activation and no bias."""
        return all(layer.is_linear and layer.bias is None for layer in self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    def _layer(self, index: int) -> Layer:
        at = _validate.integer(index, "index")
        if not -len(self) <= at < len(self):
            raise IndexError(f"index must be below the {len(self)} layers, got {at}")
        return self._layers[at]

    def _neighbours(self, index: slice) -> tuple[Layer, ...]:
        if index.step not in (None, 1):
            raise ValueError(f"a slice of a network takes neighbours, step 1; got {index.step}")
        if not self._layers[index]:
            raise ValueError(
                f"slice {index.start}:{index.stop} of {len(self)} layers is empty; "
                "a network needs at least one"
            )
        return self._layers[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LayerSequence):
            return NotImplemented
        return self._layers == other._layers

    def __hash__(self) -> int:
        return hash(self._layers)

    def require_linear(self, wanted: str) -> None:
        """Raise unless the network is a matrix.

        Parameters
        ----------
        wanted : str
            What only a matrix has, for the message.

        Raises
        ------
        ValueError
            Names the layers with a bias or an activation.
        """
        in_the_way = [
            f"layers[{i}] ({layer!r})"
            for i, layer in enumerate(self._layers)
            if not layer.is_linear or layer.bias is not None
        ]
        if in_the_way:
            raise ValueError(
                f"only a linear network has {wanted}; in the way, by a bias or an activation: "
                f"{', '.join(display.elided(in_the_way))}; slice the network between them"
            )

    def __repr__(self) -> str:
        return display.as_text(self)

    def _repr_html_(self) -> str:
        return display.as_html(self)
