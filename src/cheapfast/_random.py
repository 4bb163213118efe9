"""Where random numbers come from."""

from __future__ import annotations

from typing import Any

import numpy as np


def generator(rng: Any) -> np.random.Generator:
    """Return the generator that `rng` stands for (SPEC 7).

    Parameters
    ----------
    rng : None, int or numpy.random.Generator
        What the caller passed; None takes fresh entropy.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    TypeError
        If it is nothing that NumPy makes a generator of.
    ValueError
        If it is a negative integer.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        wanted = "None, an integer from 0 on or a numpy.random.Generator"
        raise type(error)(f"rng must be {wanted}, got {rng!r}") from None
