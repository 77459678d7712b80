/** The keyboard: arrows move a cursor over the data, + and - zoom, 0 shows all, Escape leaves. */
import { isMap, type Map as CellMap, type Mark } from '../reading/panel';
import { moved } from '../draw/scale';
import { shown, type Scene } from '../draw/scene';
import { hitOf, type Hit } from './hit';
import { isDownward, zoomAt, type Handled } from './pointer';

export const HELP =
  'Arrow keys move over the data and read it. Plus and minus zoom, shift with arrows moves the view, zero shows all, Escape leaves.';

export interface Read extends Handled {
  /** shows and says what the cursor is at */
  read(hit: Hit | null): void;
  play?(): void;
  /** keeps what the cursor is at */
  choose?(): void;
}

type Step = readonly [across: number, up: number];
const STEPS: Record<string, Step> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const LEAP = 10;

export class Keys {
  private mark: Mark | null = null;
  private index = 0;
  private readonly stop = new AbortController();

  constructor(
    private readonly stage: HTMLElement,
    private readonly plot: Read
  ) {
    const { signal } = this.stop;
    stage.addEventListener('keydown', event => this.press(event), { signal });
    stage.addEventListener('blur', () => plot.read(null), { signal });
  }

  dispose(): void {
    this.stop.abort();
  }

  private press(event: KeyboardEvent): void {
    const scene = this.plot.scene();
    if (!scene || event.ctrlKey || event.metaKey || event.altKey || event.target !== this.stage) {
      return;
    }
    if (this.act(event, scene)) {
      event.preventDefault();
      event.stopPropagation(); // the notebook has plans for these keys too
    }
  }

  private act(event: KeyboardEvent, scene: Scene): boolean {
    const step = STEPS[event.key];
    if (step && event.shiftKey) {
      this.pan(scene, step);
    } else if (step) {
      this.step(scene, step);
    } else if (event.key === 'PageDown' || event.key === 'PageUp') {
      this.step(scene, [event.key === 'PageDown' ? LEAP : -LEAP, 0]);
    } else if (event.key === 'Home' || event.key === 'End') {
      this.jump(scene, event.key === 'End');
    } else {
      return this.other(event.key, scene);
    }
    return true;
  }

  private other(key: string, scene: Scene): boolean {
    switch (key) {
      case '+':
      case '=':
        this.zoom(scene, 0.7);
        return true;
      case '-':
      case '_':
        this.zoom(scene, 1 / 0.7);
        return true;
      case '0':
        this.plot.reset();
        return true;
      case ' ':
        this.plot.play?.();
        return this.plot.play !== undefined;
      case 'Enter':
        this.plot.choose?.();
        return this.plot.choose !== undefined;
      case 'Escape':
        this.leave();
        return true;
      default:
        return false;
    }
  }

  /** Back to what holds the plot: in a notebook that is the cell, whose keys work again. */
  private leave(): void {
    this.mark = null;
    this.plot.read(null);
    const around = this.stage.parentElement?.closest<HTMLElement>('[tabindex]');
    around ? around.focus({ preventScroll: true }) : this.stage.blur();
  }

  private zoom(scene: Scene, factor: number): void {
    const { margin, box } = scene;
    const hit = this.mark && hitOf(scene, this.mark, this.index);
    const isIn = hit && hit.px >= margin.left && hit.px <= margin.left + box.width && hit.py >= margin.top && hit.py <= margin.top + box.height;
    const [x, y] = isIn ? [hit.px, hit.py] : [margin.left + box.width / 2, margin.top + box.height / 2];
    zoomAt(this.plot, scene, x, y, factor);
    this.show();
  }

  private pan({ view, plot }: Scene, [across, up]: Step): void {
    const scene = this.plot.scene()!;
    const [right, top] = [plot.x.downward ? -1 : 1, isDownward(scene) ? -1 : 1];
    this.plot.look(moved(view.x, plot.x.log, 0.2 * across * right), moved(view.y, plot.y.log, 0.2 * up * top));
    this.show();
  }

  private step(scene: Scene, [across, up]: Step): void {
    const marks = readable(scene);
    this.mark &&= successor(this.mark, marks);
    if (!this.mark) {
      this.mark = marks[0] ?? null;
      this.index = this.mark ? first(scene, this.mark) : 0;
    } else if (isMap(this.mark)) {
      this.index = cellBeside(scene, this.mark, this.index, across, up);
    } else {
      // bars lie one below the other, points one beside the other
      const [along, over] = this.mark.type === 'bars' ? [-up || (Math.abs(across) > 1 ? across : 0), Math.sign(across)] : [across, -up];
      along ? this.along(scene, along) : this.over(marks, over);
    }
    this.show();
  }

  private along(scene: Scene, step: number): void {
    const count = lengthOf(this.mark!);
    let index = Math.min(count - 1, Math.max(0, this.index + step));
    while (index >= 0 && index < count && !hitOf(scene, this.mark!, index)) {
      index += Math.sign(step); // over what was not measured
    }
    this.index = index >= 0 && index < count ? index : this.index;
  }

  /** To the next series, at the same place. */
  private over(marks: Mark[], step: number): void {
    const next = marks[(marks.indexOf(this.mark!) + step + marks.length) % marks.length]!;
    this.index = next.type === this.mark!.type ? Math.min(this.index, lengthOf(next) - 1) : 0;
    this.mark = next;
  }

  private jump(scene: Scene, toEnd: boolean): void {
    this.mark ??= readable(scene)[0] ?? null;
    if (this.mark) {
      this.index = toEnd ? lengthOf(this.mark) - 1 : 0;
      this.show();
    }
  }

  private show(): void {
    const scene = this.plot.scene();
    const hit = scene && this.mark && hitOf(scene, this.mark, this.index);
    if (!scene || !hit) {
      return;
    }
    const seen = followed(scene, hit);
    if (seen) {
      this.plot.look(...seen);
    }
    this.plot.read(hitOf(this.plot.scene()!, this.mark!, this.index));
  }
}

/** The view moved so that the cursor is in it; null where it is already. */
function followed({ view, plot }: Scene, { x, y }: Hit): [Scene['view']['x'], Scene['view']['y']] | null {
  const toward = ([low, high]: Scene['view']['x'], log: boolean, value: number): Scene['view']['x'] => {
    if (value >= low && value <= high) {
      return [low, high];
    }
    const part = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    return moved([low, high], log, part - 0.5);
  };
  const next = [toward(view.x, plot.x.log, x), toward(view.y, plot.y.log, y)] as const;
  return next[0][0] === view.x[0] && next[1][0] === view.y[0] ? null : [next[0], next[1]];
}

function readable(scene: Scene): Mark[] {
  return shown(scene).filter(mark => mark.type !== 'band' && lengthOf(mark) > 0);
}

/** The mark that stands for another one since other numbers came: of the same kind and name, and as long. */
function successor(mark: Mark, marks: Mark[]): Mark | null {
  const isLike = (one: Mark) => one.type === mark.type && one.label === mark.label && lengthOf(one) === lengthOf(mark);
  return marks.includes(mark) ? mark : (marks.find(isLike) ?? null);
}

function lengthOf(mark: Mark): number {
  switch (mark.type) {
    case 'bars':
      return mark.value.length;
    case 'heat':
    case 'movie':
      return mark.rows * mark.columns;
    default:
      return mark.x.length;
  }
}

function first(scene: Scene, mark: Mark): number {
  if (isMap(mark)) {
    return Math.floor(mark.rows / 2) * mark.columns + Math.floor(mark.columns / 2);
  }
  const found = Array.from({ length: lengthOf(mark) }, (_, i) => i).find(i => hitOf(scene, mark, i));
  return found ?? 0;
}

/** The cell that many cells to the right of and above another on the screen. */
function cellBeside(scene: Scene, map: CellMap, index: number, across: number, up: number): number {
  const right = (map.x[1] >= map.x[0] ? 1 : -1) * (scene.plot.x.downward ? -1 : 1);
  const top = (map.y[1] >= map.y[0] ? 1 : -1) * (isDownward(scene) ? -1 : 1);
  const column = Math.min(map.columns - 1, Math.max(0, (index % map.columns) + across * right));
  const row = Math.min(map.rows - 1, Math.max(0, Math.floor(index / map.columns) + up * top));
  return row * map.columns + column;
}
