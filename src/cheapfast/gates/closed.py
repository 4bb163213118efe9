"""The gate in closed form: sums of e^u, sin(u) and cos(u) over signs separate into factors."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from cheapfast.gates.sigma import Sigma

NAMES = ("cos", "exp", "sin")
_EPSILON = 2.0**-53


def factors(
    sigma: Sigma, x: npt.NDArray[np.float64], scale: float
) -> tuple[list[float], float, float]:
    r"""Return the factors of the gate's output, and the logarithm of one more.

    Parameters
    ----------
    sigma : Sigma
        "exp", "sin" or "cos".
    x : ndarray, shape (n,)
        The factors of the product.
    scale : float
        Of the gate.

    Returns
    -------
    factors : list of float
        Their product times e^logarithm is the output.
    logarithm : float
        Not 0 only where a factor would leave float64.
    error : float
        Relative rounding error.

    Raises
    ------
    ValueError
        For another activation.

    Notes
    -----
    :math:`P = \prod_i \sinh(\lambda x_i) / \lambda` for e^u and
    :math:`\prod_i \sin(\lambda x_i) / \lambda` for sin(u) and cos(u), whatever the bias.
    """
    if sigma.name not in NAMES:
        raise ValueError(
            f"method='closed' is for {', '.join(NAMES)}, got {sigma.name}: use method='series' "
            "or 'sinc'"
        )
    angle = scale * x
    error = _EPSILON * 3 * len(x)
    if sigma.name != "exp":
        # the rounding of an argument counts |u cot u| times
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.where(angle == 0, 1.0, np.abs(angle / np.tan(angle)))
        return list(np.sin(angle) / scale), 0.0, error + _EPSILON * float(slopes.sum())
    error += _EPSILON * float(np.maximum(np.abs(angle), 1.0).sum())
    large = np.abs(angle) > 300
    # sinh(u) = +-e^|u| / 2 to far below rounding
    sizes = np.where(large, np.copysign(0.5, angle), np.sinh(np.where(large, 0.0, angle)))
    return list(sizes / scale), math.fsum(np.abs(angle[large])), error
