/** The tutorials that came with the extension: one is copied into a folder and opened, no kernel needed. */
import { Dialog } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import { Widget } from '@lumino/widgets';
import { element, unique } from '../dom';
import { list, object, text } from '../reading/check';

export interface Tutorial {
  number: string;
  title: string;
  file: string;
}

/** The folder that this script was loaded from; the bundler fills it in. */
declare const __webpack_public_path__: string;

/** Which tutorial somebody chooses, or null. */
export async function choose(): Promise<Tutorial | null> {
  const dialog = new Dialog({
    title: 'Physics tutorials',
    body: new Shelf(await fetched()),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Open a copy' })],
    focusNodeSelector: 'input'
  });
  const { button, value } = await dialog.launch();
  return button.accept ? value : null;
}

/** Copies a tutorial into a folder, unless a file of its name is there already; gives its path. */
export async function copy({ file }: Tutorial, folder: string, contents: Contents.IManager): Promise<string> {
  const path = folder ? `${folder}/${file}` : file;
  const there = await contents.get(folder, { content: true });
  if (!(there.content as Contents.IModel[]).some(one => one.name === file)) {
    const content: unknown = await json(`tutorials/${file}`);
    await contents.save(path, { type: 'notebook', format: 'json', content });
  }
  return path;
}

class Shelf extends Widget implements Dialog.IBodyWidget<Tutorial | null> {
  private readonly group = unique('tutorial');

  constructor(private readonly tutorials: Tutorial[]) {
    super();
    this.addClass('jphys-shelf');
    this.node.setAttribute('role', 'radiogroup');
    this.node.setAttribute('aria-label', 'Tutorials');
    const hint = element('p', 'jphys-hint', 'A copy is put into the folder of the file browser; one that is there already is opened as it is.');
    this.node.append(...tutorials.map((one, index) => this.row(one, index === 0)), hint);
  }

  getValue(): Tutorial | null {
    const chosen = this.node.querySelector<HTMLInputElement>('input:checked');
    return this.tutorials.find(one => one.number === chosen?.value) ?? null;
  }

  private row({ number, title }: Tutorial, isFirst: boolean): HTMLElement {
    const [node, radio] = [element('label', 'jphys-volume'), element('input')];
    Object.assign(radio, { type: 'radio', name: this.group, value: number, checked: isFirst });
    node.append(radio, element('span', 'jphys-code', number), element('span', '', title));
    return node;
  }
}

async function fetched(): Promise<Tutorial[]> {
  return list(await json('tutorials/index.json'), 'the tutorials').map(value => {
    const it = object(value, 'a tutorial');
    return { number: text(it['number'], 'number'), title: text(it['title'], 'title'), file: text(it['file'], 'file') };
  });
}

async function json(name: string): Promise<unknown> {
  const answer = await fetch(new URL(name, new URL(__webpack_public_path__, location.href)));
  if (!answer.ok) {
    throw new Error(`The tutorials are not there: ${answer.status} ${answer.statusText}`);
  }
  return answer.json();
}
