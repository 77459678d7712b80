/**
 * What an output of live sliders shows: the sliders where a kernel has them, else one sentence. Without it a saved
 * notebook would say "Loading widget..." for ever.
 */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { element } from '../dom';

const LIVE = 'application/vnd.jupyter-phys.live.v1+json';
const WIDGET = 'application/vnd.jupyter.widget-view+json';
const RANK = -20; // before ipywidgets' own, which has -10
const LOOKS = 40; // for a kernel and for ipywidgets, which may come later than the notebook
const PAUSE = 500; // milliseconds from one look to the next
const LONG = 400; // milliseconds that a kernel is busy where a cell runs, and no message is heard
const PATIENCE = 1500; // for a model that a kernel may not have any more

class LiveOutput extends Widget implements IRenderMime.IRenderer {
  private live: IRenderMime.IRenderer | null = null;
  private model: IRenderMime.IMimeModel | null = null;
  private timer = 0;

  constructor(private readonly panel: NotebookPanel) {
    super();
    this.addClass('jphys-live-output');
    panel.sessionContext.statusChanged.connect(this.hear, this);
    panel.sessionContext.kernelChanged.connect(this.hear, this);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    const { closed } = (model.data[LIVE] ?? {}) as { closed?: unknown };
    this.node.replaceChildren(element('p', 'jphys-closed', typeof closed === 'string' ? closed : ''));
    if (this.isAttached) {
      void this.look();
    }
  }

  override dispose(): void {
    this.panel.sessionContext.statusChanged.disconnect(this.hear, this);
    this.panel.sessionContext.kernelChanged.disconnect(this.hear, this);
    window.clearTimeout(this.timer);
    this.live?.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    void this.look();
  }

  /** Sliders cannot know of the end of a kernel, nor always that a cell runs: no comm tells them. */
  private hear({ session }: ISessionContext): void {
    const status = session?.kernel?.status;
    window.clearTimeout(this.timer);
    if (status === undefined || status === 'dead' || status === 'terminating') {
      this.tell('gone');
    } else if (status === 'busy') {
      this.timer = window.setTimeout(() => this.tell('busy'), LONG);
    } else {
      this.tell('idle');
    }
  }

  private tell(detail: 'gone' | 'busy' | 'idle'): void {
    this.node.querySelector('.jphys-live')?.dispatchEvent(new CustomEvent('jupyter-phys:kernel', { detail }));
  }

  private async look(): Promise<void> {
    const { panel } = this;
    for (let i = 0; i < LOOKS && this.model && !this.isDisposed && !panel.isDisposed && !this.live; i++) {
      const { rendermime } = panel.content;
      if (panel.sessionContext.session?.kernel && rendermime.mimeTypes.includes(WIDGET)) {
        await this.goLive(rendermime.createRenderer(WIDGET), this.model);
      }
      await pause(PAUSE);
    }
  }

  /** A renderer of ipywidgets that was made before the kernel came stays empty: it is thrown away, to try again. */
  private async goLive(live: IRenderMime.IRenderer, model: IRenderMime.IMimeModel): Promise<void> {
    live.node.style.display = 'none';
    this.node.append(live.node);
    await Promise.race([live.renderModel(model), pause(PATIENCE)]);
    if (live.node.childElementCount === 0 || this.live || this.isDisposed) {
      live.dispose();
      live.node.remove();
      return;
    }
    this.live = live;
    live.node.style.display = '';
    this.node.querySelector('.jphys-closed')?.remove();
  }
}

/** In notebooks alone, and in views of their outputs: elsewhere ipywidgets shows its widgets itself. */
export function addLiveOutput(tracker: INotebookTracker): void {
  const add = (_: unknown, panel: NotebookPanel) => {
    const createRenderer = () => new LiveOutput(panel);
    panel.content.rendermime.addFactory({ safe: false, mimeTypes: [LIVE], createRenderer }, RANK);
  };
  tracker.forEach(panel => add(tracker, panel));
  tracker.widgetAdded.connect(add);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(done => setTimeout(done, milliseconds));
}
