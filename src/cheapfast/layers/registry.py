"""Names of the kinds of layers, so that a saved network can be built again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from cheapfast.layers.base import Layer

_KINDS: dict[str, type[Layer]] = {}

LayerType = TypeVar("LayerType", bound="type[Layer]")


def register(cls: LayerType) -> LayerType:
    """Make a class of layers known under its `kind` (a class decorator).

    Parameters
    ----------
    cls : type
        A subclass of `cheapfast.layers.Layer` with a `kind` of its own.

    Returns
    -------
    type
        The class itself.

    Raises
    ------
    ValueError
        If another class has that kind already.
    """
    known = _KINDS.setdefault(cls.kind, cls)
    if known is not cls:
        raise ValueError(f"kind {cls.kind!r} is taken by {known.__name__}; choose another name")
    return cls


def layer_from_state(kind: str, state: dict[str, Any]) -> Layer:
    """Build a layer from its kind and what its `state` returned.

    Parameters
    ----------
    kind : str
        Name in the registry.
    state : dict
        As returned by `cheapfast.layers.Layer.state`.

    Returns
    -------
    Layer

    Raises
    ------
    ValueError
        If no such kind is registered.
    """
    if kind not in _KINDS:
        listed = ", ".join(sorted(_KINDS))
        raise ValueError(f"kind must be a registered kind of layer ({listed}), got {kind!r}")
    return _KINDS[kind].from_state(state)
