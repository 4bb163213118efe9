"""Gates as networks: multiplication with four neurons, copying with two, the flat gate with 2^n."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._validate import integer
from cheapfast.gates.activations import SigmaLike, activation
from cheapfast.gates.norm import divisor, to_float
from cheapfast.gates.settling import settle
from cheapfast.gates.sigma import Sigma
from cheapfast.layers import Sparse
from cheapfast.network import Network

MOST_EXPLICIT = 20


def product_network(
    sigma: SigmaLike = "logistic", scale: float | str = "auto", bias: float | str = "auto"
) -> Network:
    r"""Return the network that multiplies two numbers with four neurons (eq. 11).

    Parameters
    ----------
    sigma : str, callable or Sigma
        The activation, see `activation`.
    scale, bias : float or "auto"
        Weight and bias of the hidden layer; "auto" minimises the error on :math:`[-1, 1]^2`. Which
        values were chosen, and the errors, are what `gate_parameters` returns.

    Returns
    -------
    Network
        Shape (1, 2), four hidden neurons.

    Raises
    ------
    ValueError
        If :math:`\sigma''` vanishes at the bias.

    Notes
    -----
    .. math:: m(u, v) = \frac{\sigma(b + \lambda(u+v)) + \sigma(b - \lambda(u+v))
              - \sigma(b + \lambda(u-v)) - \sigma(b - \lambda(u-v))}{4 \lambda^2 \sigma''(b)}
              = uv \Big[1 + \frac{\lambda^2 \sigma''''(b)}{6 \sigma''(b)} (u^2 + v^2) + \dots\Big].

    The paper lets :math:`\lambda \to \infty`; the error vanishes for :math:`\lambda \to 0`. The
    logistic needs a bias, since :math:`\sigma''(0) = 0`.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.gates.product_network()
    >>> net.neurons
    4
    >>> bool(abs((net @ np.array([0.5, -0.75]))[0] + 0.375) < 1e-10)
    True
    """
    activated = activation(sigma)
    chosen, offset, _ = settle(activated, 2, scale, bias)
    return explicit(activated, 2, chosen, offset)


def copy_network(
    sigma: SigmaLike = "logistic", scale: float | str = "auto", bias: float | str = "auto"
) -> Network:
    r"""Return the network that hands on a number with two neurons (footnote 3).

    Parameters
    ----------
    sigma : str, callable or Sigma
        The activation, see `activation`.
    scale, bias : float or "auto"
        Weight and bias of the hidden layer.

    Returns
    -------
    Network
        Shape (1, 1), two hidden neurons.

    Raises
    ------
    ValueError
        If :math:`\sigma'` vanishes at the bias.

    Notes
    -----
    :math:`[\sigma(b + \lambda u) - \sigma(b - \lambda u)] / (2 \lambda \sigma'(b)) =
    u (1 + \lambda^2 u^2 \sigma''' / (6 \sigma') + \dots)`.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.gates.copy_network()
    >>> net.neurons, bool(abs((net @ np.array([0.5]))[0] - 0.5) < 1e-11)
    (2, True)
    """
    activated = activation(sigma)
    chosen, offset, _ = settle(activated, 1, scale, bias)
    return explicit(activated, 1, chosen, offset)


def flat_product_network(
    n: int,
    sigma: SigmaLike = "logistic",
    scale: float | str = "auto",
    bias: float | str = "auto",
) -> Network:
    r"""Return the flat gate for n factors written out: n -> 2^n -> 1.

    Parameters
    ----------
    n : int
        Factors, 1 to 20.
    sigma : str, callable or Sigma
        The activation, see `activation`.
    scale, bias : float or "auto"
        Weight and bias of the hidden layer; "auto" minimises the error for factors of size 1.

    Returns
    -------
    Network
        Neuron k has the weights :math:`\pm\lambda`, minus for the inputs whose bit of k is set.

    Raises
    ------
    ValueError
        If n is out of range, or the activation has no gate there.
    MemoryError
        If the weights would not fit.

    See Also
    --------
    flat_product : its output without writing it out, more accurately, for any n.

    Examples
    --------
    >>> import cheapfast as cf
    >>> net = cf.gates.flat_product_network(10)
    >>> net.neurons, net.synapses
    (1024, 11264)
    """
    count = integer(n, "n", minimum=1)
    if count > MOST_EXPLICIT:
        raise ValueError(
            f"n must be at most {MOST_EXPLICIT} to write 2^n neurons out, got {count}: "
            "flat_product evaluates the network without that, flattening_cost counts it"
        )
    activated = activation(sigma)
    chosen, offset, _ = settle(activated, count, scale, bias)
    _memory.require((24 * count + 48) << count, "flat_product_network", "use a smaller n")
    return explicit(activated, count, chosen, offset)


def sign_rows(n: int) -> npt.NDArray[np.float64]:
    """Return all 2^n rows of n signs, minus where the bit of the row's number is set.

    Parameters
    ----------
    n : int
        Signs a row.

    Returns
    -------
    ndarray, shape (2**n, n)
    """
    bits = np.arange(1 << n)[:, None] >> np.arange(n)[None, :] & 1
    return (1 - 2 * bits).astype(np.float64)


def explicit(sigma: Sigma, n: int, scale: float, bias: float) -> Network:
    """Return the flat gate as a network of sparse layers.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    n : int
        Factors.
    scale, bias : float
        Of the gate.

    Returns
    -------
    Network
    """
    signs = sign_rows(n)
    output: npt.NDArray[Any] = signs.prod(axis=1) / to_float(divisor(sigma, n, scale, bias))
    hidden = Sparse(scale * signs, bias=np.full(1 << n, bias) if bias else None)
    return Network([hidden, sigma.layer(), Sparse(output[None, :])])
