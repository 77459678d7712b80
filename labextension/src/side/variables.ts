/** The measurable variables of the kernel; one that is clicked becomes the subject. */
import { button, element } from '../dom';
import { count } from '../facts';
import { bytes } from './memory';
import { refill, section } from './section';
import type { Survey, Variable } from './survey';

export class Variables {
  readonly node: HTMLElement;
  private readonly list = element('ul', 'jphys-rows');
  private readonly note = element('p', 'jphys-hint');
  private readonly refusal = element('p', 'jphys-hint');
  private shown = '';

  constructor(private readonly choose: (variable: Variable) => void) {
    this.list.setAttribute('aria-label', 'Measurable variables');
    this.refusal.setAttribute('role', 'status');
    this.node = section('Variables', this.list, this.note, this.refusal);
  }

  show({ variables, leftOut }: Survey): void {
    const now = JSON.stringify(variables);
    if (now !== this.shown) {
      this.shown = now;
      refill(this.list, variables.map(one => this.row(one)));
    }
    const none = variables.length === 0;
    this.list.hidden = none;
    this.note.hidden = !none && leftOut === 0;
    this.note.textContent = none
      ? 'No network, mask or array yet. Define one in a cell: it appears here when the cell has run.'
      : `The last ${count(variables.length)} of ${count(variables.length + leftOut)}.`;
  }

  /** Marks the subject, and which of them the chosen task measures. */
  mark(subject: string, task: string): void {
    for (const row of this.list.querySelectorAll('button')) {
      row.setAttribute('aria-pressed', String(row.dataset['name'] === subject));
      row.classList.toggle('jphys-apart', !(row.dataset['tasks'] ?? '').split('\n').includes(task));
    }
  }

  private take(variable: Variable): void {
    const isWanted = variable.measuredBy.length > 0;
    this.refusal.textContent = isWanted ? '' : `No instrument here measures ${variable.name}.`;
    if (isWanted) {
      this.choose(variable);
    }
  }

  private row(variable: Variable): HTMLButtonElement {
    const { name, kind, measuredBy } = variable;
    const node = button('', 'jphys-rowbutton', '', () => this.take(variable));
    node.dataset['name'] = name;
    node.dataset['tasks'] = measuredBy.join('\n');
    node.setAttribute('aria-pressed', 'false');
    const magics = measuredBy.map(key => `%${key}`).join(', ');
    node.title = magics ? `${name}: measured by ${magics}. Click to take it as the subject.` : `${name}: no instrument here measures it.`;
    node.append(element('span', 'jphys-code', name), element('span', 'jphys-kind', kind), element('span', 'jphys-facts', facts(variable)));
    return node;
  }
}

function facts({ type, dtype, shape, device, size, parameters }: Variable): string {
  const said = [
    dtype && shape ? dtype : type,
    shape && (shape.map(count).join('\u00a0×\u00a0') || 'single'),
    parameters !== null && `${count(parameters)}\u00a0parameters`,
    device,
    size !== null && bytes(size)
  ];
  return said.filter(Boolean).join(' · ');
}
