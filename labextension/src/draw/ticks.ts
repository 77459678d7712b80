/** Where ticks stand on an axis and what they say, as on paper: steps of 1, 2, 2.5 or 5, decades on logarithms. */
import type { Axis, Range } from '../reading/panel';
import { raised } from './number';

export interface Ticks {
  at: number[];
  text: string[];
  /** places of ticks without a number */
  minor: number[];
}

const STEPS = [1, 2, 2.5, 5, 10];

/** At most about `count` ticks on the part of an axis that is in view. */
export function ticks(axis: Axis, view: Range, count: number): Ticks {
  if (axis.categories.length > 0) {
    return named(axis.categories, view, count);
  }
  return axis.log && Math.log10(view[1] / view[0]) >= 0.9 ? decades(view, count) : even(view, count);
}

function named(categories: string[], [low, high]: Range, count: number): Ticks {
  const inside = categories.map((_, i) => i).filter(i => i >= low && i <= high);
  const every = Math.ceil(inside.length / Math.max(1, count));
  const at = inside.filter((_, i) => i % every === 0);
  return { at, text: at.map(i => categories[i]!), minor: [] };
}

function even([low, high]: Range, count: number): Ticks {
  const rough = (high - low) / Math.max(1, count);
  const tenth = 10 ** Math.floor(Math.log10(rough));
  const step = tenth * (STEPS.find(one => one * tenth >= rough * (1 - 1e-9)) ?? 10);
  const at: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step && at.length < 99; i++) {
    at.push(i * step);
  }
  return { at, text: plain(at, step), minor: [] };
}

/** Numbers with just the decimals that the step needs; a power of ten where they are very large or small. */
function plain(at: number[], step: number): string[] {
  const size = Math.max(...at.map(Math.abs), step);
  const top = Math.floor(Math.log10(size) + 1e-9);
  const shift = top >= 5 || top < -4 ? top : 0;
  const scaled = step / 10 ** shift;
  const decimals = Math.min(12, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].find(n => isWhole(scaled * 10 ** n)) ?? 12);
  return at.map(value => {
    const text = (value / 10 ** shift).toFixed(decimals);
    return minus(Number(text) === 0 ? '0' : shift ? `${text}×10${raised(shift)}` : text);
  });
}

function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-6 * Math.abs(value);
}

function decades([low, high]: Range, count: number): Ticks {
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  const spans = Math.log10(high / low);
  const isPlain = low >= 1e-4 && high <= 1e5;
  const factors = isPlain && spans < 2.6 ? (3 * spans <= count + 1 ? [1, 2, 5] : [1]) : [1];
  const every = Math.max(1, Math.ceil(spans / Math.max(1, count)));
  const at: number[] = [];
  const minor: number[] = [];
  for (let n = first; n <= last; n++) {
    for (let factor = 1; factor < 10; factor++) {
      const value = Number(`${factor}e${n}`); // exact, unlike a product
      const inside = value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
      if (inside) {
        const bears = factors.includes(factor) && n % every === 0;
        (bears ? at : spans < 8 || factor === 1 ? minor : []).push(value);
      }
    }
  }
  return { at, text: at.map(value => (isPlain && spans < 4 ? minus(String(value)) : power(value))), minor };
}

function power(value: number): string {
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const factor = Number((value / 10 ** exponent).toPrecision(3));
  return factor === 1 ? `10${raised(exponent)}` : `${factor}×10${raised(exponent)}`;
}

function minus(text: string): string {
  return text.replace('-', '−');
}
