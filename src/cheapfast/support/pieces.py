"""Pieces of Kronecker products of patterns, and how they multiply."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias


class Identity(NamedTuple):
    """The piece I_size: the pattern of a size x size identity."""

    size: int


class Ones(NamedTuple):
    """The piece 1_{rows x columns}: a full block."""

    rows: int
    columns: int


Piece: TypeAlias = Identity | Ones


def canonical_pieces(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Merge neighbours of one kind and drop pieces of size 1.

    Parameters
    ----------
    pieces : iterable of Identity or Ones
        No dimension may be 0.

    Returns
    -------
    tuple of Identity or Ones
    """
    merged: list[Piece] = []
    for piece in pieces:
        if piece[0] == 1 == piece[-1]:
            continue
        if merged and len(merged[-1]) == len(piece):
            last = merged[-1]
            if len(piece) == 1:
                merged[-1] = Identity(last[0] * piece[0])
            else:
                merged[-1] = Ones(last[0] * piece[0], last[-1] * piece[-1])
        else:
            merged.append(piece)
    return tuple(merged)


def multiply_pieces(left: tuple[Piece, ...], right: tuple[Piece, ...]) -> tuple[Piece, ...] | None:
    """Multiply two Kronecker products piece by piece.

    Parameters
    ----------
    left, right : tuple of Identity or Ones
        Canonical, without zero dimensions; the inner dimensions agree.

    Returns
    -------
    tuple of Identity or Ones, or None
        Canonical pieces of the product; None where the two do not split the inner index alike, as
        2 * 3 and 3 * 2.

    Notes
    -----
    Both are split at each other's cumulative inner products: I_{kl} = I_k (x) I_l and
    1_{b x kl} = 1_{b x k} (x) 1_{1 x l}. Then (A (x) B)(C (x) D) = AC (x) BD with
    I I = I, I 1 = 1 I = 1, 1_{b x k} 1_{k x c} = 1_{b x c}. All that is emitted while one block of
    ones lasts is ones, so where its rows (columns) are emitted does not matter.
    """
    merged: list[Piece] = []
    kept = 1  # the identity that is being merged
    rows = columns = 1  # the block of ones that is being merged; one of the two is always 1 x 1
    position_left = position_right = 0
    inner_left = inner_right = 1  # what is left of the current pieces' inner dimensions
    identity_left = identity_right = True
    while True:
        emitted_rows = emitted_columns = emitted_identity = 1
        if inner_left == 1 and position_left < len(left):
            piece = left[position_left]
            position_left += 1
            identity_left = len(piece) == 1
            inner_left = piece[-1]
            if not identity_left:
                emitted_rows = piece[0]
        elif inner_right == 1 and position_right < len(right):
            piece = right[position_right]
            position_right += 1
            identity_right = len(piece) == 1
            inner_right = piece[0]
            if not identity_right:
                emitted_columns = piece[-1]
        elif inner_left == 1 or inner_right == 1:
            break
        else:
            part = min(inner_left, inner_right)
            if inner_left % part or inner_right % part:
                return None
            inner_left //= part
            inner_right //= part
            if identity_left:
                if identity_right:
                    emitted_identity = part
                else:
                    emitted_rows = part
            elif identity_right:
                emitted_columns = part
        if emitted_identity > 1:
            if rows > 1 or columns > 1:
                merged.append(Ones(rows, columns))
                rows = columns = 1
            kept *= emitted_identity
        elif emitted_rows > 1 or emitted_columns > 1:
            if kept > 1:
                merged.append(Identity(kept))
                kept = 1
            rows *= emitted_rows
            columns *= emitted_columns
    if kept > 1:
        merged.append(Identity(kept))
    elif rows > 1 or columns > 1:
        merged.append(Ones(rows, columns))
    return tuple(merged)


def group_by_rows(pieces: tuple[Piece, ...], radices: Iterable[int]) -> list[list[Piece]] | None:
    """Split a Kronecker product so that its groups have given numbers of rows.

    Parameters
    ----------
    pieces : tuple of Identity or Ones
        Without zero dimensions.
    radices : iterable of int
        Rows of each group, all above 1; their product is the number of rows.

    Returns
    -------
    list of list of pieces, or None
        One list for each radix, their concatenation equal to `pieces` as a pattern; None where a
        piece cannot be split there.
    """
    rest = list(reversed(pieces))
    groups: list[list[Piece]] = []
    for radix in radices:
        group: list[Piece] = []
        missing = radix
        while missing > 1 or (rest and rest[-1][0] == 1):
            piece = rest.pop()
            rows = piece[0]
            if rows > missing:
                if rows % missing:
                    return None
                ones = len(piece) == 2
                rest.append(Ones(rows // missing, 1) if ones else Identity(rows // missing))
                piece = Ones(missing, piece[-1]) if ones else Identity(missing)
                rows = missing
            if missing % rows:
                return None
            missing //= rows
            group.append(piece)
        groups.append(group)
    return groups
