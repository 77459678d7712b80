/** A part of the panel that folds under its heading. */
import { element } from '../dom';

export function section(name: string, ...inside: HTMLElement[]): HTMLDetailsElement {
  const node = element('details', 'jphys-section');
  node.open = true;
  node.dataset['section'] = name.toLowerCase();
  const heading = element('span', '', name);
  heading.setAttribute('role', 'heading');
  heading.setAttribute('aria-level', '2');
  const summary = element('summary', 'jphys-summary');
  summary.append(heading);
  node.append(summary, ...inside);
  return node;
}

/** Fills a list with buttons anew, and gives the focus back to the one of the same name. */
export function refill(list: HTMLElement, rows: HTMLButtonElement[]): void {
  const held = list.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset['name'] : undefined;
  list.replaceChildren(
    ...rows.map(row => {
      const item = element('li');
      item.append(row);
      return item;
    })
  );
  rows.find(row => row.dataset['name'] === held)?.focus();
}
