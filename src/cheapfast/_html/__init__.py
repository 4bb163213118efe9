"""A network as HTML: its layers in a table, each with a spy drawing made from its support alone.

The drawings are inline SVG, a few kilobytes each at any size: the matrix is divided into at most
64 x 64 cells, shaded by the share of entries that a cell holds. Kronecker patterns are counted
cell by cell in closed form, others that are too large to write out are sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cheapfast._html.density import cell_shares
from cheapfast.support import Support

CELLS = 64
PIXELS = 96
SHADES = 4
_LARGEST_PATH = 4000  # characters; beyond it a drawing of half the resolution shows as much
_DRAWN = 24  # layers; of more, the first and last are shown

Shares = npt.NDArray[np.float64]


class Factor(NamedTuple):
    """One row of the table.

    Parameters
    ----------
    name : str
    shape : (int, int)
        Outputs and inputs.
    synapses : str
    support : Support or None
        None where there is none to draw.
    """

    name: str
    shape: tuple[int, int]
    synapses: str
    support: Support | None


def network_html(title: str, factors: Sequence[Factor]) -> str:
    """Return the table of a network's layers.

    Parameters
    ----------
    title : str
    factors : sequence of Factor
        In data-flow order.

    Returns
    -------
    str
        HTML without scripts, styles or references to anything outside.
    """
    head = "".join(f"<th>{name}</th>" for name in ("", "layer", "shape", "synapses", "support"))
    hidden = range(_DRAWN // 2, len(factors) - _DRAWN // 2) if len(factors) > _DRAWN else range(0)
    rows = []
    for i, factor in enumerate(factors):
        if i not in hidden:
            rows.append(_row(i, factor))
        elif i == hidden.start:
            rows.append(
                f'<tr><td colspan="5">&hellip; {len(hidden)} more layers &hellip;</td></tr>'
            )
    return (
        f"<div><p>{escape(title)}, in data-flow order</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def spy_svg(support: Support) -> str:
    """Draw a support as inline SVG.

    Parameters
    ----------
    support : Support
        Of any size; nothing of that size is allocated.

    Returns
    -------
    str
    """
    cells = CELLS
    shares = cell_shares(support, cells)
    paths = _paths(shares)
    if sum(map(len, paths)) > _LARGEST_PATH:
        shares = cell_shares(support, cells // 2)
        paths = _paths(shares)
    rows, columns = shares.shape
    scale = PIXELS / max(rows, columns, 1)
    label = escape(f"support of {support.shape[0]} x {support.shape[1]}, {support.nnz} entries")
    strokes = "".join(
        f'<path stroke-opacity="{(level + 1) / SHADES:g}" d="{path}"/>'
        for level, path in enumerate(paths)
        if path
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" '
        f'width="{max(columns, 1) * scale + 2:.0f}" height="{max(rows, 1) * scale + 2:.0f}" '
        f'viewBox="0 0 {max(columns, 1)} {max(rows, 1)}" preserveAspectRatio="none" '
        f'style="border:1px solid currentColor">'
        f'<g stroke="currentColor" transform="translate(0,.5)" shape-rendering="crispEdges">'
        f"{strokes}</g></svg>"
    )


def _row(position: int, factor: Factor) -> str:
    drawing = "" if factor.support is None else spy_svg(factor.support)
    shape = f"{factor.shape[0]} x {factor.shape[1]}"
    texts = (str(position), factor.name, shape, factor.synapses)
    return f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in texts)}<td>{drawing}</td></tr>"


def _paths(shares: Shares) -> list[str]:
    """Return one SVG path for each shade: a horizontal stroke for each run of cells.

    The shade is relative to the fullest cell (a diagonal of 2^60 entries would be invisible
    otherwise) and grows with the square root of the share, so that sparse regions show.
    """
    fullest = shares.max(initial=0.0)
    if fullest == 0:
        return [""] * SHADES
    levels = np.ceil(np.sqrt(shares / fullest) * SHADES).astype(int)
    return [_strokes(levels == level) for level in range(1, SHADES + 1)]


def _strokes(mask: npt.NDArray[np.bool_]) -> str:
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    change = np.diff(padded, axis=1)
    rows, starts = np.nonzero(change == 1)
    _, ends = np.nonzero(change == -1)
    return "".join(
        f"M{start} {row}h{end - start}"
        for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True)
    )
