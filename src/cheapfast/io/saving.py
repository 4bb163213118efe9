"""Networks as one .npz file each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cheapfast._archive import HEADER, npz_headers, write_states
from cheapfast._replacing import replacing
from cheapfast.io.errors import existing, path_name, reading
from cheapfast.io.numpy_files import load_network
from cheapfast.network import Network, require_network

if TYPE_CHECKING:
    from cheapfast.io.errors import PathLike


def save(path: PathLike, net: Network) -> None:
    """Save a network as one .npz file.

    Parameters
    ----------
    path : str or path-like
        The name is taken as it is: no suffix is added.
    net : Network

    Raises
    ------
    TypeError
        If `net` is no Network, or holds a layer that cannot be saved (Operator, or Activation of
        a callable).
    OSError
        If the file cannot be written; the message names it.

    Notes
    -----
    The file is written under a temporary name in the same folder and then renamed: an interrupted
    `save` leaves the old file as it was. Symbolic layers stay symbolic: a saved
    ``hadamard(2**60)`` takes a few kilobytes. The file holds plain arrays and a JSON header,
    never a pickle.

    Examples
    --------
    >>> import tempfile, pathlib, cheapfast as cf
    >>> net = cf.chain([[1.0, 0.0], [2.0, 3.0]], [[0.0, 4.0], [5.0, 0.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cf.save(pathlib.Path(folder) / "net.npz", net)
    ...     cf.load(pathlib.Path(folder) / "net.npz") == net
    True
    """
    require_network(net)
    states = [(layer.kind, layer.state()) for layer in net]  # an Operator refuses here
    with replacing(path_name(path)) as file:
        write_states(file, states)


def load(path: PathLike) -> Network:
    """Load a network that `save` wrote.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Network

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file is damaged, is no saved network, or holds a pickle; the message names it.
    MemoryError
        Before reading what would not fit.

    Warns
    -----
    UserWarning
        If weights are NaN or infinite: they are synapses.
    """
    name = existing(path)
    with reading(name, "saved network"):
        headers = npz_headers(name)
        if HEADER not in headers:
            raise ValueError("it is another kind of .npz; cheapfast.io.read_matrix reads matrices")
        return load_network(name, headers)
