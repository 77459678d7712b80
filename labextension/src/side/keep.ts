/** "Keep" in a live widget: its line goes into a new cell below the one that the widget stands in. */
import type { INotebookTracker } from '@jupyterlab/notebook';
import { write } from './cells';

const EVENT = 'jupyter-phys:keep';

export function listen(tracker: INotebookTracker): void {
  document.addEventListener(EVENT, event => {
    const line: unknown = (event as CustomEvent<{ line?: unknown } | null>).detail?.line;
    const from = event.target;
    const panel = from instanceof Node ? tracker.find(one => one.node.contains(from)) : undefined;
    const index = panel?.content.widgets.findIndex(cell => cell.node.contains(from as Node)) ?? -1;
    if (panel && index >= 0 && typeof line === 'string') {
      write(panel, line, index);
      event.preventDefault(); // says that it was done
    }
  });
}
