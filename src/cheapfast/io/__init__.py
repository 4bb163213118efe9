"""Networks and matrices on disk.

`save` and `load` keep a network as one .npz without a pickle inside; `read_matrix` reads what
other programs write (.npz, .npy, Matrix Market, MATLAB), and `read_chain` makes a network of
such files. `read_vectors` and `save_vectors` are for what a network is applied to. A file that
cannot be read is one ValueError that names it, whatever its reader threw.
"""

from __future__ import annotations

from cheapfast.io.reading import read_chain, read_matrix, read_network
from cheapfast.io.saving import load, save
from cheapfast.io.vectors import read_vectors, save_vectors

__all__ = [
    "load",
    "read_chain",
    "read_matrix",
    "read_network",
    "read_vectors",
    "save",
    "save_vectors",
]
