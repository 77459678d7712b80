/** The panel at the left: what the notebook in front has, and what can be measured on it. */
import { showErrorMessage } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { element } from '../dom';
import { run } from './cells';
import { Inquiry, type Known } from './inquiry';
import { Measure } from './measure';
import { Memory } from './memory';
import { Readings } from './readings';
import { Status } from './status';
import { Variables } from './variables';

const CALM = 250; // ms without a change in the notebook, after which its readings are looked for

export class SidePanel extends Widget {
  private readonly inquiry = new Inquiry((known, isBusy) => this.learn(known, isBusy));
  private readonly status = new Status({
    load: () => this.run('%load_ext jupyter_phys'),
    stop: () => this.stop(),
    again: () => this.inquiry.again()
  });
  private readonly variables = new Variables(variable => this.measuring.take(variable));
  private readonly measuring = new Measure({
    run: line => this.run(line),
    chosen: (subject, task) => this.variables.mark(subject, task)
  });
  private readonly readings = new Readings(() => this.current);
  private readonly memory = new Memory();
  /** the parts that a kernel fills */
  private readonly ofKernel = [this.variables.node, this.measuring.node, this.memory.node];
  private followed: NotebookPanel | null = null;
  private timer = 0;
  private known: Known = { state: 'no notebook' };

  constructor(
    private readonly tracker: INotebookTracker,
    private readonly changed: () => void
  ) {
    super();
    this.id = 'jupyter-phys-panel';
    this.addClass('jphys-side');
    this.title.iconClass = 'jphys-icon';
    this.title.caption = 'Physics';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Physics');
    const name = element('h1', 'jphys-side-title', 'Physics');
    const inside = element('div', 'jphys-side-inside');
    inside.append(this.variables.node, this.measuring.node, this.readings.node, this.memory.node);
    this.node.append(name, this.status.node, inside);
    this.learn(this.known, false);
    tracker.currentChanged.connect(this.follow, this);
    this.follow();
  }

  get canMeasure(): boolean {
    return this.known.state === 'listed' && this.measuring.canMeasure;
  }

  get canStop(): boolean {
    return this.inquiry.kernel?.status === 'busy';
  }

  measure(): void {
    this.measuring.measure();
  }

  check(): void {
    this.measuring.check();
  }

  stop(): void {
    this.inquiry.kernel?.interrupt().catch((error: unknown) => showErrorMessage('The kernel was not interrupted', String(error)));
  }

  override dispose(): void {
    this.tracker.currentChanged.disconnect(this.follow, this);
    this.leave();
    this.inquiry.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.inquiry.look(true);
    this.readings.refresh();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.inquiry.look(false);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector<HTMLElement>('button:enabled:not([hidden]), summary')?.focus();
  }

  private get current(): NotebookPanel | null {
    return this.tracker.currentWidget;
  }

  private follow(): void {
    if (this.current === this.followed) {
      return;
    }
    this.leave();
    this.followed = this.current;
    this.followed?.content.modelContentChanged.connect(this.onContent, this);
    this.followed?.disposed.connect(this.follow, this);
    this.status.of(this.followed?.title.label ?? '');
    this.inquiry.follow(this.followed?.sessionContext ?? null);
    this.readings.refresh();
  }

  private leave(): void {
    clearTimeout(this.timer);
    this.followed?.content.modelContentChanged.disconnect(this.onContent, this);
    this.followed?.disposed.disconnect(this.follow, this);
  }

  /** A notebook changes at every key that is typed, and a reading may come in any of its outputs. */
  private onContent(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.isVisible && this.readings.refresh(), CALM);
  }

  private learn(known: Known, isBusy: boolean): void {
    const isNews = known !== this.known;
    this.known = known;
    this.status.show(known, isBusy);
    this.changed();
    this.ofKernel.forEach(node => (node.hidden = known.state !== 'listed'));
    if (known.state === 'listed' && isNews) {
      this.variables.show(known.survey);
      this.measuring.show(known.survey);
      this.memory.show(known.survey.bench);
    }
  }

  private run(line: string): void {
    if (this.current) {
      void run(this.current, line);
    }
  }
}
