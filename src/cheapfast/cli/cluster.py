"""What ``--dask`` does: the same question, asked of the workers of a scheduler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def on_cluster(
    ask: Callable[..., Any], net: Any, address: str, *, threads: int | None, **options: Any
) -> Any:
    """Ask the workers of a scheduler.

    Parameters
    ----------
    ask : callable
        A function of `cheapfast.counting.distributed`.
    net : cheapfast.Network
        Of which network.
    address : str
        Of the scheduler.
    threads : int or None
        Of each block; by default one, since workers have threads for several blocks.
    **options
        As `ask` takes them.

    Returns
    -------
    object
        The answer.

    Raises
    ------
    click.ClickException
        If dask.distributed is not installed.
    """
    try:
        return ask(net, address, threads=threads or 1, **options)
    except ImportError as error:
        raise click.ClickException(str(error)) from None
