"""What may stand for a layer."""

from __future__ import annotations

from typing import Any

from cheapfast.layers import Layer, Operator, Sparse


def as_layer(item: Any, name: str) -> Layer:
    """Return the layer that an item of a network stands for.

    Parameters
    ----------
    item : Layer, LinearOperator, scipy.sparse array or matrix, or array_like
    name : str
        Its name in messages.

    Returns
    -------
    Layer

    Raises
    ------
    TypeError, ValueError
        If it is none of these, or no valid matrix; the message starts with `name`.
    MemoryError
        If its CSR form would not fit.
    """
    if isinstance(item, Layer):
        return item
    try:
        # a LinearOperator without importing scipy.sparse.linalg, which is slow
        if hasattr(item, "matvec") and not hasattr(item, "tocsr"):
            return Operator(item)
        return Sparse._named(item, name)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error
    except MemoryError as error:
        raise MemoryError(f"{name}: {error}") from error
