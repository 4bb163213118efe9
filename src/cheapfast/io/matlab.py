"""Matrices in MATLAB files, up to version 7."""

from __future__ import annotations

from typing import Any




def read_mat(name: str, variable: str | None) -> Any:
    """Read the one matrix of a MATLAB file, or the one that is named."""
    from scipy.io import loadmat, whosmat

    try:
        contents = whosmat(name, appendmat=False)
    except NotImplementedError:
        raise ValueError("MATLAB 7.3 files are HDF5; save it with -v7 in MATLAB") from None
    matrices = {
        key: shape for key, shape, kind in contents if kind in _MATLAB_MATRICES and len(shape) == 2
    }
    listed = ", ".join(f"{key} ({m}x{n})" for key, (m, n) in matrices.items()) or "none"
    if variable is None:
        if len(matrices) != 1:
            raise ValueError(
                f"expected exactly one matrix, found: {listed}"
                + (f"; choose one as {name}:NAME" if matrices else "")
            )
        (variable,) = matrices
    elif variable not in matrices:
        raise ValueError(f"holds no matrix named {variable!r}; found: {listed}")
    return loadmat(name, appendmat=False, variable_names=[variable])[variable]
