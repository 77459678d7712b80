/** The head of the panel: which notebook, how its kernel is, and the button that helps. */
import { button, element } from '../dom';
import type { Known } from './inquiry';

export interface Helps {
  load(): void;
  stop(): void;
  again(): void;
}

export class Status {
  readonly node = element('div', 'jphys-side-head');
  private readonly notebook = element('div', 'jphys-side-notebook');
  private readonly state = element('p', 'jphys-hint');
  private readonly load: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private readonly again: HTMLButtonElement;

  constructor({ load, stop, again }: Helps) {
    this.state.setAttribute('role', 'status');
    this.load = button('Load jupyter_phys', 'jphys-act jphys-first', '', load);
    this.load.title = 'Write %load_ext jupyter_phys into a new cell, and run it';
    this.stop = button('Stop', 'jphys-act', '', stop);
    this.stop.title = 'Interrupt the kernel: what was measured so far is kept';
    this.again = button('Refresh', 'jphys-act', '', again);
    this.again.title = 'Ask the kernel again, as soon as it is idle';
    const acts = element('div', 'jphys-acts');
    acts.append(this.load, this.stop, this.again);
    this.node.append(this.notebook, this.state, acts);
  }

  of(notebook: string): void {
    this.notebook.textContent = notebook;
  }

  show(known: Known, isBusy: boolean): void {
    const text = sentence(known, isBusy);
    if (this.state.textContent !== text) {
      this.state.textContent = text; // said aloud only when it changes
    }
    const { state } = known;
    this.node.dataset['state'] = state.replace(' ', '-');
    this.load.hidden = state !== 'not loaded';
    this.stop.hidden = this.again.hidden = state === 'no notebook' || state === 'no kernel';
    this.stop.disabled = !isBusy;
  }
}

function sentence(known: Known, isBusy: boolean): string {
  switch (known.state) {
    case 'no notebook':
      return 'Open a notebook: its variables and readings are listed here.';
    case 'no kernel':
      return 'No kernel: the readings below are those saved in the notebook.';
    case 'foreign':
      return `This kernel speaks ${known.language}; the instruments need Python.`;
    case 'not loaded':
      return isBusy ? 'The kernel is busy.' : 'The kernel has not loaded the instruments yet.';
    case 'failed':
      return `The kernel could not say what it holds. ${known.why}`;
    case 'waiting':
      return isBusy ? 'The kernel is busy: it is asked when it is idle.' : 'Waiting for the kernel.';
    case 'listed':
      return isBusy ? 'The kernel is busy: the list is as it was before.' : 'The kernel is idle.';
  }
}
