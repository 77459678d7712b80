/** From values to places on the screen and back. A logarithmic scale is linear in the logarithm. */
import type { Axis, Range } from '../reading/panel';

export interface Scale {
  log: boolean;
  /** the values at the two ends of the frame */
  from: Range;
  /** their places, in CSS pixels */
  to: Range;
}

export function place({ log, from, to }: Scale, value: number): number {
  const [start, stop] = [forward(from[0], log), forward(from[1], log)];
  return to[0] + ((forward(value, log) - start) / (stop - start)) * (to[1] - to[0]);
}

export function valueAt({ log, from, to }: Scale, pixel: number): number {
  const [start, stop] = [forward(from[0], log), forward(from[1], log)];
  return backward(start + ((pixel - to[0]) / (to[1] - to[0])) * (stop - start), log);
}

export function forward(value: number, log: boolean): number {
  return log ? Math.log(value) : value;
}

export function backward(value: number, log: boolean): number {
  return log ? Math.exp(value) : value;
}

/** The outer edges, as `forward` gives them, of `cells` cells whose first and last centres are given. */
export function edges(centres: Range, cells: number, log: boolean): Range {
  const [first, last] = [forward(centres[0], log), forward(centres[1], log)];
  const step = cells > 1 && last !== first ? (last - first) / (cells - 1) : 1;
  return [first - step / 2, first + (cells - 0.5) * step];
}

/** The centre of cell `index`. */
export function centre(centres: Range, cells: number, log: boolean, index: number): number {
  const [start, stop] = edges(centres, cells, log);
  return backward(start + ((index + 0.5) / cells) * (stop - start), log);
}

/** The cell in which a value lies, or -1. */
export function cellAt(centres: Range, cells: number, log: boolean, value: number): number {
  const [start, stop] = edges(centres, cells, log);
  const index = Math.floor(((forward(value, log) - start) / (stop - start)) * cells);
  return index >= 0 && index < cells ? index : -1;
}

/** `range` made `factor` times as wide around `fixed`, which stays where it is. */
export function zoomed(range: Range, log: boolean, fixed: number, factor: number): Range {
  const [start, stop, still] = [range[0], range[1], fixed].map(value => forward(value, log)) as [number, number, number];
  return [backward(still + (start - still) * factor, log), backward(still + (stop - still) * factor, log)];
}

/** `range` moved by `part` of its width. */
export function moved(range: Range, log: boolean, part: number): Range {
  const [start, stop] = [forward(range[0], log), forward(range[1], log)];
  const step = part * (stop - start);
  return [backward(start + step, log), backward(stop + step, log)];
}

const DEEPEST = 1e-6; // of the whole axis: further in, numbers run out of digits

/** `range` kept inside the axis, not narrower than a double can resolve; the whole axis when nothing is left. */
export function within(range: Range, axis: Axis): Range {
  const [low, high] = [forward(axis.low, axis.log), forward(axis.high, axis.log)];
  const [start, stop] = [forward(Math.min(...range), axis.log), forward(Math.max(...range), axis.log)];
  const wide = Math.max(stop - start, DEEPEST * (high - low));
  if (!(wide < high - low) || stop <= low || start >= high) {
    return [axis.low, axis.high];
  }
  const first = Math.min(Math.max(start, low), high - wide);
  return [backward(first, axis.log), backward(first + wide, axis.log)];
}
