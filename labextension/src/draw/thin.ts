/** Long lines: what the eye cannot tell apart is not drawn. */
import type { Range, Values } from '../reading/panel';

const LONG = 4000;

/**
 * Indices of a long line whose x grows: those in view, and of each dot across only the first, the last, the lowest
 * and the highest. Null where all are to be drawn.
 */
export function thinned(x: Values, y: Values, view: Range, place: (value: number) => number): number[] | null {
  if (x.length <= LONG || !grows(x)) {
    return null;
  }
  const [low, high] = [Math.min(...view), Math.max(...view)];
  const first = Math.max(0, after(x, low) - 1);
  const last = Math.min(x.length - 1, after(x, high));
  const kept: number[] = [];
  for (let start = first; start <= last; ) {
    const dot = Math.floor(place(x[start]!));
    let [stop, lowest, highest] = [start, start, start];
    for (; stop <= last && Math.floor(place(x[stop]!)) === dot; stop++) {
      lowest = y[stop]! < y[lowest]! ? stop : lowest;
      highest = y[stop]! > y[highest]! ? stop : highest;
    }
    stop = Math.max(stop, start + 1);
    kept.push(...[...new Set([start, lowest, highest, stop - 1])].sort((a, b) => a - b));
    start = stop;
  }
  return kept;
}

function grows(x: Values): boolean {
  for (let i = 1; i < x.length; i++) {
    if (!(x[i]! >= x[i - 1]!)) {
      return false;
    }
  }
  return true;
}

/** The first index whose x lies after `value`. */
function after(x: Values, value: number): number {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    [low, high] = x[middle]! <= value ? [middle + 1, high] : [low, middle];
  }
  return low;
}
