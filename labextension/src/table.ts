/** Tables: sorted by a click on a column's name, copied and saved as CSV. */
import { button, element } from './dom';
import { number } from './draw/number';
import { thinnedRows } from './facts';
import { csv } from './keep/csv';
import { downloadText, fileName } from './keep/download';
import type { Cell, Table } from './reading/panel';

type Order = 'ascending' | 'descending' | 'none';

export class TableView {
  readonly node = element('figure', 'jphys-tableframe');
  private readonly body = element('tbody');
  private readonly heads: HTMLTableCellElement[] = [];
  private readonly numeric: boolean[];
  private rows: Cell[][];

  constructor(private readonly table: Table) {
    this.rows = table.rows;
    this.numeric = table.columns.map((_, index) => isNumeric(table.rows.map(row => row[index] ?? null)));
    const caption = element('div', 'jphys-head');
    caption.append(element('div', 'jphys-plot-title', table.title), ...this.tools());
    const wide = element('div', 'jphys-wide'); // scrolls by itself when the table is wide
    wide.tabIndex = 0;
    wide.setAttribute('role', 'region');
    wide.setAttribute('aria-label', table.title || 'Table');
    wide.append(this.grid());
    const note = [table.note, thinnedRows(table.thinned)].filter(Boolean).join(' ');
    this.node.append(caption, wide, ...(note ? [element('figcaption', 'jphys-caption', note)] : []));
  }

  private grid(): HTMLTableElement {
    const head = element('thead');
    const line = element('tr');
    this.table.columns.forEach((name, index) => line.append(this.head(name, index)));
    head.append(line);
    const node = element('table', 'jphys-table');
    node.setAttribute('aria-label', this.table.title || 'Table');
    node.append(head, this.body);
    this.fill();
    return node;
  }

  private head(name: string, index: number): HTMLTableCellElement {
    const node = element('th', this.numeric[index] ? 'jphys-number' : '');
    node.scope = 'col';
    const sorter = element('button', 'jphys-sorter', name);
    sorter.type = 'button';
    sorter.title = 'Sort by this column';
    sorter.addEventListener('click', () => this.sort(index));
    node.append(sorter);
    this.heads.push(node);
    return node;
  }

  /** Upwards, downwards, then as it was. */
  private sort(index: number): void {
    const was = (this.heads[index]!.getAttribute('aria-sort') ?? 'none') as Order;
    const order = ({ none: 'ascending', ascending: 'descending', descending: 'none' } as const)[was];
    this.heads.forEach(head => head.removeAttribute('aria-sort'));
    if (order !== 'none') {
      this.heads[index]!.setAttribute('aria-sort', order);
    }
    this.rows = order === 'none' ? this.table.rows : sorted(this.table.rows, index, this.numeric[index]!, order);
    this.fill();
  }

  private fill(): void {
    this.body.replaceChildren(
      ...this.rows.map(row => {
        const line = element('tr');
        line.append(...row.map((cell, index) => element('td', this.numeric[index] ? 'jphys-number' : '', shown(cell, this.numeric[index]!))));
        return line;
      })
    );
  }

  private tools(): HTMLElement[] {
    const text = () => csv(this.table.columns, this.rows);
    const copy = button('Copy CSV', 'jphys-tool', 'Copy the table as CSV', () => void copied(text(), copy));
    const name = fileName(this.table.title || 'table', 'csv');
    return [copy, button('⤓', 'jphys-tool', 'Save the table as CSV', () => downloadText(text(), 'text/csv', name))];
  }
}

async function copied(text: string, button: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed'; // the browser asks for a secure page
  }
  setTimeout(() => (button.textContent = 'Copy CSV'), 1500);
}

function shown(cell: Cell, isNumber: boolean): string {
  const text = cell === null ? '–' : typeof cell === 'number' ? number(cell) : cell;
  return isNumber ? text.replace(/-(?=\d)/g, '−') : text;
}

function sorted(rows: Cell[][], index: number, numeric: boolean, order: Order): Cell[][] {
  const sign = order === 'ascending' ? 1 : -1;
  const words = new Intl.Collator(undefined, { numeric: true });
  return [...rows].sort((one, other) => {
    const [a, b] = [one[index] ?? null, other[index] ?? null];
    if (!numeric) {
      return sign * words.compare(String(a ?? ''), String(b ?? ''));
    }
    const [x, y] = [size(a), size(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? Number(Number.isNaN(x)) - Number(Number.isNaN(y)) : sign * (x - y);
  });
}

const NUMBER = /^\s*([-−+]?\d[\d.]*|[-−+]?inf)(?:\([\d.?inf]+\))?(?:e([-−+]\d+))?/;
const ABSENT = new Set(['', '–', 'not measured']);

/** The number that a cell holds, be it printed like 0.5023(12) or 1.23(45)e-07; NaN for none. */
function size(cell: Cell): number {
  if (typeof cell === 'number') {
    return cell;
  }
  const found = NUMBER.exec(cell ?? '');
  const [mantissa, exponent] = [found?.[1], found?.[2]].map(part => part?.replace('−', '-').replace('inf', 'Infinity'));
  return mantissa === undefined ? NaN : Number(exponent ? `${mantissa}e${exponent}` : mantissa);
}

/** Columns of numbers stand at the right; gaps do not count. */
function isNumeric(cells: Cell[]): boolean {
  const told = cells.filter(cell => cell !== null && !ABSENT.has(String(cell)));
  return told.length > 0 && told.every(cell => !Number.isNaN(size(cell)));
}
