/** What a reading shows, as data: the same panels and marks as jupyter_phys/figures/panel.py and mark.py, every range settled. */
import type { Numbers } from './packed';

export type Values = Numbers['values'];
export type Cell = string | number | null;
export type Range = readonly [number, number];
export type Palette = 'sequential' | 'diverging' | 'grey';

/** A quantity with its unit (empty: none) and the range that is shown of it. */
export interface Axis {
  label: string;
  unit: string;
  log: boolean;
  low: number;
  high: number;
  categories: string[];
  downward: boolean;
}

/** What was made smaller to fit: the shape before and the shape after. */
export type Thinned = { before: number[]; after: number[] } | null;

interface Named {
  label: string;
  /** the number of its colour; null for maps, references and background regions */
  series: number | null;
  thinned: Thinned;
}

export interface Line extends Named {
  type: 'line';
  x: Values;
  y: Values;
  dashed: boolean;
}

export interface Points extends Named {
  type: 'points';
  x: Values;
  y: Values;
  xError: Values | null;
  yError: Values | null;
  names: string[] | null;
}

export interface Band extends Named {
  type: 'band';
  x: Values;
  low: Values | null;
  high: Values | null;
  quiet: boolean;
}

export interface Bars extends Named {
  type: 'bars';
  value: Values;
  error: Values | null;
}

interface Cells extends Named {
  values: Values;
  rows: number;
  columns: number;
  /** centres of the first and the last cell */
  x: Range;
  y: Range;
  color: Axis;
  palette: Palette;
}

export interface Heat extends Cells {
  type: 'heat';
}

export interface Movie extends Cells {
  type: 'movie';
  time: Values;
  clock: Axis;
}

export type Map = Heat | Movie;
export type Mark = Line | Points | Band | Bars | Map;

export interface Plot {
  type: 'plot';
  title: string;
  alt: string;
  note: string;
  row: string;
  square: boolean;
  x: Axis;
  y: Axis;
  marks: Mark[];
}

export interface Table {
  type: 'table';
  title: string;
  alt: string;
  note: string;
  columns: string[];
  rows: Cell[][];
  thinned: Thinned;
}

/** A panel that this page cannot draw, and why. */
export interface Unknown {
  type: 'unknown';
  title: string;
  alt: string;
  why: string;
}

/** A density over places and frequencies: one picture and one spectrum a stage, and coarsely all cuts between. */
export interface PhaseSpace {
  type: 'phase_space';
  title: string;
  alt: string;
  note: string;
  pictures: Plot[];
  spectra: Plot[];
  density: Values;
  /** stage, y, x, v, u: the last runs fastest */
  shape: [number, number, number, number, number];
  /** centres of the first and last cell of the density */
  places: { x: Range; y: Range };
  frequencies: { x: Range; y: Range };
  /** x and y of the spectra */
  place: Range;
  thinned: Thinned;
}

export type Panel = Plot | Table | PhaseSpace | Unknown;

/** Label and unit, as an axis title: "window scale s (samples)". */
export function titleOf({ label, unit }: Axis): string {
  return unit ? `${label} (${unit})` : label;
}

export function isMap(mark: Mark): mark is Map {
  return mark.type === 'heat' || mark.type === 'movie';
}

export function mapOf(plot: Plot): Map | undefined {
  return plot.marks.find(isMap);
}

export function movieOf(plot: Plot): Movie | undefined {
  return plot.marks.find((mark): mark is Movie => mark.type === 'movie');
}

/** The cells of one frame of a map; a still map has one. */
export function frameOf(map: Map, frame: number): Values {
  if (map.type === 'heat') {
    return map.values;
  }
  const cells = map.rows * map.columns;
  const index = Math.min(frame, map.time.length - 1);
  return map.values.subarray(index * cells, (index + 1) * cells);
}
