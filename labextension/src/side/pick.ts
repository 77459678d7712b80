/** A choice under a label: a select whose groups change, and which keeps what was chosen as long as it is there. */
import { element, unique } from '../dom';

export interface Choice {
  value: string;
  label: string;
}

export interface Group {
  /** empty: its choices stand in no group */
  label: string;
  choices: Choice[];
}

export class Pick {
  readonly node = element('div', 'jphys-pick');
  private readonly select = element('select', 'jphys-box');
  private shown = '';

  constructor(name: string, changed: () => void) {
    const label = element('label', 'jphys-name', name);
    this.select.id = label.htmlFor = unique('pick');
    this.select.dataset['pick'] = name.toLowerCase();
    this.select.addEventListener('change', changed);
    this.node.append(label, this.select);
  }

  get value(): string {
    return this.select.value;
  }

  set value(value: string) {
    this.select.value = value;
  }

  offer(groups: Group[]): void {
    const now = JSON.stringify(groups);
    if (now === this.shown) {
      return;
    }
    this.shown = now;
    const { value } = this;
    const there = groups.some(group => group.choices.some(choice => choice.value === value));
    this.select.replaceChildren(...groups.filter(group => group.choices.length).flatMap(nodes));
    this.select.selectedIndex = 0;
    if (there) {
      this.select.value = value;
    }
  }
}

function nodes({ label, choices }: Group): HTMLElement[] {
  const options = choices.map(choice => {
    const node = element('option', '', choice.label);
    node.value = choice.value;
    return node;
  });
  if (!label) {
    return options;
  }
  const group = element('optgroup');
  group.label = label;
  group.append(...options);
  return [group];
}
