/** A reading as it arrives in a notebook: its shape, and the check that a stranger's file has it. */
import { kind, list, object, text, words, type Fields } from './check';
import { plotFrom, thinnedFrom } from './plot';
import { spaceFrom } from './space';
import type { Cell, Panel, Table, Unknown } from './panel';

export const MIME_TYPE = 'application/vnd.jupyter-phys.reading.v1+json';
const SCHEMA = 1;

export interface Note {
  level: 'warning' | 'note';
  text: string;
}

export interface Reading {
  instrument: string;
  title: string;
  notes: Note[];
  panels: Panel[];
}

/** The reading in `payload`; throws an Error that says what is wrong with it. A bad panel spoils only itself. */
export function parse(payload: unknown): Reading {
  const reading = object(payload, 'the reading');
  if (reading['schema'] !== SCHEMA) {
    throw new Error(`It has schema ${String(reading['schema'])}, this page knows ${SCHEMA}: update jupyter-phys.`);
  }
  return {
    instrument: text(reading['instrument'], 'instrument'),
    title: text(reading['title'], 'title'),
    notes: list(reading['notes'] ?? [], 'notes').map(note),
    panels: list(reading['panels'], 'panels').map(panel)
  };
}

function note(value: unknown): Note {
  const { level, text: said } = object(value, 'a note');
  return { level: level === 'warning' ? 'warning' : 'note', text: text(said, 'the text of a note') };
}

function panel(value: unknown): Panel {
  try {
    const it = object(value, 'a panel');
    switch (text(it['type'], 'the type of a panel')) {
      case 'plot':
        return plotFrom(it);
      case 'phase_space':
        return spaceFrom(it);
      case 'table':
        return tableFrom(it);
      default:
        return unknown(value, 'This page does not know such panels: update jupyter-phys.');
    }
  } catch (error) {
    return unknown(value, error instanceof Error ? error.message : String(error));
  }
}

function unknown(value: unknown, why: string): Unknown {
  const it = typeof value === 'object' && value !== null ? (value as Fields) : {};
  const [title, alt] = [it['title'], it['alt']].map(one => (typeof one === 'string' ? one : ''));
  return { type: 'unknown', title: title ?? '', alt: alt ?? '', why };
}

function tableFrom(it: Fields): Table {
  const columns = list(it['columns'], 'columns').map(name => text(name, 'the name of a column'));
  const rows = list(it['rows'], 'rows').map(row => list(row, 'a row').map(cell));
  if (rows.some(row => row.length !== columns.length)) {
    throw new Error(`A table has a row that is not ${columns.length} cells long.`);
  }
  const said = { title: words(it['title'], 'title'), alt: words(it['alt'], 'alt'), note: words(it['note'], 'note') };
  return { type: 'table', ...said, columns, rows, thinned: thinnedFrom(it['thinned']) };
}

function cell(value: unknown): Cell {
  if (value === null || typeof value === 'number' || typeof value === 'string') {
    return value;
  }
  throw new Error(`A cell is ${kind(value)}, not text, a number or null.`);
}
