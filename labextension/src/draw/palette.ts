/** Colour maps: 256 colours each, those that matplotlib takes on paper. */
import { interpolateViridis } from 'd3-scale-chromatic';
import type { Axis, Palette } from '../reading/panel';
import { channels, type Theme } from './theme';

export const COLORS = 256;
const known = new Map<string, Uint8Array>();

/** Red, green, blue and opacity of the 256 colours, one after the other. */
export function ramp(palette: Palette, theme: Theme): Uint8Array {
  const key = `${palette} ${theme.name}`;
  let found = known.get(key);
  if (!found) {
    found = made(palette, theme);
    known.set(key, found);
  }
  return found;
}

function made(palette: Palette, theme: Theme): Uint8Array {
  const colors = new Uint8Array(4 * COLORS);
  for (let i = 0; i < COLORS; i++) {
    colors.set([...colorAt(palette, theme, i / (COLORS - 1)), 255], 4 * i);
  }
  return colors;
}

function colorAt(palette: Palette, theme: Theme, part: number): [number, number, number] {
  if (palette === 'grey') {
    const level = Math.round(255 * part);
    return [level, level, level];
  }
  return palette === 'sequential' ? channels(interpolateViridis(part)) : between(theme.diverging, part);
}

function between(stops: readonly string[], part: number): [number, number, number] {
  const place = part * (stops.length - 1);
  const index = Math.min(Math.floor(place), stops.length - 2);
  const [from, to] = [channels(stops[index]!), channels(stops[index + 1]!)];
  return from.map((level, i) => Math.round(level + (place - index) * (to[i]! - level))) as [number, number, number];
}

/** Where a value lies on a colour axis, 0 to 1; values beyond take the colour of their end. */
export function partOf(value: number, { low, high, log }: Axis): number {
  const part = log ? Math.log(value > 0 ? value / low : 0) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(1, Math.max(0, part));
}

/** The colour at `part` of a map, for CSS. */
export function cssColor(colors: Uint8Array, part: number): string {
  const at = 4 * Math.min(COLORS - 1, Math.floor(part * COLORS));
  return `rgb(${colors[at]},${colors[at + 1]},${colors[at + 2]})`;
}
