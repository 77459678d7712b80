/** Cuts through a density over places and frequencies: the spectrum at a place, the map of a frequency. */
import { cellAt } from '../draw/scale';
import { pair, object } from '../reading/check';
import { numbers, type Numbers } from '../reading/packed';
import { mapOf, type Heat, type PhaseSpace, type Plot, type Range, type Values } from '../reading/panel';

const ROUNDING = 1e-5; // of a cell: zero is named zero

/** Horizontal first: x and y of a place, or of a frequency. */
export type Pair = readonly [number, number];

/** One map a stage. */
export interface Cut {
  maps: Values[];
  rows: number;
  columns: number;
  x: Range;
  y: Range;
}

export function spectrumAt({ density, shape, places, frequencies }: PhaseSpace, place: Pair): Cut {
  const [stages, down, across, rows, columns] = shape;
  const at = nearest(places.y, down, place[1]) * across + nearest(places.x, across, place[0]);
  const size = rows * columns;
  const maps = Array.from({ length: stages }, (_, stage) => {
    const start = (stage * down * across + at) * size;
    return density.subarray(start, start + size);
  });
  return { maps, rows, columns, ...frequencies };
}

export function mapAt({ density, shape, places, frequencies }: PhaseSpace, frequency: Pair): Cut {
  const [stages, rows, columns, up, wide] = shape;
  const at = nearest(frequencies.y, up, frequency[1]) * wide + nearest(frequencies.x, wide, frequency[0]);
  const maps = Array.from({ length: stages }, (_, stage) => {
    const map = new Float64Array(rows * columns);
    for (let i = 0; i < map.length; i++) {
      map[i] = density[(stage * map.length + i) * up * wide + at]!;
    }
    return map;
  });
  return { maps, rows, columns, ...places };
}

/** The spectra at the first place, which came with the panel in full. */
export function given({ spectra }: PhaseSpace): Cut {
  return { ...heatOf(spectra[0]!), maps: spectra.map(plot => heatOf(plot).values) };
}

/** What a kernel answered, checked like anything that arrives. */
export function answered(value: unknown, stages: number): Cut {
  const it = object(value, 'the answer');
  const { values, shape } = numbers(it['values'], 3, 'the cut');
  if (shape[0] !== stages) {
    throw new Error(`The answer has ${shape[0]} stages, not ${stages}.`);
  }
  const [, rows, columns] = shape as [number, number, number];
  const size = rows * columns;
  const maps = Array.from({ length: stages }, (_, stage) => values.subarray(stage * size, (stage + 1) * size));
  return { maps, rows, columns, x: pair(it['x'], 'x of the cut'), y: pair(it['y'], 'y of the cut') };
}

/** The cut of one stage in the axes of `plot`, in the colours of `like`. */
export function drawn(plot: Plot, like: Heat, { maps, rows, columns, x, y }: Cut, stage: number): Plot {
  return { ...plot, marks: [{ ...like, values: maps[stage]!, rows, columns, x, y, thinned: null }] };
}

export function heatOf(plot: Plot): Heat {
  return mapOf(plot) as Heat; // reading/space.ts has seen that it is there
}

/** Where a map is largest, in its own coordinates; null where it is the same everywhere. */
export function peakOf({ maps, rows, columns, x, y }: Cut, stage: number): Pair | null {
  const values: Numbers['values'] = maps[stage]!;
  let [best, least] = [0, 0];
  for (let i = 1; i < values.length; i++) {
    best = values[i]! > values[best]! ? i : best;
    least = values[i]! < values[least]! ? i : least;
  }
  const at = ([first, last]: Range, count: number, i: number) => {
    const step = (last - first) / Math.max(1, count - 1);
    const value = first + step * i;
    return Math.abs(value) < ROUNDING * Math.abs(step) ? 0 : value;
  };
  return values[best]! > values[least]! ? [at(x, columns, best % columns), at(y, rows, Math.floor(best / columns))] : null;
}

function nearest(centres: Range, cells: number, value: number): number {
  const found = cellAt(centres, cells, false, value);
  return found >= 0 ? found : (value - centres[0]) * (centres[1] - centres[0]) > 0 ? cells - 1 : 0;
}
