/** A form made from the JSON Schema of settings: the live sliders and the side panel share it. */
import { element } from '../dom';
import { Control } from './control';
import { fieldsOf, type Settled, type Value, type Values } from './schema';

export class Form {
  readonly node = element('div', 'jphys-form');
  private readonly controls: Control[];
  private given = new Set<string>();

  /** `changed` hears the name of every setting that somebody changes. */
  constructor(schema: unknown, changed: (name: string) => void) {
    this.controls = fieldsOf(schema).map(field => new Control(field, changed));
    this.node.setAttribute('role', 'group');
    this.node.dataset['lmSuppressShortcuts'] = 'true'; // JupyterLab would take letters and arrows for itself
    this.node.setAttribute('aria-label', 'Settings');
    this.node.append(...this.controls.map(control => control.node));
  }

  /** What differs from the defaults, and what was given: a subject may bring other values along. */
  values(): Values {
    const changed = this.controls.filter(({ field, value }) => this.given.has(field.name) || !same(value, field.default));
    return Object.fromEntries(changed.map(({ field, value }) => [field.name, value]));
  }

  /** Shows `values`, and the defaults of all else. */
  take(values: Values): void {
    Object.keys(values).forEach(name => this.given.add(name));
    this.controls.forEach(control => control.take(values[control.field.name] ?? control.field.default));
  }

  /** What settings that are left open came to, and where they may lie for what is measured now. */
  settle(settled: Record<string, Settled>): void {
    this.controls.forEach(control => control.settle(settled[control.field.name] ?? {}));
  }
}

function same(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
