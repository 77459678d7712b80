"""Panels as one piece of HTML: title, notes, picture with alt text, tables. No script, and no markup from labels.

Colours are inherited from the page or see through to it, so that the piece looks right on light and dark pages,
in JupyterLab, in VS Code and in what nbconvert writes.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from html import escape

from jupyter_phys.figures.number import cell, numeric
from jupyter_phys.figures.panel import Note, Panel, Table, spoken

_ROWS = 400  # of a longer table only the first rows are shown
_INCH = 0.0254  # metres
_CSS = """
.jupyter-phys { color: var(--jp-content-font-color1, inherit); max-width: 60rem; line-height: 1.45;
  font-family: var(--jp-content-font-family, system-ui, sans-serif); font-size: var(--jp-content-font-size1, 14px); }
.jupyter-phys .title { font-size: 1.15em; margin: .3em 0 .6em; }
.jupyter-phys p { margin: .5em 0; }
.jupyter-phys p[role=note] { border-left: 3px solid var(--jp-border-color1, #8888); padding: .15em .7em; }
.jupyter-phys p.warning { border-left-color: var(--jp-warn-color1, #e69f00); background: #e69f0022; }
.jupyter-phys figure { margin: .6em 0; }
.jupyter-phys img { max-width: 100%; height: auto; border-radius: 3px; background: #fff; }
.jupyter-phys .wide { overflow-x: auto; margin: .6em 0; }
.jupyter-phys.jupyter-phys table { border-collapse: collapse; margin: 0; table-layout: auto; color: inherit;
  font-size: .95em; font-variant-numeric: tabular-nums; }
.jupyter-phys.jupyter-phys caption { caption-side: top; text-align: left; font-weight: 600; padding: .2em 0;
  color: inherit; }
.jupyter-phys.jupyter-phys tr { background: none; }
.jupyter-phys.jupyter-phys th, .jupyter-phys.jupyter-phys td { text-align: left; padding: .22em 1.1em .22em 0;
  border: 0; border-bottom: 1px solid #8883; vertical-align: baseline; white-space: normal; }
.jupyter-phys.jupyter-phys thead th { border-bottom: 1px solid #888a; font-weight: 600; vertical-align: bottom; }
.jupyter-phys.jupyter-phys .number { text-align: right; white-space: nowrap; }
.jupyter-phys small { opacity: .8; }
"""


def render(title: str, panels: Sequence[Panel], notes: Sequence[Note], picture: bytes | None) -> str:
    """A ``<section>`` with everything; ``picture`` is the plots as a PNG, described by their alt text."""
    parts = [
        # A <div>, because every <h3> of an output would appear in the notebook's table of contents.
        f'<div class="title" role="heading" aria-level="3"><strong>{escape(title)}</strong></div>' if title else "",
        *(_note(note) for note in notes),
        _figure(panels, picture),
        *(_table(panel) for panel in panels if isinstance(panel, Table)),
    ]
    body = "\n".join(part for part in parts if part)
    return f'<section class="jupyter-phys" aria-label="{escape(title)}">\n<style>{_CSS}</style>\n{body}\n</section>'


def page(title: str, fragment: str) -> str:
    """A whole HTML document around what :func:`render` gives."""
    head = f'<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{escape(title)}</title>'
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{fragment}\n</body>\n</html>\n'


def css_size(picture: bytes) -> tuple[int, int] | None:
    """Width and height in CSS pixels (1/96 inch) at which a PNG has its printed size; None for anything else."""
    if picture[:8] != b"\x89PNG\r\n\x1a\n" or len(picture) < 33:
        return None
    width, height = struct.unpack(">II", picture[16:24])
    place = picture.find(b"pHYs", 0, 4096)
    if place < 0:
        return width, height
    per_metre, _, in_metres = struct.unpack(">IIB", picture[place + 4 : place + 13])
    scale = 96 / (per_metre * _INCH) if in_metres and per_metre else 1.0
    return round(width * scale), round(height * scale)


def _note(note: Note) -> str:
    word = "<strong>Warning:</strong> " if note.level == "warning" else ""
    return f'<p role="note" class="{escape(note.level)}">{word}{escape(note.text)}</p>'


def _figure(panels: Sequence[Panel], picture: bytes | None) -> str:
    shown = [panel for panel in panels if not isinstance(panel, Table)]
    if not shown:
        return ""
    if picture is None:
        return "\n".join(f"<p>{escape(panel.alt)}</p>" for panel in shown)
    alt = escape(spoken(shown))
    size = css_size(picture)
    measures = f' width="{size[0]}" height="{size[1]}"' if size else ""
    data = base64.b64encode(picture).decode("ascii")
    return f'<figure><img src="data:image/png;base64,{data}" alt="{alt}"{measures}></figure>'


def _table(table: Table) -> str:
    rows = [[cell(value) for value in row] for row in table.rows[:_ROWS]]
    classes = [
        ' class="number"' if numeric([row[index] for row in rows]) else "" for index in range(len(table.columns))
    ]
    head = _row("th", table.columns, [f' scope="col"{kind}' for kind in classes])
    body = "\n".join(_row("td", row, classes) for row in rows)
    caption = f"<caption>{escape(table.title)}</caption>\n" if table.title else ""
    left_out = f"… and {len(table.rows) - _ROWS} more rows." if len(table.rows) > _ROWS else ""
    note = " ".join(part for part in (left_out, table.note) if part)
    below = f"\n<p><small>{escape(note)}</small></p>" if note else ""
    return f'<div class="wide"><table>\n{caption}<thead>{head}</thead>\n<tbody>\n{body}\n</tbody></table></div>{below}'


def _row(tag: str, texts: Sequence[str], attributes: Sequence[str]) -> str:
    cells = (f"<{tag}{more}>{escape(text)}</{tag}>" for text, more in zip(texts, attributes, strict=True))
    return f"<tr>{''.join(cells)}</tr>"
