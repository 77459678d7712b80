/** Talks with the kernel: one question at a time is out, and of those that wait the newest alone is asked. */
import type { AnyModel } from '@anywidget/types';
import type { Values } from '../form/schema';
import { object, type Fields } from '../reading/check';

/** What the kernel says, each a message of its own. */
export interface Heard {
  controls(said: Fields): void;
  /** `mine`: this view asked for it, and not another of the same widget */
  reading(payload: unknown, said: Fields, mine: boolean): void;
  progress(part: number): void;
  waiting(): void;
  stopped(): void;
  error(text: string): void;
  gone(why: string): void;
}

export class Kernel {
  private readonly id = Math.random().toString(36).slice(2); // this view among all of the widget
  private count = 0;
  private out = 0; // number of the measurement that is out; 0: none
  private next: Values | null = null;
  private readonly asked = new Map<number, { done(answer: unknown): void; failed(why: Error): void }>();

  constructor(
    private readonly model: AnyModel,
    private readonly heard: Heard
  ) {
    model.on('msg:custom', this.hear);
    model.on('comm_live_update', this.lost);
    this.send('hello');
  }

  get busy(): boolean {
    return this.out > 0;
  }

  measure(values: Values): void {
    this.next = values;
    if (!this.out) {
      this.go();
    }
  }

  cancel(): void {
    this.next = null;
    this.send('cancel');
  }

  /** The full resolution of what a panel shows coarsely. */
  explore(question: object): Promise<unknown> {
    const number = ++this.count;
    return new Promise((done, failed) => {
      this.asked.set(number, { done, failed });
      this.send('explore', { number, question });
    });
  }

  send(type: string, more: Fields = {}): void {
    this.model.send({ type, view: this.id, ...more });
  }

  dispose(): void {
    this.model.off('msg:custom', this.hear);
    this.model.off('comm_live_update', this.lost);
    this.asked.forEach(({ failed }) => failed(new Error('closed')));
    this.asked.clear();
  }

  /** The kernel is no more. */
  end(): void {
    this.out = 0;
    this.next = null;
    this.heard.gone('The kernel was restarted or is gone. Run the cell again for new sliders.');
  }

  private go(): void {
    this.out = ++this.count;
    this.send('measure', { number: this.out, values: this.next! });
    this.next = null;
  }

  private readonly hear = (message: unknown, buffers: DataView[]): void => {
    const said = withBuffers(object(message, 'a message'), buffers) as Fields;
    const mine = said['view'] === undefined || said['view'] === this.id; // every view counts by itself
    const answer = mine ? this.asked.get(Number(said['number'])) : undefined;
    if (answer) {
      this.asked.delete(Number(said['number']));
      said['type'] === 'answer' ? answer.done(said['answer']) : answer.failed(new Error(String(said['text'] ?? said['type'])));
      return;
    }
    if (!mine && said['type'] !== 'reading') {
      return;
    }
    if (mine && said['number'] !== undefined && said['number'] !== this.out) {
      return; // stale
    }
    this.take(String(said['type']), said, mine);
  };

  private take(type: string, said: Fields, mine: boolean): void {
    const { heard } = this;
    switch (type) {
      case 'controls':
        return heard.controls(said);
      case 'reading':
        heard.reading(said['payload'], said, mine);
        return mine && said['draft'] !== true ? this.ended() : this.newer();
      case 'dropped': // another view asked for something newer
        return this.ended();
      case 'progress':
        return heard.progress(Number(said['part']));
      case 'waiting':
        return heard.waiting();
      case 'stopped':
        heard.stopped();
        return this.ended();
      case 'error':
        heard.error(String(said['text']));
        return this.ended();
      case 'closed':
        return heard.gone('The live sliders are closed.');
    }
  }

  /** A newer value needs no better picture of the last one. */
  private newer(): void {
    if (this.next) {
      this.go();
    }
  }

  private ended(): void {
    this.out = 0;
    this.newer();
  }

  private readonly lost = (model: { comm_live?: boolean }): void => {
    if (model?.comm_live !== true) { // else it has come back
      this.end();
    }
  };
}

/** The message with every array in it that lies in a buffer. */
function withBuffers(value: unknown, buffers: DataView[]): unknown {
  if (Array.isArray(value)) {
    return value.map(one => withBuffers(one, buffers));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const fields = value as Fields;
  if (typeof fields['buffer'] === 'number') {
    return { ...fields, buffer: buffers[fields['buffer']] };
  }
  return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, withBuffers(one, buffers)]));
}
