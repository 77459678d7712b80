/** What lies under the pointer or the cursor, and what is said of it. */
import { frameOf, isMap, type Axis, type Map as CellMap, type Mark } from '../reading/panel';
import { barPlaces, orderAmong } from '../draw/marks';
import { NOT_MEASURED, number } from '../draw/number';
import { cellAt, centre, place, valueAt } from '../draw/scale';
import { shown, xScale, yScale, type Scene } from '../draw/scene';

export interface Hit {
  mark: Mark;
  index: number;
  /** the values it stands for */
  x: number;
  y: number;
  /** its place in the plot, CSS pixels */
  px: number;
  py: number;
  name: string;
  /** quantity and value, in words */
  says: [string, string][];
}

const REACH = 36; // CSS pixels from the pointer to a point

/** A value with its error and unit, or the name of its category. */
export function said(axis: Axis, value: number, error: number | null = null): string {
  const name = axis.categories[Math.round(value)];
  const text = name ?? number(value, error);
  return axis.unit && name === undefined && text !== NOT_MEASURED ? `${text} ${axis.unit}` : text;
}

/** Point `index` of a mark; null when nothing was measured there. A cell of a map may be missing and be named. */
export function hitOf(scene: Scene, mark: Mark, index: number): Hit | null {
  switch (mark.type) {
    case 'line':
      return point(scene, mark, index, mark.x[index], mark.y[index], null, null);
    case 'points': {
      const hit = point(scene, mark, index, mark.x[index], mark.y[index], mark.xError, mark.yError);
      return hit && { ...hit, name: [mark.names?.[index], mark.label].filter(Boolean).join(', ') };
    }
    case 'bars': {
      const value = mark.value[index]!;
      const hit = point(scene, mark, index, value, barPlaces(scene, orderAmong(scene, mark)).at(index), mark.error, null);
      return hit && { ...hit, name: scene.plot.y.categories[index] ?? '', says: hit.says.slice(0, 1) };
    }
    case 'heat':
    case 'movie':
      return cell(scene, mark, index);
    default:
      return null;
  }
}

type Errors = ArrayLike<number> | null;

function point(
  scene: Scene, mark: Mark, index: number, x = NaN, y = NaN, xError: Errors, yError: Errors
): Hit | null {
  const [px, py] = [place(xScale(scene), x), place(yScale(scene), y)];
  const { plot } = scene;
  const says: Hit['says'] = [
    [plot.x.label, said(plot.x, x, xError?.[index] ?? null)],
    [plot.y.label, said(plot.y, y, yError?.[index] ?? null)]
  ];
  return Number.isFinite(px + py) ? { mark, index, x, y, px, py, name: mark.label, says } : null;
}

function cell(scene: Scene, map: CellMap, index: number): Hit | null {
  const { plot } = scene;
  const x = centre(map.x, map.columns, plot.x.log, index % map.columns);
  const y = centre(map.y, map.rows, plot.y.log, Math.floor(index / map.columns));
  const value = frameOf(map, scene.frame)[index]!;
  const [px, py] = [place(xScale(scene), x), place(yScale(scene), y)];
  const says: Hit['says'] = [[plot.x.label, said(plot.x, x)], [plot.y.label, said(plot.y, y)], [map.color.label || map.label, said(map.color, value)]];
  if (map.type === 'movie') {
    says.push([map.clock.label, said(map.clock, map.time[scene.frame] ?? NaN)]);
  }
  return Number.isFinite(px + py) ? { mark: map, index, x, y, px, py, name: '', says } : null;
}

/** What is nearest to a place in the plot. */
export function hitAt(scene: Scene, px: number, py: number): Hit | null {
  const marks = shown(scene);
  return nearest(scene, marks, px, py) ?? barAt(scene, marks, py) ?? cellHit(scene, marks, px, py);
}

function nearest(scene: Scene, marks: Mark[], px: number, py: number): Hit | null {
  const [across, up] = [xScale(scene), yScale(scene)];
  let best: { mark: Mark; index: number; far: number } | null = null;
  for (const mark of marks) {
    if (mark.type !== 'line' && mark.type !== 'points') {
      continue;
    }
    // marks drawn later, and points rather than lines, win where two lie at one place
    const bonus = mark.type === 'points' ? 0.5 : 0;
    for (let i = 0; i < mark.x.length; i++) {
      const dx = place(across, mark.x[i]!) - px;
      if (Math.abs(dx) <= REACH) {
        const far = Math.hypot(dx, place(up, mark.y[i]!) - py) - bonus;
        if (far <= (best?.far ?? REACH) && isInside(scene, mark.x[i]!, mark.y[i]!)) {
          best = { mark, index: i, far };
        }
      }
    }
  }
  return best && hitOf(scene, best.mark, best.index);
}

function isInside({ view }: Scene, x: number, y: number): boolean {
  return x >= view.x[0] && x <= view.x[1] && y >= view.y[0] && y <= view.y[1];
}

function barAt(scene: Scene, marks: Mark[], py: number): Hit | null {
  const y = valueAt(yScale(scene), py);
  const bars = marks.filter(mark => mark.type === 'bars');
  const index = Math.round(y);
  const far = (mark: Mark) => Math.abs(barPlaces(scene, orderAmong(scene, mark)).at(index) - y);
  const [closest] = bars.filter(mark => index >= 0 && index < mark.value.length).sort((a, b) => far(a) - far(b));
  return closest ? hitOf(scene, closest, index) : null;
}

function cellHit(scene: Scene, marks: Mark[], px: number, py: number): Hit | null {
  const map = marks.find(isMap);
  if (!map) {
    return null;
  }
  const column = cellAt(map.x, map.columns, scene.plot.x.log, valueAt(xScale(scene), px));
  const row = cellAt(map.y, map.rows, scene.plot.y.log, valueAt(yScale(scene), py));
  return row < 0 || column < 0 ? null : cell(scene, map, row * map.columns + column);
}

/** One sentence of a hit, for who listens. */
export function sentence({ name, says }: Hit): string {
  return [...(name ? [name] : []), ...says.map(([quantity, value]) => `${quantity} ${value}`)].join(', ');
}

