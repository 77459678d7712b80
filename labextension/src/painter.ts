/**
 * Paints a reading with plain DOM, SVG and canvas. No Jupyter in here: every page that can show a reading shares it.
 *
 * A reading may come from a stranger's notebook that nobody trusted yet, so its words reach the page as text
 * alone: through textContent and attributes, never as markup.
 */
import type { Surroundings } from './chart';
import { element } from './dom';
import { claim, release } from './draw/gl';
import { LIGHT, themeAt, type Theme } from './draw/theme';
import { Link } from './hand/link';
import { Explorer } from './explorer';
import type { Panel, PhaseSpace, Plot, Unknown } from './reading/panel';
import { parse, type Note, type Reading } from './reading/reading';
import { Repaint } from './repaint';
import { Row } from './row';
import type { Ask } from './space/asker';
import { TableView } from './table';
import { watch } from './watch';

/** What came beside the reading in the same output, for what cannot be painted from its data. */
export interface Spare {
  /** the whole reading as text */
  text?: unknown;
}

/** A reading on the page. */
export interface Painted {
  /**
   * Shows another payload; plots of the same kinds stay, with their zoom and hidden series. What a draft leaves out
   * stays too, faintly, until the measurement comes.
   */
  update(payload: unknown, more?: { spare?: Spare; isDraft?: boolean }): void;
  /** Takes it off the page and gives back all it holds. */
  dispose(): void;
}

/**
 * Puts `payload` on the page in place of what `host` held. Where a kernel runs, `ask` gets it to compute what somebody
 * points at in an explorer: it resolves to {values [stage, rows, columns], packed, x: [first, last], y: [first, last]}.
 */
export function paint(host: HTMLElement, payload: unknown, spare: Spare = {}, ask?: Ask): Painted {
  let view = viewOf(payload, spare, ask);
  host.replaceChildren(view.node);
  return {
    update(next, { spare: more = {}, isDraft = false } = {}) {
      if (!view.take(next, isDraft)) {
        view.dispose();
        view = viewOf(next, more, ask);
        host.replaceChildren(view.node);
      }
    },
    dispose() {
      view.dispose();
      view.node.remove();
    }
  };
}

interface View {
  node: HTMLElement;
  /** false where the payload wants other nodes */
  take(payload: unknown, isDraft: boolean): boolean;
  dispose(): void;
}

function viewOf(payload: unknown, spare: Spare, ask?: Ask): View {
  try {
    return new ReadingView(parse(payload), ask);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { node: unreadable(why, spare), take: () => false, dispose: () => undefined };
  }
}

class ReadingView implements View {
  readonly node = element('section', 'jphys-reading');
  private readonly head = element('div', 'jphys-top');
  private readonly link = new Link();
  private readonly repaint = new Repaint();
  private readonly places: Place[];
  private readonly unwatch: () => void;
  private theme: Theme = LIGHT;
  private width = 0;

  constructor(reading: Reading, ask?: Ask) {
    const around: Surroundings = { link: this.link, repaint: this.repaint, theme: () => this.theme };
    this.places = grouped(reading.panels).map(group => {
      return { kind: kindOf(group), title: group[0]!.title, shown: shownOf(group, around, ask) };
    });
    this.node.append(this.head, ...this.places.map(({ shown }) => shown.node));
    this.write(reading);
    claim();
    this.unwatch = watch(this.node, {
      resized: width => width !== this.width && this.resized(width),
      themed: () => this.themed(),
      sharpened: () => this.places.forEach(({ shown }) => shown.redraw?.())
    });
  }

  take(payload: unknown, isDraft: boolean): boolean {
    let reading: Reading;
    try {
      reading = parse(payload);
    } catch {
      return false;
    }
    const groups = grouped(reading.panels);
    const taking = this.placesFor(groups, isDraft);
    if (!taking) {
      return false;
    }
    this.write(reading);
    this.places.forEach(place => place.shown.node.classList.toggle('jphys-stale', !taking.includes(place)));
    taking.forEach((place, i) => this.put(place, groups[i]!));
    this.resized(this.width);
    this.repaint.now();
    return true;
  }

  dispose(): void {
    this.unwatch();
    this.repaint.dispose();
    this.places.forEach(({ shown }) => shown.dispose?.());
    release();
  }

  /** Where each group has its place, in order; null where one has none, or a place is left that no draft leaves out. */
  private placesFor(groups: Panel[][], isDraft: boolean): Place[] | null {
    const isWhole = groups.length === this.places.length;
    const left = [...this.places];
    const found = groups.map(group => {
      while (left.length > 0 && !fits(left[0]!, group, isWhole)) {
        left.shift();
      }
      return left.shift();
    });
    return (isWhole || isDraft) && found.every(place => place !== undefined) ? found : null;
  }

  private put(place: Place, group: Panel[]): void {
    place.title = group[0]!.title;
    place.shown.take(group);
  }

  private write({ instrument, title, notes }: Reading): void {
    this.node.dataset['instrument'] = instrument;
    this.node.setAttribute('aria-label', title || 'reading');
    const name = element('div', 'jphys-title', title);
    name.setAttribute('role', 'heading');
    name.setAttribute('aria-level', '3');
    this.head.replaceChildren(...(title ? [name] : []), ...notes.map(remark));
  }

  private resized(width: number): void {
    this.width = width;
    if (width > 0) {
      this.themed();
      this.places.forEach(({ shown }) => shown.layout?.(width));
    }
  }

  private themed(): void {
    const theme = themeAt(this.node);
    if (theme.name !== this.theme.name || theme.paper !== this.theme.paper) {
      this.theme = theme;
      this.places.forEach(({ shown }) => shown.redraw?.());
    }
    this.node.dataset['theme'] = theme.name;
  }
}

/** A group of panels on the page. */
interface Shown {
  node: HTMLElement;
  take(group: Panel[]): void;
  layout?(width: number): void;
  redraw?(): void;
  dispose?(): void;
}

/** Where a group stands, and what its nodes depend on. */
interface Place {
  kind: string;
  title: string;
  shown: Shown;
}

/** A draft leaves groups out, so that among those of one kind the titles decide. */
function fits({ kind, title }: Place, group: Panel[], isWhole: boolean): boolean {
  return kind === kindOf(group) && (isWhole || title === group[0]!.title);
}

function kindOf(group: Panel[]): string {
  return JSON.stringify(group.map(nodesOf));
}

function nodesOf(panel: Panel): unknown {
  switch (panel.type) {
    case 'plot':
      return [panel.row, panel.marks.map(mark => mark.type === 'movie')];
    case 'phase_space':
      return [panel.title, panel.pictures.map(plot => plot.title)];
    default:
      return panel.type;
  }
}

/** Plots of one row together, where the first of them stands. */
function grouped(panels: Panel[]): Panel[][] {
  const groups: Panel[][] = [];
  const rows = new Map<string, Panel[]>();
  for (const panel of panels) {
    const row = panel.type === 'plot' ? panel.row : '';
    const known = row ? rows.get(row) : undefined;
    if (known) {
      known.push(panel);
    } else {
      groups.push([panel]);
      rows.set(row, groups[groups.length - 1]!);
    }
  }
  return groups;
}

function shownOf(group: Panel[], around: Surroundings, ask?: Ask): Shown {
  const panel = group[0]!;
  switch (panel.type) {
    case 'plot':
      return new Row(group as Plot[], around);
    case 'phase_space':
      return new Explorer(group as PhaseSpace[], around, ask);
    case 'table':
      return new TableView(panel);
    default:
      return new Undrawn(panel);
  }
}

/** A panel that this page cannot draw: what it would show, and why it does not. */
class Undrawn implements Shown {
  readonly node = element('div', 'jphys-unknown');

  constructor(panel: Unknown) {
    this.take([panel]);
  }

  take([panel]: Unknown[]): void {
    const { title, alt, why } = panel!;
    const words = [element('div', 'jphys-plot-title', title), ...(alt ? [element('p', 'jphys-caption', alt)] : [])];
    this.node.replaceChildren(...words, remark({ level: 'warning', text: `This panel cannot be drawn. ${why}` }));
  }
}

function unreadable(why: string, spare: Spare): HTMLElement {
  const root = element('section', 'jphys-reading');
  root.append(remark({ level: 'warning', text: `This reading cannot be shown. ${why}` }));
  if (typeof spare.text === 'string') {
    root.append(element('pre', 'jphys-text', spare.text));
  }
  return root;
}

function remark({ level, text }: Note): HTMLElement {
  const node = element('p', `jphys-note jphys-${level}`, level === 'warning' ? `Warning: ${text}` : text);
  node.setAttribute('role', 'note');
  return node;
}
