/** One plot at one moment: what is in view, how large, in which theme. Drawing reads it and changes nothing. */
import type { Mark, Plot, Range } from '../reading/panel';
import type { Scale } from './scale';
import type { Theme } from './theme';

export interface Margin {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

export interface Scene {
  plot: Plot;
  theme: Theme;
  view: { x: Range; y: Range };
  /** the frame inside the axes, CSS pixels */
  box: { width: number; height: number };
  margin: Margin;
  /** which frame of a movie */
  frame: number;
  /** keys of the series that are switched off */
  hidden: ReadonlySet<string>;
  /** the numbers at the y axis, the colour bar, the note: neighbours in a row may bear them for all */
  bears: { y: boolean; bar: boolean; note: boolean };
}

export function xScale({ plot, view, margin, box }: Scene): Scale {
  const to: Range = [margin.left, margin.left + box.width];
  return { log: plot.x.log, from: plot.x.downward ? [view.x[1], view.x[0]] : view.x, to };
}

/** From the bottom of the frame to its top. */
export function yScale({ plot, view, margin, box }: Scene): Scale {
  const to: Range = [margin.top + box.height, margin.top];
  return { log: plot.y.log, from: growsDown(plot) ? [view.y[1], view.y[0]] : view.y, to };
}

/** Rows of images and bars of a ranking begin at the top. */
export function growsDown(plot: Plot): boolean {
  return plot.y.downward || hasBars(plot);
}

export function hasBars(plot: Plot): boolean {
  return plot.marks.some(mark => mark.type === 'bars');
}

/** Marks of one key are switched on and off together: those of one label, and those of their colour. */
export function keyOf(mark: Mark): string {
  return mark.series === null ? `label ${mark.label}` : `series ${mark.series}`;
}

export function shown({ plot, hidden }: Scene): Mark[] {
  return plot.marks.filter(mark => !hidden.has(keyOf(mark)));
}
