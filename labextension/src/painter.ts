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
  /** Shows another payload; plots of the same kinds stay, with their zoom and hidden series. */
  update(payload: unknown, spare?: Spare): void;
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
    update(next, more = {}) {
      if (!view.take(next)) {
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
  take(payload: unknown): boolean;
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
  private readonly rows: Shown[] = [];
  private readonly unwatch: () => void;
  private theme: Theme = LIGHT;
  private width = 0;
  private readonly kinds: string;

  constructor(
    reading: Reading,
    private readonly ask?: Ask
  ) {
    const around: Surroundings = { link: this.link, repaint: this.repaint, theme: () => this.theme };
    this.kinds = kindsOf(reading);
    this.node.append(this.head, ...grouped(reading.panels).map(group => this.panel(group, around)));
    this.write(reading);
    claim();
    this.unwatch = watch(this.node, {
      resized: width => this.resized(width),
      themed: () => this.themed(),
      sharpened: () => this.rows.forEach(row => row.redraw())
    });
  }

  take(payload: unknown): boolean {
    let reading: Reading;
    try {
      reading = parse(payload);
    } catch {
      return false;
    }
    if (kindsOf(reading) !== this.kinds) {
      return false;
    }
    const groups = grouped(reading.panels);
    const shown = groups.filter(isDrawn);
    this.write(reading);
    this.rows.forEach((row, i) => row.take(shown[i]!));
    const tables = this.node.querySelectorAll(':scope > .jphys-tableframe, :scope > .jphys-unknown');
    groups.filter(group => !isDrawn(group)).forEach((group, i) => tables[i]!.replaceWith(other(group[0]!)));
    this.resized(this.width);
    return true;
  }

  dispose(): void {
    this.unwatch();
    this.repaint.dispose();
    this.rows.forEach(row => row.dispose());
    release();
  }

  private write({ instrument, title, notes }: Reading): void {
    this.node.dataset['instrument'] = instrument;
    this.node.setAttribute('aria-label', title || 'reading');
    const name = element('div', 'jphys-title', title);
    name.setAttribute('role', 'heading');
    name.setAttribute('aria-level', '3');
    this.head.replaceChildren(...(title ? [name] : []), ...notes.map(remark));
  }

  private panel(group: Panel[], around: Surroundings): HTMLElement {
    if (!isDrawn(group)) {
      return other(group[0]!);
    }
    const row: Shown = isPlots(group) ? new Row(group, around) : new Explorer(group, around, this.ask);
    this.rows.push(row);
    return row.node;
  }

  private resized(width: number): void {
    this.width = width;
    if (width > 0) {
      this.themed();
      this.rows.forEach(row => row.layout(width));
    }
  }

  private themed(): void {
    const theme = themeAt(this.node);
    if (theme.name !== this.theme.name || theme.paper !== this.theme.paper) {
      this.theme = theme;
      this.rows.forEach(row => row.redraw());
    }
    this.node.dataset['theme'] = theme.name;
  }
}

/** A group of panels on the page. */
interface Shown {
  node: HTMLElement;
  take(group: Panel[]): void;
  layout(width: number): void;
  redraw(): void;
  dispose(): void;
}

/** What the nodes of a reading depend on. */
function kindsOf({ panels }: Reading): string {
  return JSON.stringify(panels.map(kindOf));
}

function kindOf(panel: Panel): unknown {
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

function isPlots(group: Panel[]): group is Plot[] {
  return group[0]!.type === 'plot';
}

function isDrawn(group: Panel[]): group is Plot[] | PhaseSpace[] {
  return isPlots(group) || group[0]!.type === 'phase_space';
}

function other(panel: Panel): HTMLElement {
  return panel.type === 'table' ? new TableView(panel).node : undrawn(panel as Unknown);
}

/** A panel that this page cannot draw: what it would show, and why it does not. */
function undrawn({ title, alt, why }: Unknown): HTMLElement {
  const node = element('div', 'jphys-unknown');
  node.append(element('div', 'jphys-plot-title', title), ...(alt ? [element('p', 'jphys-caption', alt)] : []));
  node.append(remark({ level: 'warning', text: `This panel cannot be drawn. ${why}` }));
  return node;
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
