"""Pictures that the command line writes: drawn without a display, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cheapfast._replacing import replacing, require_writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Picture:
    """A file that will hold a picture; what can be wrong with it is found before a long count.

    Parameters
    ----------
    path : str
        Its ending says which kind of picture.

    Raises
    ------
    click.ClickException
        If matplotlib is not installed.
    ValueError
        If the ending is no kind of picture that matplotlib can write.
    OSError
        If the folder does not exist, or the file is read-only.
    """

    def __init__(self, path: str) -> None:
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise click.ClickException(
                "--plot needs matplotlib: pip install 'cheapfast[plot]' (or matplotlib)"
            ) from None
        self._path = Path(path)
        self._figure: Figure = Figure(layout="constrained")
        known = self._figure.canvas.get_supported_filetypes()
        self._kind = self._path.suffix[1:].lower()
        if self._kind not in known:
            raise ValueError(
                f"--plot {path}: the name must end in one of {', '.join(sorted(known))}"
            )
        require_writable(self._path)

    def axes(self) -> Any:
        """Return the axes to draw on.

        Returns
        -------
        matplotlib.axes.Axes
        """
        return self._figure.subplots()

    def write(self) -> None:
        """Write the file."""
        with replacing(self._path) as file:
            self._figure.savefig(file, format=self._kind, dpi=150)
