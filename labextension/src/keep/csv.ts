/** Tables and plots as CSV. */
import { frameOf, titleOf, type Cell, type Mark, type Plot } from '../reading/panel';
import { centre } from '../draw/scale';

type Row = Record<string, Cell>;

export function csv(columns: string[], rows: Cell[][]): string {
  return [columns, ...rows].map(row => row.map(field).join(',')).join('\r\n') + '\r\n';
}

function field(cell: Cell): string {
  if (cell === null || (typeof cell === 'number' && !Number.isFinite(cell))) {
    return '';
  }
  // A spreadsheet would run a stranger's text that begins like a formula.
  const text = typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) && Number.isNaN(Number(cell)) ? `'${cell}` : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

/** All that a plot draws, a line a point or cell; columns that would be empty are left out. */
export function plotCsv(plot: Plot): string {
  const rows = plot.marks.flatMap(mark => rowsOf(plot, mark));
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))];
  const filled = columns.filter(name => rows.some(row => row[name] !== undefined && row[name] !== ''));
  return csv(filled, rows.map(row => filled.map(name => row[name] ?? null)));
}

function rowsOf(plot: Plot, mark: Mark): Row[] {
  const [x, y] = [titleOf(plot.x) || 'x', titleOf(plot.y) || 'y'];
  const named = { kind: mark.type, series: mark.label };
  const rows = (count: number, one: (i: number) => Row): Row[] => Array.from({ length: count }, (_, i) => ({ ...named, ...one(i) }));
  switch (mark.type) {
    case 'line':
      return rows(mark.x.length, i => ({ [x]: tidy(mark.x[i]), [y]: tidy(mark.y[i]) }));
    case 'points':
      return rows(mark.x.length, i => ({
        name: mark.names?.[i] ?? '', [x]: tidy(mark.x[i]), [y]: tidy(mark.y[i]),
        ...(mark.xError && { [`error of ${x}`]: tidy(mark.xError[i]) }), ...(mark.yError && { [`error of ${y}`]: tidy(mark.yError[i]) })
      }));
    case 'band':
      return rows(mark.x.length, i => ({
        [x]: tidy(mark.x[i]), ...(mark.low && { [`${y}, low`]: tidy(mark.low[i]) }), ...(mark.high && { [`${y}, high`]: tidy(mark.high[i]) })
      }));
    case 'bars':
      return rows(mark.value.length, i => ({
        [y]: plot.y.categories[i] ?? i, [x]: tidy(mark.value[i]), ...(mark.error && { [`error of ${x}`]: tidy(mark.error[i]) })
      }));
    default:
      return cells(plot, mark, x, y, named);
  }
}

function cells(plot: Plot, map: Extract<Mark, { type: 'heat' | 'movie' }>, x: string, y: string, named: Row): Row[] {
  const frames = map.type === 'movie' ? map.time.length : 1;
  return Array.from({ length: frames }, (_, frame) => {
    const time = map.type === 'movie' ? { [titleOf(map.clock) || 'time']: tidy(map.time[frame]) } : {};
    return Array.from(frameOf(map, frame), (value, i) => ({
      ...named,
      ...time,
      [x]: tidy(centre(map.x, map.columns, plot.x.log, i % map.columns)),
      [y]: tidy(centre(map.y, map.rows, plot.y.log, Math.floor(i / map.columns))),
      [titleOf(map.color) || 'value']: tidy(value)
    }));
  }).flat();
}

/** The digits that a reading on a page carries, and no noise behind them. */
function tidy(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(8));
}
