/** The readings in a notebook's outputs: saved or new, with a kernel or without. */
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IOutputModel } from '@jupyterlab/rendermime';
import { button, element } from '../dom';
import { MIME_TYPE } from '../reading/reading';
import { refill, section } from './section';

interface Named {
  instrument: string;
  title: string;
}

interface Found extends Named {
  cell: number;
  /** its place among the readings of its cell */
  place: number;
}

const MOMENT = 1500; // ms that a reading is framed after it was scrolled to

export class Readings {
  readonly node: HTMLElement;
  private readonly list = element('ol', 'jphys-rows');
  private readonly note = element('p', 'jphys-hint', 'No reading in this notebook yet.');
  private shown = '';

  constructor(private readonly current: () => NotebookPanel | null) {
    this.list.setAttribute('aria-label', 'Readings of this notebook');
    this.node = section('Readings', this.list, this.note);
  }

  refresh(): void {
    const found = readingsOf(this.current());
    const now = JSON.stringify(found);
    if (now !== this.shown) {
      this.shown = now;
      refill(this.list, found.map((one, index) => this.row(one, index)));
    }
    this.list.hidden = !found.length;
    this.note.hidden = found.length > 0;
  }

  private row(found: Found, index: number): HTMLButtonElement {
    const node = button('', 'jphys-rowbutton', '', () => void this.show(found));
    node.dataset['name'] = String(index);
    node.title = 'Scroll to this reading';
    node.append(element('span', 'jphys-facts', found.title), element('span', 'jphys-kind', `%${found.instrument}`));
    return node;
  }

  private async show({ cell, place }: Found): Promise<void> {
    const content = this.current()?.content;
    const widget = content?.widgets[cell];
    if (!content || !widget) {
      return;
    }
    content.activeCellIndex = cell;
    await content.scrollToCell(widget);
    const output = widget.node.querySelectorAll('.jphys-output > .jphys-reading')[place]?.parentElement;
    output?.scrollIntoView({ block: 'start' });
    output?.classList.add('jphys-found');
    setTimeout(() => output?.classList.remove('jphys-found'), MOMENT);
  }
}

function readingsOf(panel: NotebookPanel | null): Found[] {
  const cells = [...(panel?.content.model?.cells ?? [])];
  return cells.flatMap((cell, index) => (cell.type === 'code' ? readingsIn(cell as ICodeCellModel, index) : []));
}

function readingsIn({ outputs }: ICodeCellModel, cell: number): Found[] {
  const every = Array.from({ length: outputs.length }, (_, i) => nameOf(outputs.get(i)));
  return every.filter(one => one !== null).map((one, place) => ({ cell, place, ...one }));
}

/** JupyterLab copies all data of an output for who asks: that is not done again for one that did not change. */
const known = new WeakMap<IOutputModel, Named | null>();

function nameOf(output: IOutputModel): Named | null {
  let name = known.get(output);
  if (name === undefined) {
    const payload = output.data[MIME_TYPE];
    name = payload === undefined ? null : named(payload);
    known.set(output, name);
    output.changed.connect(forget);
  }
  return name;
}

function forget(output: IOutputModel): void {
  known.delete(output);
}

function named(payload: unknown): Named {
  const { instrument, title } = (payload ?? {}) as Record<string, unknown>;
  const isText = typeof title === 'string' && title.trim();
  return { instrument: typeof instrument === 'string' ? instrument : '?', title: isText ? title : 'A reading without a title' };
}
