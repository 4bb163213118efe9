"""How the installed copy of the package was built, for records of measurements and bug reports."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from cheapfast import _core


@dataclass(frozen=True)
class BuildInfo:
    """What `build_info` reports.

    Attributes
    ----------
    version : str
        Version of cheapfast.
    compiler : str
        The C++ compiler of the kernels.
    targets : tuple of str
        Instruction sets that were compiled and that this processor can run.
    active_target : str
        The one in use; the environment variable ``CHEAPFAST_TARGET`` chooses another.
    """

    version: str
    compiler: str
    targets: tuple[str, ...]
    active_target: str


def build_info() -> BuildInfo:
    """Report version, compiler and instruction sets of this installation.

    Returns
    -------
    BuildInfo

    Examples
    --------
    >>> import cheapfast as cf
    >>> info = cf.build_info()
    >>> info.active_target in info.targets
    True
    """
    return BuildInfo(
        version("cheapfast"), _core.compiler(), tuple(_core.targets()), _core.active_target()
    )
