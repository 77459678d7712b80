/** Names of the series, as buttons that switch them off and on. */
import { element, shape } from '../dom';
import type { Mark } from '../reading/panel';
import { dashOf, orderAmong, quietOf } from '../draw/marks';
import { keyOf, type Scene } from '../draw/scene';
import { colorOf } from '../draw/theme';

export interface Entry {
  key: string;
  label: string;
  /** what its sign is drawn like; a line says more than the band around it */
  mark: Mark;
}

/** One entry a label, in the order of the marks. */
export function entries(scene: Scene): Entry[] {
  const found = new Map<string, Entry>();
  for (const mark of scene.plot.marks) {
    const known = found.get(mark.label);
    if (mark.label && mark.type !== 'heat' && mark.type !== 'movie' && !(known && mark.type === 'band')) {
      found.set(mark.label, { key: keyOf(mark), label: mark.label, mark });
    }
  }
  return [...found.values()];
}

/** Fills `host` with the buttons; `toggle` is told which series is meant. */
export function fillLegend(host: HTMLElement, scene: Scene, toggle: (key: string) => void): void {
  host.replaceChildren(
    ...entries(scene).map(entry => {
      const node = element('button', 'jphys-entry');
      const isOn = !scene.hidden.has(entry.key);
      node.type = 'button';
      node.append(sign(entry, scene), element('span', '', entry.label));
      node.setAttribute('aria-pressed', String(isOn));
      node.title = isOn ? 'Hide this series' : 'Show this series';
      node.dataset['series'] = entry.label;
      node.dataset['color'] = colorIn(entry, scene);
      node.addEventListener('click', () => toggle(entry.key));
      return node;
    })
  );
}

function colorIn({ mark }: Entry, scene: Scene): string {
  return mark.type === 'band' && mark.quiet ? quietOf(scene, orderAmong(scene, mark))[0] : colorOf(scene.theme, mark.series);
}

/** The mark in small: 22 by 12 CSS pixels. */
export function sign(entry: Entry, scene: Scene): SVGSVGElement {
  const node = shape('svg', { width: 22, height: 12, 'aria-hidden': 'true' });
  const { mark } = entry;
  const color = colorIn(entry, scene);
  if (mark.type === 'line') {
    const dash = mark.dashed ? { 'stroke-dasharray': dashOf(orderAmong(scene, mark)) } : {};
    node.append(shape('path', { d: 'M1,6h20', stroke: color, 'stroke-width': mark.dashed ? 1.4 : 2, ...dash }));
  } else if (mark.type === 'points') {
    const bars = mark.yError ? [shape('path', { d: 'M11,0v12', stroke: color, 'stroke-width': 1.4 })] : [];
    node.append(...bars, shape('circle', { cx: 11, cy: 6, r: 3.6, fill: color }));
  } else {
    const opacity = mark.type !== 'band' ? 1 : mark.quiet ? quietOf(scene, orderAmong(scene, mark))[1] * 1.6 : 0.35;
    node.append(shape('rect', { x: 1, y: 1, width: 20, height: 10, fill: color, 'fill-opacity': opacity }));
  }
  return node;
}
