"""Products of bits, and any Boolean function, by neurons that are all but steps (eqs. 12-13)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _memory
from cheapfast._validate import integer
from cheapfast.gates.moebius import moebius_transform
from cheapfast.layers import Activation, Sparse
from cheapfast.network import Network

Array = npt.NDArray[Any]

MOST_BITS = 20
MOST_DIGITS = 300
#: What rounding may take from beta (k - 1/2 - sum x), several times over.
_MARGIN = 1e-9


def bit_steepness(digits: int, size: float = 1.0) -> float:
    """Return the steepness beta for outputs that are right to half a unit of a decimal digit.

    Parameters
    ----------
    digits : int
        Decimal digits.
    size : float, optional
        Sum of the magnitudes of the weights that the outputs are multiplied by.

    Returns
    -------
    float
        2 ln(2 * 10^digits * size), and a little for rounding.
    """
    return 2 * (math.log(2 * max(size, 1.0)) + digits * math.log(10)) + _MARGIN


def bit_product_network(k: int, digits: int = 10) -> Network:
    r"""Return the single neuron that multiplies k bits (eq. 12).

    Parameters
    ----------
    k : int
        Bits, at least 1.
    digits : int, optional
        Decimal digits to which the product is right, 1 to 300.

    Returns
    -------
    Network
        Shape (1, k): :math:`\mathrm{logistic}(-\beta (k - 1/2 - \sum_i x_i))`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    If all bits are 1 the argument is :math:`\beta/2`, otherwise it is at most :math:`-\beta/2`.
    The error is largest where it is :math:`\pm\beta/2`, and there it is

    .. math:: 1 - \mathrm{logistic}(\beta/2) = \mathrm{logistic}(-\beta/2)
              = \frac{1}{1 + e^{\beta/2}}.

    With :math:`\beta = 2 \ln(2 \cdot 10^D)` this is :math:`1/(1 + 2\cdot 10^D) < 10^{-D}/2`, half a
    unit of digit D: 47.44 for D = 10. The paper asks for :math:`\beta > D \ln 10 = 23`, with which
    the error is :math:`10^{-D/2}`, five digits.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.gates.bit_product_network(3)
    >>> (net @ np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])).round(10)
    array([[1., 0.]])
    """
    count = integer(k, "k", minimum=1)
    _check_digits(digits)
    beta = bit_steepness(digits)
    neuron = Sparse(np.full((1, count), beta), bias=np.array([-beta * (count - 0.5)]))
    return Network([neuron, Activation("logistic")])


def _check_digits(digits: object) -> None:
    if integer(digits, "digits", minimum=1) > MOST_DIGITS:
        raise ValueError(f"digits must be at most {MOST_DIGITS}, got {digits}")


def boolean_network(values: npt.ArrayLike, digits: int = 10) -> Network:
    r"""Return any function of n bits as a network: inputs, one neuron a bit product, output.

    Parameters
    ----------
    values : array_like, shape (2**n,)
        The function, n from 1 to 20: entry x is its value where bit i of x is the i-th input. Truth
        values or real numbers.
    digits : int, optional
        Decimal digits after the point to which the output is right.

    Returns
    -------
    Network
        Shape (1, n), with as many neurons as the function has nonzero coefficients of bit products.

    Raises
    ------
    ValueError
        If there are not 2^n values, n is out of range, or float64 does not have the digits.
    MemoryError
        If the weights would not fit.

    Notes
    -----
    The coefficients are the Moebius transform of the values; each product errs by at most
    :math:`1/(1 + e^{\beta/2})`, the function by :math:`\sum |h_K|` times that, so the steepness is
    :math:`2 \ln(2 \cdot 10^D \sum |h_K|)`.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> xor = cf.gates.boolean_network([0, 1, 1, 0])
    >>> inputs = np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    >>> abs((xor @ inputs).round(9))
    array([[0., 1., 1., 0.]])
    """
    _check_digits(digits)
    coefficients = moebius_transform(values).astype(np.float64)
    n = coefficients.size.bit_length() - 1
    if not 1 <= n <= MOST_BITS:
        raise ValueError(f"values must be those of 1 to {MOST_BITS} bits, 2^n numbers; got n = {n}")
    size = float(np.abs(coefficients[1:]).sum())
    # each output carries a rounding error of 2^-53 as well
    if size * 2.0**-51 * 10.0**digits > 1.0:
        most = max(0, math.floor(-math.log10(size * 2.0**-51)))
        raise ValueError(
            f"digits must be at most {most} for this function in float64: its coefficients sum up "
            f"to {size:.3g}; got {digits}"
        )
    _memory.require((12 * n + 64) << n, "boolean_network", "use fewer bits")
    subsets = np.flatnonzero(coefficients[1:]) + 1
    bits = subsets[:, None] >> np.arange(n)[None, :] & 1
    beta = bit_steepness(digits, size)
    hidden = sparse.csr_array(beta * bits.astype(np.float64))
    offsets = -beta * (bits.sum(axis=1) - 0.5)
    output = Sparse(coefficients[None, subsets], bias=coefficients[:1])
    return Network([Sparse(hidden, bias=offsets), Activation("logistic"), output])
