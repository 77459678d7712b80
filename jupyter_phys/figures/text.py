"""Panels as plain text, for terminals and for the text/plain of a notebook: the tables, the notes, the plots' names."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from itertools import zip_longest

from jupyter_phys.figures.number import cell, numeric
from jupyter_phys.figures.panel import Note, Panel, Table

_WIDTH = 100  # columns of a terminal
_NARROWEST = 12  # a column is not squeezed below this
_ROWS = 60  # of a longer table only the first rows are printed
_GAP = "  "


def render(title: str, panels: Sequence[Panel], notes: Sequence[Note] = ()) -> str:
    """The title, every table in aligned columns, the notes, and one line that names the plots."""
    parts = [_clean(title)] if title else []
    parts += [_table(panel) for panel in panels if isinstance(panel, Table)]
    if notes:
        parts.append("\n".join(_note(note) for note in notes))
    plots = dict.fromkeys(_clean(panel.row or panel.title) for panel in panels if not isinstance(panel, Table))
    if plots:
        parts.append(_filled(f"Plots: {'; '.join(plots)}"))
    return "\n\n".join(parts)


def _note(note: Note) -> str:
    return _filled(f"{note.level.capitalize()}: {_clean(note.text)}")


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent=_GAP, break_long_words=False)


def _table(table: Table) -> str:
    columns = [
        [_clean(name), *(_clean(cell(row[index])) for row in table.rows[:_ROWS])]
        for index, name in enumerate(table.columns)
    ]
    widths = _widths(columns)
    lines = [_line(texts, widths, columns) for texts in zip(*columns, strict=True)]
    lines.insert(1, _GAP + _GAP.join("─" * width for width in widths))
    left_out = len(table.rows) - _ROWS
    return "\n".join(
        [
            *([_clean(table.title)] if table.title else []),
            *(lines if columns else []),
            *([f"{_GAP}… and {left_out} more rows"] if left_out > 0 else []),
            *([textwrap.indent(_filled(_clean(table.note)), _GAP)] if table.note else []),
        ]
    )


def _widths(columns: Sequence[Sequence[str]]) -> list[int]:
    """Widths of the columns; the widest give way until the table fits the terminal."""
    widths = [max(_columns(text) for text in column) for column in columns]
    # a number stays whole, whatever the terminal
    least = [max([_NARROWEST, *(_columns(text) for text in column[1:] if numeric([text]))]) for column in columns]
    room = _WIDTH - len(_GAP) * len(columns)
    while sum(widths) > room:
        spare = [width - floor for width, floor in zip(widths, least, strict=True)]
        if max(spare) <= 0:
            break
        widths[max(range(len(widths)), key=lambda index: (spare[index] > 0, widths[index]))] -= 1
    return widths


def _line(texts: Sequence[str], widths: Sequence[int], columns: Sequence[Sequence[str]]) -> str:
    """One row of a table, on as many lines as its longest cell needs."""
    cells = [textwrap.wrap(text, width) or [""] for text, width in zip(texts, widths, strict=True)]
    right = [numeric(list(column[1:])) for column in columns]
    lines = [
        _GAP.join(_pad(text, width, to) for text, width, to in zip(pieces, widths, right, strict=True))
        for pieces in zip_longest(*cells, fillvalue="")
    ]
    return "\n".join((_GAP + line).rstrip() for line in lines)


def _pad(text: str, width: int, right: bool) -> str:
    blanks = " " * max(0, width - _columns(text))
    return blanks + text if right else text + blanks


def _columns(text: str) -> int:
    """Columns that a terminal needs: accents take none, wide East Asian characters two."""
    taken = (2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text if not _is_accent(char))
    return sum(taken)


def _is_accent(char: str) -> bool:
    return unicodedata.combining(char) > 0 or unicodedata.category(char) in ("Mn", "Me", "Cf")


def _clean(text: str) -> str:
    """Text on one line; control characters, which could steer a terminal, become blanks."""
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in text).split())
