/** Lines, bands, points and bars as marks of Observable Plot. */
import * as Plot from '@observablehq/plot';
import { mapOf, type Axis, type Band, type Bars, type Line, type Mark, type Points, type Values } from '../reading/panel';
import { isDense } from './dense';
import { shown, xScale, type Scene } from './scene';
import { place } from './scale';
import { colorOf } from './theme';
import { thinned } from './thin';

const DASHES = ['6.4 4', '2 3.2', '11 3.2 2 3.2'];
const DOTTED_BELOW = 25; // points of a line
const CLIP = { clip: 'frame' } as const;

type Marks = Plot.Markish[];
type Series = Values | number[];

/** All marks that are switched on, the quiet ones first. */
export function marksOf(scene: Scene): Marks {
  const on = new Set(shown(scene));
  const layers: [number, Marks][] = [];
  const seen = { references: 0, regions: 0, bars: 0 };
  for (const mark of scene.plot.marks) {
    // counted whether shown or not, so that switching one off changes no other
    const order = orderOf(mark, seen);
    if (on.has(mark)) {
      layers.push([level(mark), drawn(mark, scene, order)]);
    }
  }
  return layers.sort(([a], [b]) => a - b).flatMap(([, marks]) => marks);
}

function orderOf(mark: Mark, seen: { references: number; regions: number; bars: number }): number {
  switch (mark.type) {
    case 'line':
      return mark.dashed ? seen.references++ : 0;
    case 'band':
      return mark.quiet ? seen.regions++ : 0;
    case 'bars':
      return seen.bars++;
    default:
      return 0;
  }
}

function level(mark: Mark): number {
  const levels = { band: 1, bars: 2, line: 3, points: 4, heat: 0, movie: 0 };
  return mark.type === 'band' && mark.quiet ? 0 : mark.type === 'line' && mark.dashed ? 2.5 : levels[mark.type];
}

function drawn(mark: Mark, scene: Scene, order: number): Marks {
  switch (mark.type) {
    case 'line':
      return line(mark, scene, order);
    case 'band':
      return band(mark, scene, order);
    case 'points':
      return isDense(mark) ? [] : points(mark, scene);
    case 'bars':
      return bars(mark, scene, order);
    default:
      return []; // maps lie on the canvas below
  }
}

export function dashOf(order: number): string {
  return DASHES[order % DASHES.length]!;
}

export function quietOf({ theme }: Scene, order: number): readonly [string, number] {
  return theme.quiet[order % theme.quiet.length]!;
}

function line(mark: Line, scene: Scene, order: number): Marks {
  const stroke = colorOf(scene.theme, mark.series);
  const scale = xScale(scene);
  const kept = thinned(mark.x, mark.y, scale.from, value => place(scale, value));
  const x = fit(kept ? kept.map(i => mark.x[i]!) : mark.x, scene.plot.x);
  const y = fit(kept ? kept.map(i => mark.y[i]!) : mark.y, scene.plot.y);
  const look = { stroke, strokeWidth: mark.dashed ? 1.4 : 2, strokeLinejoin: x.length > 500 ? 'bevel' : 'round', strokeLinecap: x.length > 500 ? 'butt' : 'round' } as const;
  const data = { length: x.length };
  const curve = Plot.line(data, { x, y, ...look, ...(mark.dashed && { strokeDasharray: dashOf(order) }), ...CLIP });
  const halo = { x, y, ...look, stroke: scene.theme.paper, strokeWidth: look.strokeWidth + 2.4, strokeOpacity: 0.85, ...CLIP };
  const dots = hasDots(mark) ? [Plot.dot(data, { x, y, fill: stroke, r: 2.6, ...CLIP })] : [];
  return [...(mapOf(scene.plot) ? [Plot.line(data, halo)] : []), curve, ...dots];
}

/** Whether a measured line is of so few points that it shows where they are. */
export function hasDots({ x, y, dashed }: Line): boolean {
  let count = 0;
  for (let i = 0; i < x.length && count <= DOTTED_BELOW; i++) {
    count += Number.isFinite(x[i]! + y[i]!) ? 1 : 0;
  }
  return count === 1 || (count < DOTTED_BELOW && !dashed);
}

const FAR = 1e9; // widths of an axis: a path cannot go further

/** Values as a path can hold them; zero and less have no place on a logarithmic axis: far below it, as on paper. */
function fit(values: Series, { log, low, high }: Axis): Series {
  const reach = FAR * (high - low);
  const [least, most] = log ? [1e-300, Infinity] : [low - reach, high + reach];
  return values.some(value => value < least || value > most) ? Array.from(values, value => Math.min(most, Math.max(least, value))) : values;
}

function band(mark: Band, scene: Scene, order: number): Marks {
  const { view, plot } = scene;
  const [fill, fillOpacity] = mark.quiet ? quietOf(scene, order) : [colorOf(scene.theme, mark.series), 0.22];
  const [low, high] = [view.y[0], view.y[1]];
  const whole = mark.low === null && mark.high === null;
  const x = whole ? ends(mark.x) : mark.x;
  if (x.length === 0) {
    return [];
  }
  const y1 = mark.low ? fit(mark.low, plot.y) : Array.from(x, () => low);
  const y2 = mark.high ? fit(mark.high, plot.y) : Array.from(x, () => high);
  if (x[0] === x[x.length - 1]) {
    return [Plot.ruleX({ length: 1 }, { x: [x[0]], y1, y2, stroke: fill, strokeOpacity: fillOpacity, strokeWidth: 4, ...CLIP })];
  }
  return [Plot.areaY({ length: x.length }, { x, y1, y2, fill, fillOpacity, ...CLIP })];
}

function ends(values: Values): number[] {
  const known = Array.from(values).filter(Number.isFinite);
  return known.length ? [Math.min(...known), Math.max(...known)] : [];
}

function points(mark: Points, { theme, plot }: Scene): Marks {
  const { xError, yError } = mark;
  const [x, y] = [fit(mark.x, plot.x), fit(mark.y, plot.y)];
  const data = { length: x.length };
  const stroke = colorOf(theme, mark.series);
  const bar = { stroke, strokeWidth: 1.4, ...CLIP };
  const spread = (values: Values, errors: Values, sign: number, axis: Axis) =>
    fit(values.map((value, i) => value + sign * errors[i]!), axis);
  return [
    ...(yError ? [Plot.ruleX(data, { x, y1: spread(mark.y, yError, -1, plot.y), y2: spread(mark.y, yError, 1, plot.y), ...bar })] : []),
    ...(xError ? [Plot.ruleY(data, { y, x1: spread(mark.x, xError, -1, plot.x), x2: spread(mark.x, xError, 1, plot.x), ...bar })] : []),
    Plot.dot(data, { x, y, fill: stroke, stroke: theme.paper, strokeWidth: 0.8, r: 3.6, ...CLIP })
  ];
}

/** Where the bars of one mark stand: `order` counts those of a category from the top. */
export function barPlaces(scene: Scene, order: number): { height: number; at: (index: number) => number } {
  const count = scene.plot.marks.filter(mark => mark.type === 'bars').length;
  const height = 0.62 / count;
  return { height: height * 0.92, at: index => index + (order - (count - 1) / 2) * height };
}

function bars(mark: Bars, scene: Scene, order: number): Marks {
  const { value, error } = mark;
  const { height, at } = barPlaces(scene, order);
  const start = scene.plot.x.log ? scene.plot.x.low : 0;
  const data = { length: value.length };
  const y = Array.from(value, (_, i) => at(i));
  const fill = colorOf(scene.theme, mark.series);
  const bar = Plot.rect(data, {
    x1: Array.from(value, () => start), x2: fit(value, scene.plot.x), y1: y.map(v => v - height / 2), y2: y.map(v => v + height / 2), fill, ...CLIP
  });
  if (!error) {
    return [bar];
  }
  const end = (sign: number) => fit(value.map((v, i) => (error[i] === 0 ? NaN : v + sign * error[i]!)), scene.plot.x); // exact: no bar
  const [low, high] = [end(-1), end(1)];
  const look = { stroke: scene.theme.ink, strokeWidth: 1.4, ...CLIP };
  const cap = height / 6;
  const caps = [low, high].map(x => Plot.ruleX(data, { x, y1: y.map(v => v - cap), y2: y.map(v => v + cap), ...look }));
  return [bar, Plot.ruleY(data, { y, x1: low, x2: high, ...look }), ...caps];
}

export function orderAmong(scene: Scene, mark: Mark): number {
  const seen = { references: 0, regions: 0, bars: 0 };
  for (const one of scene.plot.marks) {
    const order = orderOf(one, seen);
    if (one === mark) {
      return order;
    }
  }
  return 0;
}

