/** How much room stands around the frame of a plot, and how high the frame wants to be. */
import { mapOf, titleOf, type Axis, type Plot } from '../reading/panel';
import { number } from './number';
import { widthOf, wrapped } from './lettering';
import { hasBars, type Margin, type Scene } from './scene';
import { ticks, type Ticks } from './ticks';

export const TICK = 11; // font sizes, CSS pixels
export const TITLE = 12;
export const LINE = 15; // from one line of an axis title to the next
export const BAR = { gap: 8, width: 12, pad: 5 } as const; // the colour bar
const NAMED_BARS = 40; // so many bars have room for their numbers beside them
const TALLEST = 360;
const NUMBER = 26; // room for numbers that become longer when one zooms

type Layout = Pick<Scene, 'plot' | 'view' | 'box' | 'bears'>;

export function marginOf(it: Layout): Margin {
  return { top: 8, right: right(it), bottom: bottom(it), left: left(it) };
}

export function xTicks({ plot, view, box }: Layout): Ticks {
  if (plot.x.categories.length) {
    return ticks(plot.x, view.x, Math.floor(box.width / 16));
  }
  const widest = (found: Ticks) => Math.max(0, ...found.text.map(text => widthOf(text, TICK)));
  let count = Math.min(9, Math.floor(box.width / 45) + 1);
  for (; count > 2; count--) {
    const found = ticks(plot.x, view.x, count);
    if ((widest(found) + 12) * found.at.length <= box.width) {
      return found;
    }
  }
  return ticks(plot.x, view.x, count);
}

export function yTicks({ plot, view, box }: Layout): Ticks {
  const each = plot.y.categories.length ? 14 : 34;
  return ticks(plot.y, view.y, Math.max(2, Math.floor(box.height / each)));
}

export function colorTicks(axis: Axis, height: number, isTwoValued: boolean): Ticks {
  const found = ticks(axis, [axis.low, axis.high], Math.max(2, Math.min(6, Math.floor(height / 34))));
  return isTwoValued ? { at: [axis.low, axis.high], text: [axis.low, axis.high].map(end => number(end)), minor: [] } : found;
}

/** Whether the names of categories under the frame have to be slanted. */
export function isSlanted({ plot, box }: Layout): boolean {
  const names = plot.x.categories;
  const room = box.width / Math.max(1, names.length) - 6;
  return names.some(name => widthOf(name, TICK) > room);
}

export function yTitle({ plot, box }: Layout): string[] {
  return wrapped(titleOf(plot.y), Math.max(110, box.height), TITLE, 2);
}

export function xTitle({ plot, box }: Layout): string[] {
  return wrapped(titleOf(plot.x), Math.max(110, box.width), TITLE, 2);
}

/** The widest that a name at the left may be. */
export function nameRoom({ box }: Layout): number {
  return Math.max(60, Math.min(220, box.width * 0.5));
}

/** The names or numbers at the left, in two lines where they are long and there is room. */
export function yWords(it: Layout): string[] {
  const names = it.plot.y.categories.length;
  const [low, high] = it.view.y;
  const lines = names && it.box.height / (high - low) > 2.4 * TICK ? 2 : 1;
  return yTicks(it).text.map(text => wrapped(text, nameRoom(it), TICK, lines).join('\n'));
}

function left(it: Layout): number {
  if (!it.bears.y) {
    return 8;
  }
  const words = yWords(it).flatMap(text => text.split('\n')).map(text => widthOf(text, TICK));
  return Math.ceil(LINE * yTitle(it).length + 12 + Math.min(nameRoom(it), Math.max(NUMBER, ...words)));
}

function bottom(it: Layout): number {
  const longest = Math.max(0, ...it.plot.x.categories.map(name => widthOf(name, TICK)));
  const names = isSlanted(it) ? Math.min(90, longest * 0.6 + 8) : TICK;
  return Math.ceil(names + 10 + LINE * xTitle(it).length + 2);
}

function right(it: Layout): number {
  const map = mapOf(it.plot);
  if (map && it.bears.bar) {
    const words = colorTicks(map.color, it.box.height, false).text.map(text => widthOf(text, TICK));
    const title = wrapped(titleOf(map.color), Math.max(110, it.box.height), TITLE, 2).length;
    return Math.ceil(BAR.gap + BAR.width + BAR.pad + Math.max(...words, 20) + 4 + LINE * title);
  }
  const numbers = barNumbers(it.plot).map(text => widthOf(text, TICK));
  return numbers.length ? Math.ceil(Math.max(...numbers) + 14) : 14;
}

/** The numbers that stand beside bars, where there is room for them. */
export function barNumbers(plot: Plot): string[] {
  const bars = plot.marks.filter(mark => mark.type === 'bars');
  const count = bars.reduce((sum, mark) => sum + mark.value.length, 0);
  return count > NAMED_BARS ? [] : bars.flatMap(({ value, error }) => Array.from(value, (v, i) => number(v, error?.[i] ?? null)));
}

/** Height over width for equal lengths on both axes; null where it is free. */
export function aspect({ square, x, y }: Plot): number | null {
  if (!square) {
    return null;
  }
  if (x.log || y.log) {
    return 1; // lengths on logarithmic axes do not compare: a square frame
  }
  const ratio = (y.high - y.low) / (x.high - x.low);
  return ratio > 0.2 && ratio < 5 ? ratio : 1; // a sliver shows nothing
}

/** The frame of a plot that is `room` wide: narrower only where it would grow too tall. */
export function frameOf(plot: Plot, room: number, alone: boolean): { width: number; height: number } {
  const ratio = aspect(plot);
  if (ratio !== null) {
    const height = Math.min(room * ratio, TALLEST);
    return { width: height / ratio, height };
  }
  if (hasBars(plot)) {
    const bars = plot.marks.flatMap(mark => (mark.type === 'bars' ? [mark.value.length] : []));
    const height = 10 + Math.max(...bars) * (10 + 17 * bars.length);
    return { width: room, height: Math.min(Math.max(height, 50), 800) };
  }
  return { width: room, height: alone ? Math.max(150, Math.min(280, room * 0.5)) : Math.max(130, Math.min(220, room * 0.8)) };
}
