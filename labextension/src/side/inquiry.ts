/** When the kernel is asked: it is idle, somebody looks, and a cell has run since the last answer. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { Channel } from './channel';
import { read, type Survey } from './survey';

/** How long the kernel has been idle before it is asked, in ms: between cells of "Run All" it is idle for less. */
const PAUSE = 400;
const OURS = /jupyter_phys/;

/** What is known of the kernel of the notebook in front. */
export type Known =
  | { state: 'no notebook' | 'no kernel' | 'waiting' | 'not loaded' }
  | { state: 'foreign'; language: string }
  | { state: 'failed'; why: string }
  | { state: 'listed'; survey: Survey };

export class Inquiry {
  private readonly channel = new Channel();
  private context: ISessionContext | null = null;
  private known: Known = { state: 'no notebook' };
  private visible = false;
  /** whether what is known may be out of date */
  private stale = true;
  private asking = false;
  /** counts kernels and restarts: an answer that comes later than the next one began is dropped */
  private turn = 0;
  private timer = 0;
  private idleSince = 0;

  constructor(private readonly tell: (known: Known, isBusy: boolean) => void) {}

  get kernel(): Kernel.IKernelConnection | null {
    return this.context?.session?.kernel ?? null;
  }

  follow(context: ISessionContext | null): void {
    if (context === this.context) {
      return;
    }
    this.leave();
    this.context = context;
    context?.statusChanged.connect(this.onStatus, this);
    context?.kernelChanged.connect(this.begin, this);
    context?.iopubMessage.connect(this.onMessage, this);
    this.begin();
  }

  look(visible: boolean): void {
    this.visible = visible;
    this.plan();
  }

  /** Asks anew, as soon as the kernel is idle; a question that is out is given up. */
  again(): void {
    this.turn += 1;
    [this.stale, this.asking] = [true, false];
    this.plan();
  }

  dispose(): void {
    this.leave();
    this.context = null;
    clearTimeout(this.timer);
  }

  private leave(): void {
    this.context?.statusChanged.disconnect(this.onStatus, this);
    this.context?.kernelChanged.disconnect(this.begin, this);
    this.context?.iopubMessage.disconnect(this.onMessage, this);
    this.channel.close();
  }

  /** Another notebook, another kernel, or the same one started anew: nothing is known of it. */
  private begin(): void {
    this.turn += 1;
    [this.stale, this.asking] = [true, false];
    this.idleSince = performance.now();
    this.learn({ state: this.context ? (this.kernel ? 'waiting' : 'no kernel') : 'no notebook' });
    this.plan();
  }

  private onStatus(_: ISessionContext, status: Kernel.Status): void {
    this.idleSince = performance.now();
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      this.channel.close();
      this.begin();
    } else if (!this.asking) {
      this.learn(this.known);
    }
    this.plan();
  }

  private onMessage(_: ISessionContext, message: KernelMessage.IMessage): void {
    if (message.header.msg_type === 'execute_input') {
      const { code } = message.content as KernelMessage.IExecuteInputMsg['content'];
      // A kernel that has not loaded the extension says so in its log each time: ask again only when it may have.
      this.stale ||= this.known.state !== 'not loaded' || OURS.test(code);
    }
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (this.due) {
      const left = PAUSE - (performance.now() - this.idleSince);
      this.timer = window.setTimeout(() => void this.ask(), Math.max(0, left));
    }
  }

  private get due(): boolean {
    return this.visible && this.stale && !this.asking && this.kernel?.status === 'idle';
  }

  private async ask(): Promise<void> {
    const { kernel, turn } = this;
    if (!kernel || !this.due) {
      return;
    }
    [this.stale, this.asking] = [false, true];
    const known = await this.answer(kernel).catch((error: unknown): Known => ({ state: 'failed', why: said(error) }));
    if (turn === this.turn) {
      this.asking = false;
      this.learn(known);
      this.plan();
    }
  }

  private async answer(kernel: Kernel.IKernelConnection): Promise<Known> {
    const { language_info: language } = await kernel.info;
    if (language.name !== 'python') {
      return { state: 'foreign', language: language.name };
    }
    const answer = await this.channel.ask(kernel);
    return answer === null ? { state: 'not loaded' } : { state: 'listed', survey: read(answer) };
  }

  private learn(known: Known): void {
    this.known = known;
    this.tell(known, this.kernel?.status === 'busy');
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
