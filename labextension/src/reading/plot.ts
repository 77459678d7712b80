/** A plot from a stranger's file: every length, range and type is checked before anything is drawn. */
import { finite, list, object, oneOf, pair, text, whole, words, type Fields } from './check';
import { numbers, series } from './packed';
import type { Axis, Band, Bars, Line, Map, Mark, Plot, Points, Range, Thinned } from './panel';

const PALETTES = ['sequential', 'diverging', 'grey'] as const;
const MARKS = ['line', 'points', 'band', 'bars', 'heat', 'movie'] as const;

export function plotFrom(it: Fields): Plot {
  return {
    type: 'plot',
    title: words(it['title'], 'title'),
    alt: words(it['alt'], 'alt'),
    note: words(it['note'], 'note'),
    row: words(it['row'], 'row'),
    square: it['square'] === true,
    x: axisFrom(it['x'], 'the x axis'),
    y: axisFrom(it['y'], 'the y axis'),
    marks: list(it['marks'], 'marks').map(markFrom)
  };
}

function axisFrom(value: unknown, name: string): Axis {
  const it = object(value, name);
  const [low, high] = [finite(it['low'], `low of ${name}`), finite(it['high'], `high of ${name}`)];
  const log = it['log'] === true;
  if (!(low < high) || (log && !(low > 0))) {
    throw new Error(`${name} runs ${log ? 'logarithmically ' : ''}from ${low} to ${high}.`);
  }
  const categories = list(it['categories'] ?? [], `categories of ${name}`).map(one => text(one, 'a category'));
  const named = { label: words(it['label'], `label of ${name}`), unit: words(it['unit'], `unit of ${name}`) };
  return { ...named, log, low, high, categories, downward: it['downward'] === true };
}

function markFrom(value: unknown): Mark {
  const it = object(value, 'a mark');
  const type = oneOf(it['type'], MARKS, 'the type of a mark');
  const named = {
    label: words(it['label'], 'label of a mark'),
    series: it['series'] === undefined || it['series'] === null ? null : whole(it['series'], 'series'),
    thinned: thinnedFrom(it['thinned'])
  };
  switch (type) {
    case 'line':
      return sameLength<Line>({ type, ...named, x: one(it, 'x'), y: one(it, 'y'), dashed: it['dashed'] === true });
    case 'points':
      return sameLength<Points>({ type, ...named, ...pointsFrom(it) });
    case 'band': {
      const edges = { low: series(it['low'], 'low'), high: series(it['high'], 'high') };
      return sameLength<Band>({ type, ...named, x: one(it, 'x'), ...edges, quiet: it['quiet'] === true });
    }
    case 'bars':
      return sameLength<Bars>({ type, ...named, value: one(it, 'value'), error: series(it['se'], 'se') });
    case 'heat': {
      const { values, shape } = numbers(it['values'], 2, 'the map');
      return { type, ...named, values, rows: shape[0]!, columns: shape[1]!, ...mapFrom(it) };
    }
    case 'movie': {
      const { values, shape } = numbers(it['frames'], 3, 'the movie');
      const time = one(it, 'time');
      if (time.length !== shape[0]) {
        throw new Error(`A movie has ${shape[0]} frames and ${time.length} times.`);
      }
      const clock = axisFrom(it['clock'], 'the clock');
      return { type, ...named, values, rows: shape[1]!, columns: shape[2]!, time, clock, ...mapFrom(it) };
    }
  }
}

function one(it: Fields, name: string): Line['x'] {
  return numbers(it[name], 1, name).values;
}

function pointsFrom(it: Fields): Pick<Points, 'x' | 'y' | 'xError' | 'yError' | 'names'> {
  const names = it['names'] ?? null;
  return {
    x: one(it, 'x'),
    y: one(it, 'y'),
    xError: series(it['x_se'], 'x_se'),
    yError: series(it['y_se'], 'y_se'),
    names: names === null ? null : list(names, 'names').map(name => text(name, 'a name'))
  };
}

function mapFrom(it: Fields): Pick<Map, 'x' | 'y' | 'color' | 'palette'> {
  const places: { x: Range; y: Range } = { x: pair(it['x'], 'x of a map'), y: pair(it['y'], 'y of a map') };
  return { ...places, color: axisFrom(it['color'], 'the colour axis'), palette: oneOf(it['palette'], PALETTES, 'palette') };
}

export function thinnedFrom(value: unknown): Thinned {
  if (value === undefined || value === null) {
    return null;
  }
  const [before, after] = list(value, 'thinned').map(shape => list(shape, 'thinned').map(n => whole(n, 'thinned')));
  return before && after ? { before, after } : null;
}

/** The mark, whose arrays all have to be as long as the first. */
function sameLength<Kind extends Line | Points | Band | Bars>(mark: Kind): Kind {
  const arrays = Object.entries(mark).filter(([, value]) => ArrayBuffer.isView(value) || Array.isArray(value));
  const lengths = arrays.map(([name, value]) => [name, (value as ArrayLike<unknown>).length] as const);
  if (new Set(lengths.map(([, length]) => length)).size > 1) {
    throw new Error(`${mark.type} has arrays of different lengths: ${lengths.map(pair => pair.join(' ')).join(', ')}.`);
  }
  return mark;
}
