/** How wide words are, and words in lines that fit. */
import { FONT } from './theme';

let pen: CanvasRenderingContext2D | null = null;
const known = new Map<string, number>();
const MOST = 5000; // widths kept: the same words come again and again

export function widthOf(text: string, size: number, weight = 400): number {
  const key = `${weight} ${size} ${text}`;
  let width = known.get(key);
  if (width === undefined) {
    width = measured(text, size, weight);
    if (known.size >= MOST) {
      known.clear();
    }
    known.set(key, width);
  }
  return width;
}

function measured(text: string, size: number, weight: number): number {
  pen ??= document.createElement('canvas').getContext('2d');
  if (!pen) {
    return text.length * size * 0.6;
  }
  pen.font = `${weight} ${size}px ${FONT}`;
  return pen.measureText(text).width;
}

/** `text` in at most `most` lines not wider than `room`; what does not fit ends in an ellipsis. */
export function wrapped(text: string, room: number, size: number, most = 3): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && widthOf(longer, size) <= room) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(word);
    }
  }
  const kept = lines.slice(0, most);
  if (lines.length > most) {
    kept[most - 1] = `${kept[most - 1]} …`;
  }
  return kept.map(line => cut(line, room, size));
}

/** `text` cut to `room`, with an ellipsis where something was cut. */
export function cut(text: string, room: number, size: number): string {
  if (widthOf(text, size) <= room) {
    return text;
  }
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    [low, high] = widthOf(`${text.slice(0, middle)}…`, size) <= room ? [middle, high] : [low, middle - 1];
  }
  return `${text.slice(0, low).trimEnd()}…`;
}
