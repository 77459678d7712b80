/** The live widget: a form of the settings above the reading, which follows it. An anywidget, so no Jupyter in here. */
import type { AnyModel, RenderProps } from '@anywidget/types';
import { button, element } from '../dom';
import { Form } from '../form/form';
import { magicLine, type Call } from '../form/line';
import type { Settled, Values } from '../form/schema';
import { paint, type Painted } from '../painter';
import { object, text, type Fields } from '../reading/check';
import { Kernel, type Heard } from './kernel';

const SHOWN_AFTER = 150; // milliseconds: what is quicker needs no word

class Live implements Heard {
  readonly node = element('section', 'jphys-live');
  private readonly title = element('div', 'jphys-title', 'Live');
  private readonly status = element('div', 'jphys-status');
  private readonly bar = element('progress', 'jphys-progress');
  private readonly stop = button('Cancel', 'jphys-act', 'Stop this computation', () => this.kernel.cancel());
  private readonly keep = button('Keep', 'jphys-act', 'Write these settings as a magic line into a new cell', () => this.write());
  private readonly close = button('Close', 'jphys-act', 'Close the sliders; the reading above stays', () => this.kernel.send('close'));
  private readonly place = element('div', 'jphys-controls');
  private readonly host = element('div', 'jphys-host');
  private readonly line = element('output', 'jphys-line-kept');
  private readonly kernel: Kernel;
  private form: Form | null = null;
  private call: Call | null = null;
  private painted: Painted | null = null;
  private timer = 0;
  private isTaken = false; // by a running cell

  constructor(model: AnyModel) {
    this.status.setAttribute('role', 'status');
    this.bar.max = 1;
    this.bar.setAttribute('aria-label', 'Progress');
    const head = element('div', 'jphys-live-head');
    head.append(this.title, this.status, this.bar, this.stop, this.keep, this.close);
    this.line.hidden = true;
    this.node.setAttribute('aria-label', 'Live sliders');
    this.node.append(head, this.line, this.place, this.host);
    this.say('idle', '');
    this.kernel = new Kernel(model, this);
    this.node.addEventListener('jupyter-phys:kernel', event => this.hear((event as CustomEvent<unknown>).detail));
  }

  dispose(): void {
    window.clearTimeout(this.timer);
    this.kernel.dispose();
    this.painted?.dispose();
  }

  controls(said: Fields): void {
    const { magic, task, subject, fixed } = object(said['call'], 'the call');
    this.call = { magic: text(magic, 'magic'), task: text(task, 'task'), subject: text(subject, 'subject'), fixed: text(fixed, 'fixed'), values: {} };
    this.title.textContent = `Live: %${this.call.magic}`;
    this.form = new Form(said['schema'], () => this.changed());
    this.form.take(said['values'] as Values);
    this.place.replaceChildren(this.form.node);
  }

  reading(payload: unknown, said: Fields, mine: boolean): void {
    const isDraft = said['draft'] === true;
    if (!mine) {
      this.form?.take(said['values'] as Values);
    }
    this.form?.settle((said['settled'] ?? {}) as Record<string, Settled>);
    this.painted ? this.painted.update(payload, { isDraft }) : (this.painted = paint(this.host, payload, {}, question => this.kernel.explore(question)));
    this.node.dataset['number'] = String(said['number'] ?? 0);
    this.node.dataset['draft'] = String(isDraft);
    if (isDraft) {
      this.status.textContent = 'draft';
    } else {
      this.say('idle', typeof said['seconds'] === 'number' ? `${said['seconds'].toFixed(2)} s` : '');
    }
  }

  progress(part: number): void {
    this.bar.value = part;
  }

  waiting(): void {
    this.say('busy', 'waits for the running cell');
  }

  stopped(): void {
    this.say('idle', 'cancelled: the numbers are those of the last settings that were measured');
  }

  error(why: string): void {
    this.say('error', `${why} The numbers below are those of the last settings that were measured.`);
  }

  gone(why: string): void {
    this.say('gone', why);
    this.node.querySelectorAll('input, select, .jphys-act').forEach(it => it.setAttribute('disabled', ''));
  }

  /** What the page around knows of the kernel. */
  private hear(status: unknown): void {
    this.isTaken = status === 'busy';
    if (status === 'gone') {
      this.kernel.end();
    } else if (this.isTaken && this.kernel.busy) {
      this.waiting();
    }
  }

  private changed(): void {
    this.line.hidden = true;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.kernel.busy && (this.isTaken ? this.waiting() : this.say('busy', 'computing')), SHOWN_AFTER);
    this.kernel.measure(this.form!.values());
  }

  private say(state: 'idle' | 'busy' | 'error' | 'gone', words: string): void {
    window.clearTimeout(this.timer);
    this.node.dataset['state'] = state;
    this.status.textContent = words;
    this.bar.hidden = this.stop.hidden = state !== 'busy';
    this.bar.removeAttribute('value');
    this.node.setAttribute('aria-busy', String(state === 'busy'));
  }

  /** A page that knows how puts the line into a new cell; elsewhere it is shown, to be copied. */
  private write(): void {
    const line = magicLine({ ...this.call!, values: this.form!.values() });
    const event = new CustomEvent('jupyter-phys:keep', { bubbles: true, cancelable: true, composed: true, detail: { line } });
    const isDone = !this.node.dispatchEvent(event);
    this.line.hidden = isDone;
    this.line.textContent = line;
    this.status.textContent = isDone ? 'written into a new cell' : 'copy this line into a cell:';
  }
}

function render({ model, el }: RenderProps): () => void {
  const live = new Live(model);
  el.replaceChildren(live.node);
  return () => live.dispose();
}

export default { render };
