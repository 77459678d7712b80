/** One setting on the page: its name and unit, a slider where it has two ends, a box, a choice or a switch. */
import { element, unique } from '../dom';
import { Track } from './track';
import type { Field, Settled, Value } from './schema';

export class Control {
  readonly node = element('div', 'jphys-control');
  private readonly slider = element('input', 'jphys-slide');
  private readonly box: HTMLInputElement | HTMLSelectElement;
  private readonly error = element('div', 'jphys-wrong');
  private track: Track | null;
  private settled: Settled = {};
  private given: Value;

  constructor(
    readonly field: Field,
    private readonly changed: (name: string) => void
  ) {
    this.given = field.default;
    this.box = field.kind === 'choice' ? choiceOf(field) : element('input', 'jphys-box');
    this.track = Track.of(field, {});
    this.build();
    this.show();
  }

  get value(): Value {
    return this.given;
  }

  take(value: Value): void {
    this.given = value;
    this.show();
  }

  /** What it came to where it was left open, and where it may lie for what is measured now. */
  settle(settled: Settled): void {
    this.settled = settled;
    this.track = Track.of(this.field, settled);
    this.slide();
    if (document.activeElement !== this.box && this.box.getAttribute('aria-invalid') !== 'true') {
      this.show(); // what is being typed stays
    }
  }

  private build(): void {
    const { field, box, slider, error, node } = this;
    const label = element('label', 'jphys-name', field.name.replace(/_/g, ' '));
    box.id = label.htmlFor = unique('setting');
    node.title = field.description;
    node.dataset['setting'] = field.name;
    const [hint, unit] = [element('span', 'jphys-hidden', field.description), element('span', 'jphys-unit', field.unit)];
    [hint.id, error.id] = [unique('hint'), unique('wrong')];
    box.setAttribute('aria-describedby', `${hint.id} ${error.id}`);
    error.setAttribute('role', 'alert');
    slider.type = 'range';
    slider.setAttribute('aria-label', [label.textContent, field.unit].filter(Boolean).join(', '));
    slider.addEventListener('input', () => this.track && this.set(this.track.value(Number(slider.value))));
    if (box instanceof HTMLInputElement) {
      box.type = field.kind === 'switch' ? 'checkbox' : 'text';
      box.inputMode = 'decimal';
      box.autocomplete = 'off';
    }
    box.addEventListener('change', () => this.typed());
    box.addEventListener('keydown', event => event instanceof KeyboardEvent && event.key === 'Enter' && this.typed());
    node.append(label, slider, box, unit, hint, error);
  }

  private set(value: Value): void {
    this.given = value;
    this.show();
    this.changed(this.field.name);
  }

  private typed(): void {
    const { box, field, settled } = this;
    try {
      if (box instanceof HTMLSelectElement) {
        this.set(field.choices[box.selectedIndex]!);
      } else {
        this.set(field.kind === 'switch' ? box.checked : parsed(field, settled, box.value));
      }
    } catch (error) {
      this.wrong(error instanceof Error ? error.message : String(error));
    }
  }

  private wrong(why: string): void {
    this.error.textContent = why;
    this.error.hidden = !why;
    this.box.setAttribute('aria-invalid', String(why !== ''));
  }

  private slide(): void {
    const { field, slider, given, settled, track } = this;
    const value = given ?? settled.value ?? null;
    slider.hidden = track === null;
    if (track && typeof value === 'number') {
      Object.assign(slider, track.range);
      slider.value = String(track.place(value));
      slider.setAttribute('aria-valuetext', `${spelled(value)} ${field.unit}`.trim());
    }
  }

  private show(): void {
    const { box, field, given, settled } = this;
    this.slide();
    this.wrong('');
    if (box instanceof HTMLSelectElement) {
      box.selectedIndex = field.choices.indexOf(given);
    } else if (field.kind === 'switch') {
      box.checked = given === true;
    } else {
      box.value = given === null ? '' : spelled(given);
      box.placeholder = settled.value === undefined || settled.value === null ? 'auto' : `${spelled(settled.value)} (auto)`;
    }
  }
}

function choiceOf(field: Field): HTMLSelectElement {
  const node = element('select', 'jphys-box');
  node.append(...field.choices.map(choice => element('option', '', String(choice))));
  return node;
}

export function spelled(value: Value): string {
  if (Array.isArray(value)) {
    return value.map(spelled).join(', ');
  }
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
}

/** The value that somebody typed; throws an Error that says what may be typed. */
function parsed(field: Field, settled: Settled, typed: string): Value {
  if (/^[^.,;]*\d,\d[^.,;]*$/.test(typed)) {
    const [point, blank] = [typed.replace(',', '.'), typed.replace(',', ', ')].map(one => `“${one.trim()}”`);
    throw new Error(field.several ? `Type ${point}, or ${blank} for ${field.several} numbers.` : `Type ${point}.`);
  }
  const parts = typed.split(/[,;]/).map(part => part.trim()).filter(Boolean);
  if (!parts.length && field.optional) {
    return null;
  }
  const numbers = parts.map(part => within(field, settled, part));
  const several = field.kind === 'numbers' || (field.several > 0 && numbers.length > 1);
  if (numbers.length !== (several ? field.several : 1)) {
    throw new Error(several ? `Type ${field.several} numbers with a comma between.` : 'Type one number.');
  }
  return several ? numbers : numbers[0]!;
}

function within({ whole, ...field }: Field, settled: Settled, part: string): number {
  const [low, high] = [settled.low ?? field.low, settled.high ?? field.high];
  const value = Number(part.replace('−', '-'));
  if (!Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    throw new Error(`“${part}” is no ${whole ? 'whole ' : ''}number.`);
  }
  if ((low !== null && value < low) || (high !== null && value > high)) {
    throw new Error(`Allowed: ${low === null ? '−∞' : spelled(low)} … ${high === null ? '∞' : spelled(high)}.`);
  }
  return value;
}
