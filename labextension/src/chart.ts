/** One plot on the page: its scene, its nodes, and what hands can do with it. */
import equal from 'fast-deep-equal/es6';
import { button, element, unique } from './dom';
import { drawFrame } from './draw/frame';
import { HeatCache } from './draw/heat';
import { paintLayer } from './draw/layer';
import { marginOf } from './draw/layout';
import type { Scene } from './draw/scene';
import type { Theme } from './draw/theme';
import { describe } from './facts';
import { hitAt, sentence, type Hit } from './hand/hit';
import { HELP, Keys, type Read } from './hand/keys';
import { fillLegend } from './hand/legend';
import { quantity, type Link, type Member, type Place } from './hand/link';
import { Player } from './hand/player';
import { Pointer, type Rect } from './hand/pointer';
import { Overlay, Tip } from './hand/tip';
import { savers } from './keep/savers';
import { mapOf, movieOf, type Axis, type Plot, type Range } from './reading/panel';
import type { Repaint } from './repaint';

/** The room that a row gives to one of its plots. */
export interface Room {
  box: Scene['box'];
  bears: Scene['bears'];
}

export interface Surroundings {
  link: Link;
  repaint: Repaint;
  theme(): Theme;
  /** told what a chart reads, and what of it was chosen to stay */
  heard?(chart: Chart, hit: Hit | null): void;
  chosen?(chart: Chart, hit: Hit): void;
}

export class Chart implements Member, Read {
  readonly node = element('figure', 'jphys-plot');
  private readonly stage = element('div', 'jphys-stage');
  private readonly canvas = element('canvas', 'jphys-canvas');
  private readonly legend = element('div', 'jphys-legend');
  private readonly live = element('div', 'jphys-hidden');
  private readonly caption = element('figcaption', 'jphys-caption');
  private readonly reset_ = button('⟲', 'jphys-tool jphys-reset', 'Show all again', () => this.reset());
  private readonly tip = new Tip();
  private readonly overlay = new Overlay();
  private readonly cache = new HeatCache();
  private readonly hidden = new Set<string>();
  private readonly pointer = new Pointer(this.stage, this);
  private readonly keys = new Keys(this.stage, this);
  private readonly player: Player | null;
  private picture: SVGSVGElement | null = null;
  private room: Room | null = null;
  private last: Scene | null = null;
  private frame = 0;
  private hit: Hit | null = null;
  private pinned: Range | null = null;
  private readonly draw = () => {
    try {
      this.drawNow();
      delete this.node.dataset['failed'];
    } catch (error) {
      // the other plots of the reading go on
      this.caption.textContent = `This plot cannot be drawn. ${error instanceof Error ? error.message : String(error)}`;
      this.node.dataset['failed'] = 'true';
    }
  };

  constructor(
    private plot: Plot,
    private readonly around: Surroundings
  ) {
    const movie = movieOf(plot);
    this.player = movie ? new Player(movie, frame => this.turn(frame)) : null;
    this.build();
    this.describe();
    around.link.join(this);
    around.repaint.watch(this.node);
  }

  /** Shows other numbers in the same nodes; zoom and hidden series stay. */
  take(plot: Plot): void {
    if (equal(plot, this.plot)) {
      return;
    }
    this.plot = plot;
    const movie = movieOf(plot);
    if (movie && this.player) {
      this.player.take(movie);
      this.frame = this.player.frame;
    }
    this.describe();
    this.redraw();
  }

  /** Shows another plot with the same axes; at once where only the cells of its map are others. */
  swap(plot: Plot): void {
    if (equal(plot, this.plot)) {
      return;
    }
    const [was, now] = [mapOf(this.plot), mapOf(plot)];
    const isLight = was !== undefined && was.color === now?.color && was.palette === now.palette && plot.title === this.plot.title;
    this.plot = plot;
    if (this.last && isLight) {
      this.last = { ...this.last, plot };
      paintLayer(this.canvas, this.last, this.cache);
    } else {
      this.describe();
      this.redraw();
    }
  }

  /** A cross hair at x and y that stays. */
  pin(at: Range | null): void {
    this.pinned = at;
    this.last && this.overlay.pinAt(at, this.last);
  }

  place(room: Room): void {
    if (!equal(room, this.room)) {
      this.room = room;
      this.redraw();
    }
  }

  redraw(): void {
    this.around.repaint.ask(this.draw, this.node);
  }

  dispose(): void {
    this.around.link.leave(this);
    this.around.repaint.forget(this.draw, this.node);
    this.player?.pause();
    this.pointer.dispose();
    this.keys.dispose();
    this.canvas.width = this.canvas.height = 0; // gives its memory back at once
  }

  scene(): Scene | null {
    if (!this.room) {
      return null;
    }
    const { plot, room, frame, hidden, around } = this;
    const view = { x: around.link.view(plot.x), y: around.link.view(plot.y) };
    const whole = { x: [plot.x.low, plot.x.high] as const, y: [plot.y.low, plot.y.high] as const };
    // the margin of the whole view, that the frame stays while one zooms; only longer numbers push it aside
    const margin = marginOf({ plot, view: whole, ...room });
    const more = Math.max(0, marginOf({ plot, view, ...room }).left - margin.left);
    const box = { ...room.box, width: room.box.width - more };
    const bears = room.bears;
    return { plot, theme: around.theme(), view, margin: { ...margin, left: margin.left + more }, frame, hidden, box, bears };
  }

  axes(): Axis[] {
    return [this.plot.x, this.plot.y];
  }

  looksElsewhere(): void {
    this.offerReset(); // at once, though what is out of sight is drawn later
    this.redraw();
  }

  pointed(at: Place | null): void {
    if (this.last) {
      this.overlay.hairsAt(at, this.last);
    }
  }

  hover(px: number, py: number): void {
    if (this.last) {
      this.mark(hitAt(this.last, px, py));
    }
  }

  leave(): void {
    this.mark(null);
  }

  read(hit: Hit | null): void {
    this.mark(hit);
    this.live.textContent = hit ? sentence(hit) : '';
  }

  look(x: Range, y: Range): void {
    this.around.link.look([[this.plot.x, x], [this.plot.y, y]], this);
  }

  reset(): void {
    this.around.link.look([[this.plot.x, null], [this.plot.y, null]], this);
  }

  drag(box: Rect | null): void {
    this.overlay.boxAt(box);
  }

  click(px: number, py: number): void {
    const hit = this.last && hitAt(this.last, px, py);
    hit && this.around.chosen?.(this, hit);
  }

  choose(): void {
    this.hit && this.around.chosen?.(this, this.hit);
  }

  play(): void {
    this.player?.turn();
  }

  private build(): void {
    const { node, stage, plot } = this;
    const head = element('div', 'jphys-head');
    const title = element('div', 'jphys-plot-title', plot.title);
    title.id = unique('title');
    head.append(title, this.reset_, savers(() => ({ plot: this.plot, scene: this.scene() })));
    this.legend.setAttribute('role', 'group');
    this.legend.setAttribute('aria-label', 'Series');
    stage.tabIndex = 0;
    stage.setAttribute('role', 'application');
    stage.setAttribute('aria-roledescription', 'interactive plot');
    stage.dataset['lmSuppressShortcuts'] = 'true'; // JupyterLab would take the arrows and 0 for itself
    this.live.setAttribute('aria-live', 'polite');
    stage.append(this.canvas, this.overlay.node, this.tip.node);
    const foot = element('div', 'jphys-foot');
    foot.append(...(this.player ? [this.player.node] : []), this.caption, this.live);
    node.append(head, this.legend, stage, foot);
    node.setAttribute('aria-labelledby', title.id);
  }

  private describe(): void {
    const { plot, stage, node } = this;
    node.querySelector('.jphys-plot-title')!.textContent = plot.title;
    stage.setAttribute('aria-label', `${plot.alt || plot.title} ${HELP}`);
    node.dataset['panel'] = plot.title;
    this.player && (this.player.node.hidden = (movieOf(plot)?.time.length ?? 0) < 2);
  }

  private turn(frame: number): void {
    this.frame = frame;
    this.redraw();
  }

  private toggle(key: string): void {
    this.hidden.has(key) ? this.hidden.delete(key) : this.hidden.add(key);
    this.mark(null);
    this.redraw();
    const at = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['series'] : undefined;
    this.drawLegend();
    [...this.legend.querySelectorAll('button')].find(entry => entry.dataset['series'] === at)?.focus();
  }

  private mark(hit: Hit | null): void {
    const scene = this.last;
    if (!scene) {
      return;
    }
    this.hit = hit;
    this.tip.show(hit, scene);
    this.overlay.ringAt(hit);
    const { plot } = this;
    const at = hit && new Map([[quantity(plot.x), hit.x], [quantity(plot.y), hit.y]].filter(([key]) => key) as [string, number][]);
    this.overlay.hairsAt(hit && (hit.mark.type === 'heat' || hit.mark.type === 'movie') ? at : null, scene);
    this.around.link.point(at, this);
    this.around.heard?.(this, hit);
  }

  private drawLegend(): void {
    const scene = this.scene();
    if (scene) {
      fillLegend(this.legend, scene, key => this.toggle(key));
    }
  }

  private offerReset(): void {
    this.reset_.hidden = this.axes().every(axis => this.around.link.isWhole(axis));
  }

  private drawNow(): void {
    const scene = this.scene();
    if (!scene) {
      return;
    }
    const isNew = !this.last || this.last.theme !== scene.theme || this.last.plot !== scene.plot;
    this.last = scene;
    const { margin, box } = scene;
    Object.assign(this.stage.style, {
      width: `${margin.left + box.width + margin.right}px`,
      height: `${margin.top + box.height + margin.bottom}px`
    });
    const picture = drawFrame(scene);
    picture.setAttribute('aria-hidden', 'true'); // the stage says what it shows
    this.picture?.remove();
    this.picture = picture;
    this.overlay.node.before(picture);
    this.overlay.pinAt(this.pinned, scene);
    const drawn = paintLayer(this.canvas, scene, this.cache);
    if (isNew) {
      this.drawLegend();
      this.hit && this.mark(hitAt(scene, this.hit.px, this.hit.py)); // other numbers under the same hand
    }
    this.offerReset();
    describe(this.node, this.caption, scene, drawn, this.cache.missing);
  }
}
