/** The side panel, its commands, the tutorials and live sliders, in JupyterLab and, as far as it goes there, in Notebook 7. */
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { addLiveOutput } from './live/output';
import { addPanelCommands, addTutorials, STOP } from './side/commands';
import { listen } from './side/keep';
import { SidePanel } from './side/panel';

const panel: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-phys:panel',
  description: 'Lists variables, instruments and readings at the left, and writes magic lines into cells.',
  autoStart: true,
  optional: [INotebookTracker, ICommandPalette, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker | null, palette: ICommandPalette | null, restorer: ILayoutRestorer | null) => {
    if (!tracker) {
      return; // a page of Notebook 7 without notebooks
    }
    const widget = new SidePanel(tracker, () => app.commands.hasCommand(STOP) && app.commands.notifyCommandChanged(STOP));
    app.shell.add(widget, 'left', { rank: 650 }); // below the folders, kernels and contents
    restorer?.add(widget, widget.id);
    addPanelCommands(app, widget, palette);
    listen(tracker);
  }
};

const tutorials: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-phys:tutorials',
  description: 'Opens copies of the tutorials.',
  autoStart: true,
  optional: [ICommandPalette, ILauncher],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null, launcher: ILauncher | null) => addTutorials(app, { palette, launcher })
};

const live: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-phys:live',
  description: 'Shows live sliders where a kernel has them, and one sentence elsewhere.',
  autoStart: true,
  optional: [INotebookTracker],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker | null) => {
    if (tracker) {
      addLiveOutput(tracker);
    }
  }
};

export default [panel, tutorials, live];
