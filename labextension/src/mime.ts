/** The painter as a MIME renderer of JupyterLab and Notebook 7. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { paint, type Painted } from './painter';
import { MIME_TYPE } from './reading/reading';

class ReadingRenderer extends Widget implements IRenderMime.IRenderer {
  private painted: Painted | null = null;

  constructor(private readonly mimeType: string) {
    super();
    this.addClass('jphys-output');
  }

  async renderModel({ data }: IRenderMime.IMimeModel): Promise<void> {
    const [payload, spare] = [data[this.mimeType], { text: data['text/plain'] }];
    if (this.painted) {
      this.painted.update(payload, { spare });
    } else {
      this.painted = paint(this.node, payload, spare);
    }
  }

  override dispose(): void {
    this.painted?.dispose();
    this.painted = null;
    super.dispose();
  }
}

const extension: IRenderMime.IExtension = {
  id: 'jupyter-phys:reading',
  description: 'Shows the readings of jupyter_phys.',
  rendererFactory: {
    safe: true, // so that a notebook that nobody trusted yet shows its readings too
    mimeTypes: [MIME_TYPE],
    createRenderer: ({ mimeType }) => new ReadingRenderer(mimeType)
  },
  rank: 0, // before text/html, which has 50
  dataType: 'json'
};

export default extension;
