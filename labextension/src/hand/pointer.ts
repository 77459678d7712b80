/** Pointer and wheel: hover reads, dragging a box zooms, shift and drag moves, ctrl or ⌘ and wheel zooms. */
import type { Range } from '../reading/panel';
import { aspect } from '../draw/layout';
import { moved, valueAt, zoomed } from '../draw/scale';
import { xScale, yScale, type Scene } from '../draw/scene';

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What a plot does when hands ask for it. */
export interface Handled {
  scene(): Scene | null;
  hover(px: number, py: number): void;
  leave(): void;
  look(x: Range, y: Range): void;
  reset(): void;
  drag(box: Rect | null): void;
  click(px: number, py: number): void;
}

const CLICK = 6; // CSS pixels: a shorter drag is a click
const SLIM = 14; // a box so slim chooses a range of the other axis alone

export class Pointer {
  private start: { x: number; y: number; moves: boolean; view: Scene['view'] } | null = null;
  private waiting = 0;
  private readonly stop = new AbortController();

  constructor(
    private readonly stage: HTMLElement,
    private readonly plot: Handled
  ) {
    const on = <Name extends keyof HTMLElementEventMap>(name: Name, act: (event: HTMLElementEventMap[Name]) => void, passive = true) =>
      stage.addEventListener(name, act, { signal: this.stop.signal, passive });
    on('pointerdown', event => this.down(event));
    on('pointermove', event => this.move(event));
    on('pointerup', event => this.up(event));
    on('pointercancel', () => this.end());
    on('pointerleave', () => this.start || this.quit());
    on('dblclick', () => plot.reset());
    on('click', event => this.tap(event as PointerEvent));
    on('wheel', event => this.wheel(event), false);
  }

  dispose(): void {
    cancelAnimationFrame(this.waiting);
    this.stop.abort();
  }

  private at(event: MouseEvent): { x: number; y: number } {
    const { left, top } = this.stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  private down(event: PointerEvent): void {
    const scene = this.plot.scene();
    const { x, y } = this.at(event);
    // fingers scroll the page; they read and choose by tapping
    if (!scene || event.pointerType === 'touch' || event.button > 1 || !isInside(scene, x, y)) {
      return;
    }
    this.start = { x, y, moves: event.shiftKey || event.button === 1, view: scene.view };
    this.stage.setPointerCapture(event.pointerId);
    this.stage.classList.toggle('jphys-moving', this.start.moves);
  }

  private move(event: PointerEvent): void {
    const { x, y } = this.at(event);
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.moved(x, y));
  }

  private moved(x: number, y: number): void {
    const scene = this.plot.scene();
    if (!scene) {
      return;
    }
    if (!this.start) {
      isInside(scene, x, y) ? this.plot.hover(x, y) : this.plot.leave();
    } else if (this.start.moves) {
      this.shift(scene, x, y);
    } else {
      this.plot.leave();
      this.plot.drag(boxOf(scene, this.start, { x, y }));
    }
  }

  private shift({ box, plot }: Scene, x: number, y: number): void {
    const { start } = this;
    const across = ((start!.x - x) / box.width) * (plot.x.downward ? -1 : 1);
    const down = ((y - start!.y) / box.height) * (isDownward(this.plot.scene()!) ? -1 : 1);
    this.plot.look(moved(start!.view.x, plot.x.log, across), moved(start!.view.y, plot.y.log, down));
  }

  private up(event: PointerEvent): void {
    const scene = this.plot.scene();
    if (this.start && !this.start.moves && scene) {
      const box = boxOf(scene, this.start, this.at(event));
      if (box && Math.max(box.width, box.height) > CLICK) {
        this.plot.look(rangeOf(xScale(scene), box.x, box.width), rangeOf(yScale(scene), box.y, box.height));
      } else {
        this.plot.click(this.start.x, this.start.y);
      }
    }
    this.end();
  }

  /** A finger that stayed in its place; mice are heard when they go up. */
  private tap(event: PointerEvent): void {
    const scene = this.plot.scene();
    const { x, y } = this.at(event);
    if (event.pointerType === 'touch' && scene && isInside(scene, x, y)) {
      cancelAnimationFrame(this.waiting);
      this.plot.hover(x, y);
      this.plot.click(x, y);
    }
  }

  private end(): void {
    this.start = null;
    this.stage.classList.remove('jphys-moving');
    this.plot.drag(null);
  }

  private quit(): void {
    cancelAnimationFrame(this.waiting);
    this.plot.leave();
  }

  private wheel(event: WheelEvent): void {
    const scene = this.plot.scene();
    const { x, y } = this.at(event);
    if (!scene || !(event.ctrlKey || event.metaKey) || !isInside(scene, x, y)) {
      return; // the page scrolls
    }
    event.preventDefault();
    event.stopPropagation();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    zoomAt(this.plot, scene, x, y, Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * lines * 0.003))));
  }
}

/** Zooms both axes around a place in the plot, which stays where it is. */
export function zoomAt(plot: Handled, scene: Scene, x: number, y: number, factor: number): void {
  const { view } = scene;
  const [fixedX, fixedY] = [valueAt(xScale(scene), x), valueAt(yScale(scene), y)];
  plot.look(zoomed(view.x, scene.plot.x.log, fixedX, factor), zoomed(view.y, scene.plot.y.log, fixedY, factor));
}

export function isDownward(scene: Scene): boolean {
  const { from } = yScale(scene);
  return from[0] > from[1];
}

function isInside({ margin, box }: Scene, x: number, y: number): boolean {
  return x >= margin.left && x <= margin.left + box.width && y >= margin.top && y <= margin.top + box.height;
}

function rangeOf(scale: ReturnType<typeof xScale>, from: number, length: number): Range {
  const both = [valueAt(scale, from), valueAt(scale, from + length)];
  return [Math.min(...both), Math.max(...both)];
}

interface Corner {
  x: number;
  y: number;
}

/** The box between two corners, inside the frame; a slim one takes all of the other axis. */
function boxOf(scene: Scene, from: Corner, to: Corner): Rect {
  const { margin, box } = scene;
  const clip = (value: number, low: number, size: number) => Math.min(low + size, Math.max(low, value));
  const [x0, y0] = [clip(from.x, margin.left, box.width), clip(from.y, margin.top, box.height)];
  const [x1, y1] = [clip(to.x, margin.left, box.width), clip(to.y, margin.top, box.height)];
  const rect = { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0) };
  if (aspect(scene.plot) !== null) {
    return proportioned(rect, scene, x1 < x0, y1 < y0);
  }
  if (rect.height < SLIM && rect.width > 2 * rect.height) {
    return { ...rect, y: margin.top, height: box.height };
  }
  return rect.width < SLIM && rect.height > 2 * rect.width ? { ...rect, x: margin.left, width: box.width } : rect;
}

/** Images keep their proportions: the box becomes as the frame, as large as it can. */
function proportioned(rect: Rect, { margin, box }: Scene, isLeft: boolean, isUp: boolean): Rect {
  const part = Math.max(rect.width / box.width, rect.height / box.height);
  const size = { width: part * box.width, height: part * box.height };
  const x = isLeft ? rect.x + rect.width - size.width : rect.x;
  const y = isUp ? rect.y + rect.height - size.height : rect.y;
  return {
    x: Math.min(Math.max(x, margin.left), margin.left + box.width - size.width),
    y: Math.min(Math.max(y, margin.top), margin.top + box.height - size.height),
    ...size
  };
}
