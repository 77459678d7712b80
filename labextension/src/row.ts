/** Plots that stand side by side under a heading; what they share stands once. A plot without a row is one alone. */
import { Chart, type Room, type Surroundings } from './chart';
import { element } from './dom';
import { aspect, frameOf, marginOf } from './draw/layout';
import { standing } from './facts';
import { mapOf, type Axis, type Plot } from './reading/panel';

const GAP = 14; // CSS pixels between neighbours
const NARROW = { square: 172, free: 280 }; // the least width of one among others
const WIDEST = 760; // of a plot alone
const MAP_ALONE = 460;

export class Row {
  readonly node = element('div', 'jphys-row');
  private readonly line = element('div', 'jphys-line');
  private readonly note = element('p', 'jphys-caption');
  readonly charts: Chart[];

  constructor(
    private plots: Plot[],
    around: Surroundings,
    /** what the same charts show in turn, for which there has to be room too */
    private readonly turned: Plot[] = []
  ) {
    this.charts = plots.map(plot => new Chart(plot, around));
    const heading = plots[0]?.row;
    if (heading) {
      const node = element('div', 'jphys-heading', heading);
      node.setAttribute('role', 'heading');
      node.setAttribute('aria-level', '4');
      this.node.append(node);
    }
    this.line.append(...this.charts.map(chart => chart.node));
    this.node.append(this.line, this.note);
  }

  /** Other numbers in the same plots. */
  take(plots: Plot[]): void {
    this.plots = plots;
    this.charts.forEach((chart, i) => chart.take(plots[i]!));
  }

  layout(width: number): void {
    const columns = columnsFor(this.plots, width);
    const given = rooms(this.plots, width, columns, this.turned);
    const least = given.map((room, i) => room.box.width + sidesAt(this.plots[i]!, this.turned[i], room.box.width, room.bears));
    const fixed = Array.from({ length: columns }, (_, c) => `${Math.max(...least.filter((_, i) => i % columns === c))}px`);
    this.line.style.gridTemplateColumns = this.turned.length ? fixed.join(' ') : `repeat(${columns}, max-content)`;
    given.forEach((room, i) => this.charts[i]!.place(room));
    this.note.textContent = given.some(room => room.bears.note) ? '' : standing(this.plots[0]!);
    this.note.hidden = !this.note.textContent;
  }

  redraw(): void {
    this.charts.forEach(chart => chart.redraw());
  }

  dispose(): void {
    this.charts.forEach(chart => chart.dispose());
  }
}

/** As many as have room, spread evenly over the lines that it takes. */
function columnsFor(plots: Plot[], width: number): number {
  const least = plots.every(plot => plot.square) ? NARROW.square : NARROW.free;
  const most = Math.max(1, Math.floor((width + GAP) / (least + GAP)));
  return Math.ceil(plots.length / Math.ceil(plots.length / most));
}

function rooms(plots: Plot[], width: number, columns: number, turned: Plot[]): Room[] {
  const alone = plots.length === 1;
  const bears = plots.map((_, i) => sharing(plots, i, columns));
  const note = plots.every(plot => standing(plot) === standing(plots[0]!)) && !alone;
  const most = alone ? Math.min(width, WIDEST) : width;
  let room = (most / columns) * 0.8;
  for (let pass = 0; pass < 4; pass++) {
    // titles wrap in the room that margins leave, and margins depend on how titles wrap
    const taken = plots.map((plot, i) => sidesAt(plot, turned[i], room, bears[i]!));
    const widest = Array.from({ length: columns }, (_, c) => Math.max(...taken.filter((_, i) => i % columns === c)));
    const left = most - GAP * (columns - 1) - widest.reduce((sum, side) => sum + side, 0);
    room = Math.max(90, Math.min(left / columns, alone && plots[0]!.square ? MAP_ALONE : Infinity));
  }
  const boxes = plots.map(plot => frameOf(plot, room, alone));
  const tallest = Math.max(...boxes.map(box => box.height));
  return plots.map((plot, i) => {
    const box = boxes[i]!;
    return { box: aspect(plot) === null ? { ...box, height: tallest } : box, bears: { ...bears[i]!, note: !note } };
  });
}

function sidesAt(plot: Plot, other: Plot | undefined, room: number, bears: Room['bears']): number {
  return Math.max(sidesOf(plot, room, bears), other ? sidesOf(other, room, bears) : 0);
}

function sidesOf(plot: Plot, room: number, bears: Room['bears']): number {
  const view = { x: [plot.x.low, plot.x.high] as const, y: [plot.y.low, plot.y.high] as const };
  const { left, right } = marginOf({ plot, view, box: frameOf(plot, room, false), bears });
  return left + right;
}

/** The first of a line bears the numbers at the left, the last of equal maps in it the colour bar. */
function sharing(plots: Plot[], i: number, columns: number): Room['bears'] {
  const before = i % columns ? plots[i - 1] : undefined;
  const after = (i + 1) % columns ? plots[i + 1] : undefined;
  return { y: !before || !sameHeight(before, plots[i]!), bar: !after || !sameColors(plots[i]!, after), note: true };
}

function sameHeight(one: Plot, other: Plot): boolean {
  return same(one.y, other.y) && aspect(one) === aspect(other);
}

function sameColors(one: Plot, other: Plot): boolean {
  const [here, there] = [mapOf(one), mapOf(other)];
  return here !== undefined && there !== undefined && same(here.color, there.color) && here.palette === there.palette;
}

function same(one: Axis, other: Axis): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
