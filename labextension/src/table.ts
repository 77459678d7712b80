/** Tables: sorted by a click on a column's name, copied and saved as CSV. */
import equal from 'fast-deep-equal/es6';
import { button, element } from './dom';
import { number } from './draw/number';
import { thinnedRows } from './facts';
import { csv } from './keep/csv';
import { downloadText, fileName } from './keep/download';
import type { Cell, Table } from './reading/panel';

type Order = 'ascending' | 'descending' | 'none';

export class TableView {
  readonly node = element('figure', 'jphys-tableframe');
  private readonly title = element('div', 'jphys-plot-title');
  private readonly wide = element('div', 'jphys-wide'); // scrolls by itself when the table is wide
  private readonly caption = element('figcaption', 'jphys-caption');
  private readonly grid = element('table', 'jphys-table');
  private readonly line = element('tr');
  private readonly body = element('tbody');
  private heads: HTMLTableCellElement[] = [];
  private numeric: boolean[] = [];
  private rows: Cell[][] = [];

  constructor(private table: Table) {
    const top = element('div', 'jphys-head');
    top.append(this.title, ...this.tools());
    const head = element('thead');
    head.append(this.line);
    this.grid.append(head, this.body);
    this.wide.tabIndex = 0;
    this.wide.setAttribute('role', 'region');
    this.wide.append(this.grid);
    this.node.append(top, this.wide, this.caption);
    this.headings();
    this.write();
  }

  /** Other numbers; under the same columns the order stays. */
  take([table]: Table[]): void {
    const isSame = equal(table!.columns, this.table.columns);
    this.table = table!;
    if (!isSame) {
      this.headings();
    }
    this.write();
  }

  private headings(): void {
    this.heads = this.table.columns.map((name, index) => this.head(name, index));
    this.line.replaceChildren(...this.heads);
  }

  private write(): void {
    const { table, heads } = this;
    const name = table.title || 'Table';
    this.title.textContent = table.title;
    this.wide.setAttribute('aria-label', name);
    this.grid.setAttribute('aria-label', name);
    this.caption.textContent = [table.note, thinnedRows(table.thinned)].filter(Boolean).join(' ');
    this.caption.hidden = !this.caption.textContent;
    this.numeric = table.columns.map((_, index) => isNumeric(table.rows.map(row => row[index] ?? null)));
    heads.forEach((head, index) => head.classList.toggle('jphys-number', this.numeric[index]!));
    const index = heads.findIndex(head => head.hasAttribute('aria-sort'));
    this.fill(index, index < 0 ? 'none' : orderOf(heads[index]!));
  }

  private head(name: string, index: number): HTMLTableCellElement {
    const node = element('th');
    node.scope = 'col';
    const sorter = element('button', 'jphys-sorter', name);
    sorter.type = 'button';
    sorter.title = 'Sort by this column';
    sorter.addEventListener('click', () => this.sort(index));
    node.append(sorter);
    return node;
  }

  /** Upwards, downwards, then as it was. */
  private sort(index: number): void {
    const order = ({ none: 'ascending', ascending: 'descending', descending: 'none' } as const)[orderOf(this.heads[index]!)];
    this.heads.forEach(head => head.removeAttribute('aria-sort'));
    if (order !== 'none') {
      this.heads[index]!.setAttribute('aria-sort', order);
    }
    this.fill(index, order);
  }

  private fill(index: number, order: Order): void {
    const { rows } = this.table;
    this.rows = order === 'none' ? rows : sorted(rows, index, this.numeric[index]!, order);
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
    const save = () => downloadText(text(), 'text/csv', fileName(this.table.title || 'table', 'csv'));
    return [copy, button('⤓', 'jphys-tool', 'Save the table as CSV', save)];
  }
}

function orderOf(head: HTMLElement): Order {
  return (head.getAttribute('aria-sort') ?? 'none') as Order;
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
  return told.every(cell => !Number.isNaN(size(cell)));
}
