/** Phase space to point at: a place shows its spectrum, a frequency shows where it lives; before and after. */
import type { Chart, Surroundings } from './chart';
import { element } from './dom';
import { sizes } from './facts';
import { said, type Hit } from './hand/hit';
import type { Axis, PhaseSpace, Plot } from './reading/panel';
import { Row } from './row';
import { Asker, type Ask, type Question } from './space/asker';
import { Blinker } from './space/blinker';
import { answered, drawn, given, heatOf, mapAt, peakOf, spectrumAt, type Cut, type Pair } from './space/cuts';

const HELP = 'Point at a place for its spectrum, at a frequency for where it lives; a click or Enter keeps the place.';

/** What is pointed at; the other half of the charts answers. */
type Looking = { place: Pair } | { frequency: Pair } | null;

export class Explorer {
  readonly node = element('section', 'jphys-explorer');
  private readonly status = element('p', 'jphys-caption jphys-status');
  private readonly live = element('div', 'jphys-hidden');
  private readonly foot = element('p', 'jphys-caption');
  private readonly blinker: Blinker;
  private readonly around: Surroundings;
  private readonly asker: Asker | null;
  private readonly fine = new Map<string, Cut>(); // the last answer about a place, and about a frequency
  private readonly plots = new WeakMap<Plot, Plot>();
  private row: Row;
  private width = 0;
  private pinned: Pair;
  private looking: Looking = null;

  private space: PhaseSpace;

  constructor([space]: PhaseSpace[], around: Surroundings, ask?: Ask) {
    this.space = space!;
    this.pinned = this.space.place;
    this.around = { ...around, heard: (chart, hit) => this.point(chart, hit), chosen: (chart, hit) => this.pin(chart, hit) };
    this.asker = ask ? new Asker(ask, (question, answer) => this.hear(question, answer)) : null;
    this.blinker = new Blinker(this.space.pictures.map(plot => plot.title), () => this.turn());
    this.live.setAttribute('aria-live', 'polite');
    this.row = new Row(this.still(), this.around, this.turned());
    this.build();
    this.show();
  }

  /** Other numbers in the same charts; the pinned place stays. */
  take([space]: PhaseSpace[]): void {
    [this.space, this.looking] = [space!, null];
    this.fine.clear();
    this.asker?.reset();
    this.row.take(this.still());
    this.show();
  }

  layout(width: number): void {
    this.width = width;
    this.row.layout(width);
  }

  redraw(): void {
    this.row.redraw();
  }

  dispose(): void {
    this.blinker.pause();
    this.asker?.dispose();
    this.row.dispose();
  }

  private build(): void {
    const { node, row, status, foot, live, space } = this;
    node.setAttribute('aria-label', space.title);
    node.replaceChildren(row.node, status, foot, live);
    row.node.firstElementChild!.after(this.blinker.node);
    foot.textContent = [space.note, HELP, this.kept()].filter(Boolean).join(' ');
  }

  private kept({ space, asker } = this): string {
    const [, down, across, up, wide] = space.shape;
    const pictures = heatOf(space.pictures[0]!).thinned;
    const fewer = pictures ? `, pictures of ${sizes(pictures.after)} of ${sizes(pictures.before)} cells` : '';
    const cuts = `${sizes([down, across])} places with ${sizes([up, wide])} bands of frequencies, the largest value of each`;
    return `Kept in the notebook: ${cuts}${fewer}.${asker ? ' The kernel sharpens what you point at.' : ''}`;
  }

  /** Another way of showing stages, or another stage. */
  private turn(): void {
    const isPair = this.row.charts.length === 2 && this.space.pictures.length > 1;
    if (this.blinker.isOn !== isPair) {
      const held = document.activeElement;
      this.row.dispose();
      this.row = new Row(this.still(), this.around, this.turned());
      this.build();
      held instanceof HTMLElement && this.node.contains(held) && held.focus({ preventScroll: true });
      this.layout(this.width);
    } else if (isPair) {
      this.row.take(this.still());
    }
    this.show();
  }

  private stages(): number[] {
    return this.blinker.isOn ? [this.blinker.stage] : this.space.pictures.map((_, stage) => stage);
  }

  /** The plots when nobody points: pictures at the left, spectra at the right. */
  private still(): Plot[] {
    const stages = this.stages();
    return [...stages.map(stage => this.picture(stage)), ...stages.map(stage => this.spectrum(stage))];
  }

  /** What the same charts show while a frequency is pointed at. */
  private turned(): Plot[] {
    const cut = mapAt(this.space, [0, 0]);
    const stages = this.stages();
    return [...stages.map(stage => this.map(stage, cut)), ...stages.map(stage => this.spectrum(stage))];
  }

  private picture(stage: number): Plot {
    return this.whole(this.space.pictures[stage]!);
  }

  private spectrum(stage: number): Plot {
    const plot = this.space.spectra[stage]!;
    return { ...this.whole(plot), title: `${plot.title}, spectrum` };
  }

  /** What was left out of it stands below all charts, once. */
  private whole(plot: Plot): Plot {
    const known = this.plots.get(plot) ?? { ...plot, row: this.space.title, marks: [{ ...heatOf(plot), thinned: null }] };
    this.plots.set(plot, known);
    return known;
  }

  private map(stage: number, cut: Cut): Plot {
    return drawn(this.picture(stage), heatOf(this.space.spectra[stage]!), cut, stage);
  }

  private point(chart: Chart, hit: Hit | null): void {
    const next = hit && this.lookingAt(chart, hit);
    if (JSON.stringify(next) !== JSON.stringify(this.looking)) {
      this.looking = next;
      this.show();
    }
  }

  private lookingAt(chart: Chart, { x, y }: Hit): Looking {
    return this.row.charts.indexOf(chart) < this.stages().length ? { place: [x, y] } : { frequency: [x, y] };
  }

  private pin(chart: Chart, hit: Hit): void {
    const at = this.lookingAt(chart, hit);
    if (at && 'place' in at) {
      this.pinned = at.place;
      this.show();
    }
  }

  private get place(): Pair {
    return this.looking && 'place' in this.looking ? this.looking.place : this.pinned;
  }

  private get frequency(): Pair | null {
    return this.looking && 'frequency' in this.looking ? this.looking.frequency : null;
  }

  private show(): void {
    const { place, frequency, space } = this;
    const question = this.question();
    const isFirst = place[0] === space.place[0] && place[1] === space.place[1];
    const spectra = isFirst ? given(space) : this.fine.get(key({ panel: '', place: [place[1], place[0]] })) ?? spectrumAt(space, place);
    const maps = frequency && (this.fine.get(key({ ...question!, panel: '' })) ?? mapAt(space, frequency));
    const stages = this.stages();
    stages.forEach((stage, i) => {
      const [left, right] = [this.row.charts[i]!, this.row.charts[stages.length + i]!];
      left.swap(maps ? this.map(stage, maps) : this.picture(stage));
      left.pin(place);
      const plot = this.spectrum(stage);
      right.swap(isFirst ? plot : drawn(plot, heatOf(plot), spectra, stage));
      right.pin(frequency);
    });
    this.say(spectra, maps);
    this.asker?.put(isFirst && !frequency ? null : question);
  }

  private question(): Question | null {
    const { place, frequency } = this;
    const panel = this.space.title;
    return frequency ? { panel, frequency: [frequency[1], frequency[0]] } : { panel, place: [place[1], place[0]] };
  }

  private hear(question: Question, answer: unknown): void {
    const cut = answered(answer, this.space.pictures.length);
    const kind = question.place ? 'place' : 'frequency';
    [...this.fine.keys()].filter(known => known.includes(kind)).forEach(known => this.fine.delete(known));
    this.fine.set(key({ ...question, panel: '' }), cut);
    this.show();
  }

  /** In words, for all; aloud only where the keyboard is in use, as a mouse passes over too much. */
  private say(spectra: Cut, maps: Cut | null): void {
    const { place, frequency, space } = this;
    const [picture, spectrum] = [space.pictures[0]!, space.spectra[0]!];
    const text = maps && frequency
      ? `Where ${at(spectrum, frequency)} lives. ${this.peaks(maps, picture)}`
      : `Spectra at ${at(picture, place)}. ${this.peaks(spectra, spectrum)}`;
    this.status.textContent = text;
    const isHeard = this.node.contains(document.activeElement) && !this.blinker.isMoving;
    this.live.textContent = isHeard ? text : '';
  }

  private peaks(cut: Cut, axes: Plot): string {
    const found = this.stages().map(stage => {
      const peak = peakOf(cut, stage);
      const where = peak ? `(${said(plain(axes.x), peak[0])}, ${said(plain(axes.y), peak[1])})` : 'nowhere';
      return `${this.space.pictures[stage]!.title} ${where}`;
    });
    return `Strongest at (${axes.x.label}, ${axes.y.label}): ${found.join('; ')}.`;
  }
}

function key(question: Question): string {
  return JSON.stringify(question);
}

function at({ x, y }: { x: Axis; y: Axis }, place: Pair): string {
  return `${x.label} ${said(plain(x), place[0])}, ${y.label} ${said(y, place[1])}`;
}

function plain(axis: Axis): Axis {
  return { ...axis, unit: '' };
}
