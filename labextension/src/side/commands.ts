/** What the palette and the launcher offer. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { showErrorMessage, type ICommandPalette } from '@jupyterlab/apputils';
import type { ILauncher } from '@jupyterlab/launcher';
import type { SidePanel } from './panel';
import { choose, copy } from './tutorials';

const CATEGORY = 'Physics';
export const STOP = 'jupyter-phys:stop';
const TUTORIALS = 'jupyter-phys:tutorials';

export interface Places {
  palette: ICommandPalette | null;
  launcher: ILauncher | null;
}

/** The commands on the panel. */
export function addPanelCommands(app: JupyterFrontEnd, panel: SidePanel, palette: ICommandPalette | null): void {
  const open = () => app.shell.activateById(panel.id);
  const offer = offering(app, palette);
  offer('jupyter-phys:open', 'Open the Physics Panel', open);
  offer('jupyter-phys:measure', 'Measure What the Physics Panel Shows', () => (panel.canMeasure ? panel.measure() : open()));
  offer('jupyter-phys:check', 'Check the Instrument of the Physics Panel', () => (panel.canMeasure ? panel.check() : open()));
  offer(STOP, 'Stop the Measurement (Interrupt the Kernel)', () => panel.stop(), () => panel.canStop);
}

/** The tutorials, which need neither notebook nor kernel. */
export function addTutorials(app: JupyterFrontEnd, { palette, launcher }: Places): void {
  const offer = offering(app, palette);
  offer(TUTORIALS, args => (args['isPalette'] ? 'Open a Physics Tutorial…' : 'Physics tutorials'), ({ cwd }) => open(app, cwd));
  launcher?.add({ command: TUTORIALS, category: CATEGORY, rank: 1 });
}

type Arguments = Record<string, unknown>;
type Label = string | ((args: Arguments) => string);

function offering(app: JupyterFrontEnd, palette: ICommandPalette | null) {
  return (id: string, label: Label, execute: (args: Arguments) => unknown, isEnabled = () => true) => {
    app.commands.addCommand(id, { label, execute, isEnabled, iconClass: args => (args['isPalette'] ? '' : 'jphys-icon') });
    palette?.addItem({ command: id, category: CATEGORY, args: { isPalette: true } });
  };
}

async function open(app: JupyterFrontEnd, cwd: unknown): Promise<void> {
  try {
    const chosen = await choose();
    if (chosen) {
      const folder = typeof cwd === 'string' ? cwd : browsed(app);
      const path = await copy(chosen, folder, app.serviceManager.contents);
      await app.commands.execute('docmanager:open', { path });
    }
  } catch (error) {
    await showErrorMessage('Physics tutorials', error instanceof Error ? error.message : String(error));
  }
}

/** The folder of the file browser, where there is one; else the topmost. */
function browsed(app: JupyterFrontEnd): string {
  const browser = [...app.shell.widgets('left')].find(one => one.id === 'filebrowser') as { model?: { path?: unknown } } | undefined;
  const path = browser?.model?.path;
  return typeof path === 'string' ? path : '';
}
