/**
 * What an output of live sliders shows: the sliders where a kernel has them, else one sentence. Without it a saved
 * notebook would say "Loading widget..." for ever.
 */
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { element } from '../dom';

const LIVE = 'application/vnd.jupyter-phys.live.v1+json';
const WIDGET = 'application/vnd.jupyter.widget-view+json';
const RANK = -20; // before ipywidgets' own, which has -10
const LOOKS = 40; // for a kernel and for ipywidgets, which may come later than the notebook
const PAUSE = 500; // milliseconds from one look to the next
const PATIENCE = 1500; // for a model that a kernel may not have any more

class LiveOutput extends Widget implements IRenderMime.IRenderer {
  private live: IRenderMime.IRenderer | null = null;
  private model: IRenderMime.IMimeModel | null = null;

  constructor(private readonly tracker: INotebookTracker) {
    super();
    this.addClass('jphys-live-output');
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
    this.live?.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    void this.look();
  }

  private async look(): Promise<void> {
    for (let i = 0; i < LOOKS && this.model && !this.isDisposed && !this.live; i++) {
      const found = this.tracker.find(panel => panel.node.contains(this.node));
      const { rendermime } = found?.content ?? {};
      if (found?.sessionContext.session?.kernel && rendermime?.mimeTypes.includes(WIDGET)) {
        await this.goLive(rendermime, this.model);
      }
      await pause(PAUSE);
    }
  }

  /** A renderer of ipywidgets that was made before the kernel came stays empty: it is thrown away, to try again. */
  private async goLive(rendermime: IRenderMimeRegistry, model: IRenderMime.IMimeModel): Promise<void> {
    const live = rendermime.createRenderer(WIDGET);
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

export function addLiveOutput(registry: IRenderMimeRegistry, tracker: INotebookTracker): void {
  registry.addFactory({ safe: false, mimeTypes: [LIVE], createRenderer: () => new LiveOutput(tracker) }, RANK);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(done => setTimeout(done, milliseconds));
}
