"""All sections together, in the order of the paper."""

from __future__ import annotations

from cheapfast.paper import (
    cheap_learning,
    convolution,
    flattening,
    gates,
    matrix_product,
    random_layers,
    transforms,
)
from cheapfast.paper.table import Claims

#: One module for each part of the paper; a new one is a new file and one name here.
_MODULES = (
    cheap_learning,
    gates,
    convolution,
    flattening,
    transforms,
    matrix_product,
    random_layers,
)


def claims(*words: str) -> Claims:
    """Check the paper's claims with this package.

    Nothing is stored: each call builds the networks and counts them again, and compares the result
    with what the mathematics demands.

    Parameters
    ----------
    *words : str
        Only rows with all of these in ``"equation | statement"`` are computed; by default all are.

    Returns
    -------
    Claims
        A sequence of `Claim` rows with equation, statement, the paper's value, the computed value,
        verdict and note; prints as a table.

    Notes
    -----
    A verdict is "agrees", "slip in the text" (the paper prints something else than the mathematics
    demands, and this package computes what it demands) or "disagrees" (this package does not).

    Examples
    --------
    >>> import cheapfast as cf
    >>> rows = cf.paper.claims()
    >>> {row.verdict for row in rows} <= {"agrees", "slip in the text"}
    True
    >>> [row.computed_value for row in cf.paper.claims("II.C |")]
    [260]
    """
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"words must be strings, got {type(word).__name__}")
    return Claims([claim for module in _MODULES for claim in module.section.claims(*words)])
