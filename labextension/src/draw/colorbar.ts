/** The bar that says which colour is which value: label, unit, ticks, and tips where values lie beyond. */
import { shape, unique } from '../dom';
import { titleOf, type Map as CellMap } from '../reading/panel';
import { BAR, colorTicks, LINE, TICK, TITLE } from './layout';
import { wrapped } from './lettering';
import { cssColor, ramp } from './palette';
import { place, type Scale } from './scale';
import type { Scene } from './scene';

const STOPS = 32;

export function colorBar(map: CellMap, scene: Scene): SVGGElement {
  const { margin, box, theme } = scene;
  const node = shape('g', { class: 'jphys-colorbar' });
  const left = margin.left + box.width + BAR.gap;
  const beyond = factsOf(map);
  const tip = 7;
  const [top, bottom] = [margin.top + (beyond.above ? tip : 0), margin.top + box.height - (beyond.below ? tip : 0)];
  const colors = ramp(map.palette, theme);
  const id = unique('ramp');
  const gradient = shape('linearGradient', { id, x1: 0, y1: 1, x2: 0, y2: 0 });
  for (let i = 0; i <= STOPS; i++) {
    gradient.append(shape('stop', { offset: i / STOPS, 'stop-color': cssColor(colors, i / STOPS) }));
  }
  const edge = { stroke: theme.rule, 'stroke-width': 0.7 };
  node.append(gradient, shape('rect', { x: left, y: top, width: BAR.width, height: bottom - top, fill: `url(#${id})`, ...edge }));
  if (beyond.above) {
    node.append(arrow(left, top, -tip, cssColor(colors, 1), edge));
  }
  if (beyond.below) {
    node.append(arrow(left, bottom, tip, cssColor(colors, 0), edge));
  }
  const scale: Scale = { log: map.color.log, from: [map.color.low, map.color.high], to: [bottom, top] };
  numbers(node, map, scale, scene, left + BAR.width);
  return node;
}

function arrow(left: number, y: number, height: number, fill: string, edge: Record<string, string | number>): SVGPathElement {
  return shape('path', { d: `M${left},${y}h${BAR.width}l${-BAR.width / 2},${height}Z`, fill, ...edge });
}

function numbers(node: SVGGElement, map: CellMap, scale: Scale, scene: Scene, left: number): void {
  const { theme, box, margin } = scene;
  const marked = colorTicks(map.color, box.height, factsOf(map).isTwoValued);
  marked.at.forEach((value, i) => {
    const y = place(scale, value);
    const text = shape('text', { x: left + BAR.pad, y, dy: '0.32em', fill: theme.ink, 'font-size': TICK }, marked.text[i]);
    node.append(shape('path', { d: `M${left},${y}h3`, stroke: theme.rule }), text);
  });
  const lines = wrapped(titleOf(map.color), Math.max(110, box.height), TITLE, 2);
  lines.forEach((line, i) => {
    const x = scene.margin.left + box.width + margin.right - LINE * (lines.length - 1 - i) - 4;
    const y = margin.top + box.height / 2;
    const turned = { transform: `rotate(-90,${x},${y})`, 'text-anchor': 'middle', 'font-size': TITLE, fill: theme.ink };
    node.append(shape('text', { x, y, ...turned }, line));
  });
}

const SLACK = 1e-4; // of the range: packed numbers are rounded by less

interface Facts {
  /** a map of nothing but the two ends of its scale, as a mask is */
  isTwoValued: boolean;
  below: boolean;
  above: boolean;
}

const known = new WeakMap<CellMap, Facts>();

/** What the bar has to know of all values; looked up once, because a movie has many. */
function factsOf(map: CellMap): Facts {
  const found = known.get(map) ?? { isTwoValued: true, below: false, above: false };
  if (!known.has(map)) {
    const { low, high, log } = map.color;
    const least = log ? low * (1 - SLACK) : low - SLACK * (high - low);
    const most = log ? high * (1 + SLACK) : high + SLACK * (high - low);
    for (const value of map.values) {
      found.isTwoValued &&= Number.isNaN(value) || value === low || value === high;
      found.below ||= value < least;
      found.above ||= value > most;
    }
    known.set(map, found);
  }
  return found;
}
