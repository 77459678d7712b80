/** A plot as SVG: axes with units, grid, marks. Maps and points in great number lie on a canvas below it. */
import * as Plot from '@observablehq/plot';
import { shape } from '../dom';
import { isMap, mapOf, type Map as CellMap } from '../reading/panel';
import { colorBar } from './colorbar';
import { barNumbers, isSlanted, LINE, TICK, TITLE, xTicks, xTitle, yTicks, yTitle, yWords } from './layout';
import { cut } from './lettering';
import { barPlaces, marksOf, orderAmong } from './marks';
import { NOT_MEASURED, number } from './number';
import { COLORS, partOf, ramp } from './palette';
import { centre, place } from './scale';
import { growsDown, hasBars, shown, xScale, yScale, type Scene } from './scene';
import { FONT } from './theme';
import type { Ticks } from './ticks';

const NUMBERED_CELLS = 64;

export function drawFrame(scene: Scene): SVGSVGElement {
  const { plot, theme, margin, box, view } = scene;
  const [across, up] = [xTicks(scene), yTicks(scene)];
  const size = { width: margin.left + box.width + margin.right, height: margin.top + box.height + margin.bottom };
  const flip = (range: readonly [number, number], turned: boolean) => (turned ? [range[1], range[0]] : [...range]);
  const node = Plot.plot({
    ...size,
    marginTop: margin.top, marginRight: margin.right, marginBottom: margin.bottom, marginLeft: margin.left,
    x: { type: plot.x.log ? 'log' : 'linear', domain: flip(view.x, plot.x.downward), axis: null },
    y: { type: plot.y.log ? 'log' : 'linear', domain: flip(view.y, growsDown(plot)), axis: null },
    style: { background: 'none', overflow: 'visible', fontFamily: FONT, fontSize: `${TICK}px`, color: theme.ink },
    marks: [...grid(scene, across, up), ...marksOf(scene), ...axes(scene, across, up)]
  }) as SVGSVGElement;
  node.removeAttribute('class'); // Plot's own style sheet is for its own class
  node.querySelector('style')?.remove();
  node.setAttribute('font-family', FONT);
  node.setAttribute('font-size', String(TICK));
  const around = shape('g', { 'text-anchor': 'start' });
  around.append(...trim(scene, across, up));
  node.append(around);
  return node;
}

function grid(scene: Scene, across: Ticks, up: Ticks): Plot.Markish[] {
  if (mapOf(scene.plot)) {
    return [];
  }
  const look = { stroke: scene.theme.grid, strokeOpacity: 1 };
  const vertical = Plot.gridX(across.at, look);
  return hasBars(scene.plot) ? [vertical] : [vertical, Plot.gridY(up.at, look)];
}

function axes(scene: Scene, across: Ticks, up: Ticks): Plot.Markish[] {
  const { theme, plot } = scene;
  const look = { fill: theme.ink, stroke: theme.rule, label: null, fontSize: TICK } as const;
  const slanted = plot.x.categories.length > 0 && isSlanted(scene);
  const [names, levels] = [across.text.map(one => cut(one, slanted ? 140 : 400, TICK)), yWords(scene)];
  const bars = hasBars(plot);
  return [
    Plot.axisX(across.at, { ...look, tickSize: 4, text: names, ...(slanted && { tickRotate: -35, textAnchor: 'end' }) }),
    ...(scene.bears.y ? [Plot.axisY(up.at, { ...look, tickSize: bars ? 0 : 4, text: levels })] : []),
    ...(bars && !plot.x.log ? [Plot.ruleX([0], { stroke: theme.rule, strokeWidth: 1.2, clip: 'frame' })] : [])
  ];
}

/** What Plot has no words for: axis lines, small ticks, titles in lines, the colour bar, numbers beside bars. */
function trim(scene: Scene, across: Ticks, up: Ticks): SVGElement[] {
  const map = mapOf(scene.plot);
  return [
    outline(scene, map !== undefined),
    smallTicks(scene, across, up),
    ...titles(scene),
    ...(map && scene.bears.bar ? [colorBar(map, scene)] : []),
    ...(map ? cellNumbers(map, scene) : []),
    ...besideBars(scene),
    ...(isEmpty(scene) ? [saying(scene, NOT_MEASURED)] : [])
  ];
}

function outline({ margin, box, theme, plot }: Scene, isClosed: boolean): SVGPathElement {
  const { left, top } = margin;
  const { width, height } = box;
  const closed = `M${left},${top}h${width}v${height}h${-width}Z`;
  const open = hasBars(plot) ? `M${left},${top + height}h${width}` : `M${left},${top}v${height}h${width}`;
  return shape('path', { d: isClosed ? closed : open, fill: 'none', stroke: theme.rule, 'stroke-width': 0.9 });
}

function smallTicks(scene: Scene, across: Ticks, up: Ticks): SVGPathElement {
  const { margin, box, theme, bears } = scene;
  const [xs, ys] = [xScale(scene), yScale(scene)];
  const below = across.minor.map(value => `M${place(xs, value)},${margin.top + box.height}v2.5`);
  const beside = bears.y ? up.minor.map(value => `M${margin.left},${place(ys, value)}h-2.5`) : [];
  return shape('path', { d: [...below, ...beside].join('') || 'M0,0', stroke: theme.rule, 'stroke-width': 0.8 });
}

function titles(scene: Scene): SVGTextElement[] {
  const { margin, box, theme, bears } = scene;
  const look = { fill: theme.ink, 'font-size': TITLE, 'text-anchor': 'middle' };
  const below = xTitle(scene);
  const x = margin.left + box.width / 2;
  const foot = margin.top + box.height + margin.bottom - 5;
  const under = below.map((line, i) => shape('text', { x, y: foot - LINE * (below.length - 1 - i), ...look }, line));
  const y = margin.top + box.height / 2;
  const side = (bears.y ? yTitle(scene) : []).map((line, i) => {
    const at = 11 + LINE * i;
    return shape('text', { x: at, y, transform: `rotate(-90,${at},${y})`, ...look }, line);
  });
  return [...under, ...side];
}

/** Maps of few named cells are tables as well. */
function cellNumbers(map: CellMap, scene: Scene): SVGTextElement[] {
  const { plot, theme } = scene;
  if (!plot.x.categories.length || !plot.y.categories.length || map.values.length > NUMBERED_CELLS) {
    return [];
  }
  const colors = ramp(map.palette, theme);
  const [xs, ys] = [xScale(scene), yScale(scene)];
  const isInside = (value: number, [low, high]: readonly [number, number]) => value >= low && value <= high;
  return Array.from(map.values).flatMap((value, i) => {
    const x = centre(map.x, map.columns, false, i % map.columns);
    const y = centre(map.y, map.rows, false, Math.floor(i / map.columns));
    if (Number.isNaN(value) || !isInside(x, scene.view.x) || !isInside(y, scene.view.y)) {
      return [];
    }
    const at = { x: place(xs, x), y: place(ys, y), dy: '0.35em', 'text-anchor': 'middle', 'font-size': TICK };
    return [shape('text', { ...at, fill: inkOn(colors, partOf(value, map.color)) }, number(value, null, 3))];
  });
}

function inkOn(colors: Uint8Array, part: number): string {
  const at = 4 * Math.min(COLORS - 1, Math.floor(part * COLORS));
  const light = 0.3 * colors[at]! + 0.59 * colors[at + 1]! + 0.11 * colors[at + 2]!;
  return light > 127 ? '#000000' : '#ffffff';
}

function besideBars(scene: Scene): SVGTextElement[] {
  if (barNumbers(scene.plot).length === 0) {
    return [];
  }
  const { margin, box, theme, view } = scene;
  const ys = yScale(scene);
  return shown(scene).flatMap(mark => {
    if (mark.type !== 'bars') {
      return [];
    }
    const { at } = barPlaces(scene, orderAmong(scene, mark));
    return Array.from(mark.value).flatMap((value, i) => {
      const isInside = at(i) >= view.y[0] && at(i) <= view.y[1];
      const ink = Number.isNaN(value) ? theme.faint : theme.ink;
      const where = { x: margin.left + box.width + 8, y: place(ys, at(i)), dy: '0.32em', fill: ink, 'font-size': TICK };
      return isInside ? [shape('text', where, number(value, mark.error?.[i] ?? null))] : [];
    });
  });
}

function saying({ margin, box, theme }: Scene, words: string): SVGTextElement {
  const at = { x: margin.left + box.width / 2, y: margin.top + box.height / 2, 'text-anchor': 'middle' };
  return shape('text', { ...at, fill: theme.faint, 'font-size': TITLE }, words);
}

function isEmpty({ plot }: Scene): boolean {
  return !plot.marks.some(mark => {
    switch (mark.type) {
      case 'line':
      case 'points':
        return mark.x.some((x, i) => Number.isFinite(x + mark.y[i]!));
      case 'bars':
        return mark.value.some(Number.isFinite);
      case 'band':
        return false;
      default:
        return isMap(mark) && mark.values.some(value => !Number.isNaN(value));
    }
  });
}
