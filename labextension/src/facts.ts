/** What a plot says of itself beside the picture: small print for readers, data attributes for programs and tests. */
import type { Drawn } from './draw/dense';
import type { Scene } from './draw/scene';
import { mapOf, titleOf, type Axis, type Mark, type Plot, type Range, type Thinned } from './reading/panel';

export function describe(node: HTMLElement, caption: HTMLElement, scene: Scene, drawn: Drawn, missing: boolean): void {
  const { plot } = scene;
  const map = mapOf(plot);
  const said = [
    scene.bears.note ? standing(plot) : '',
    missing ? 'Hatched: not measured.' : '',
    drawn.drawn < drawn.inView ? `${count(drawn.inView)} points in view, thinned to ${count(drawn.drawn)} squares: the stronger, the more points lie there.` : ''
  ];
  caption.textContent = said.filter(Boolean).join(' ');
  axisData(node, 'x', plot.x, scene.view.x);
  axisData(node, 'y', plot.y, scene.view.y);
  if (map) {
    axisData(node, 'color', map.color, [map.color.low, map.color.high]);
    node.dataset['palette'] = map.palette;
  }
  node.dataset['theme'] = scene.theme.name;
}

/** What can be said before anything is drawn: the note, and what was left out. */
export function standing(plot: Plot): string {
  return [plot.note, ...new Set(plot.marks.map(shrunk))].filter(Boolean).join(' ');
}

function axisData(node: HTMLElement, name: 'x' | 'y' | 'color', axis: Axis, view: Range): void {
  node.dataset[`${name}Title`] = titleOf(axis);
  node.dataset[`${name}Low`] = String(view[0]);
  node.dataset[`${name}High`] = String(view[1]);
  node.dataset[`${name}Scale`] = axis.log ? 'log' : 'linear';
}

/** What of a mark was left out so that the reading fits into a notebook. */
function shrunk(mark: Mark): string {
  if (!mark.thinned) {
    return '';
  }
  const { before, after } = mark.thinned;
  const ways: Record<Mark['type'], string> = {
    line: 'points, extremes kept', points: 'points, extremes kept', band: 'points, extremes kept', bars: 'bars, the first',
    heat: 'cells, averaged over blocks', movie: 'frames × cells, averaged over blocks'
  };
  return `Thinned to fit the notebook: ${sizes(after)} of ${sizes(before)} ${ways[mark.type]}.`;
}

export function sizes(lengths: number[]): string {
  return lengths.map(count).join(' × ');
}

/** 1 000 000 with thin spaces. */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

export function thinnedRows(thinned: Thinned): string {
  return thinned ? `The first ${sizes(thinned.after.slice(0, 1))} of ${sizes(thinned.before.slice(0, 1))} rows.` : '';
}
