/** Cells for magic lines: the panel writes what it does into the notebook, and does nothing else. */
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';

/** A new code cell with this line below the cell with that index, or below the active one. */
export function write({ content }: NotebookPanel, line: string, index = content.activeCellIndex): void {
  content.activeCellIndex = index;
  NotebookActions.insertBelow(content);
  if (content.activeCell?.model.type !== 'code') {
    NotebookActions.changeCellType(content, 'code');
  }
  content.activeCell?.model.sharedModel.setSource(line);
  void content.scrollToItem(content.activeCellIndex);
}

export async function run(panel: NotebookPanel, line: string): Promise<void> {
  write(panel, line);
  await NotebookActions.run(panel.content, panel.sessionContext);
}
