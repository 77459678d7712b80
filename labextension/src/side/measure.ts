/** Instrument, task, subject and settings, and the magic line that comes of them. */
import { button, element } from '../dom';
import { Form } from '../form/form';
import { magicLine } from '../form/line';
import { Pick, type Choice, type Group } from './pick';
import { section } from './section';
import type { Instrument, Survey, Task, Variable } from './survey';

export interface Bench {
  /** puts a line into a new cell and runs it */
  run(line: string): void;
  /** hears of another subject or task */
  chosen(subject: string, task: string): void;
}

export class Measure {
  readonly node: HTMLElement;
  private readonly task = new Pick('Instrument', () => this.build());
  private readonly subject = new Pick('Subject', () => this.build());
  private readonly title = element('p', 'jphys-hint');
  private readonly broken = element('p', 'jphys-hint jphys-wrong');
  private readonly place = element('div', 'jphys-settings');
  private readonly line = element('output', 'jphys-code jphys-written');
  private readonly buttons: HTMLButtonElement[];
  /** the forms made so far, so that what was set in one is there when it comes back */
  private readonly forms = new Map<string, Form>();
  private form: Form | null = null;
  private tasks: Task[] = [];
  private variables: Variable[] = [];

  constructor(private readonly bench: Bench) {
    this.buttons = [
      button('Measure', 'jphys-act jphys-first', '', () => this.measure()),
      button('Check', 'jphys-act', '', () => this.check())
    ];
    this.buttons[0]!.title = 'Write this line into a new cell below the active one, and run it';
    this.buttons[1]!.title = 'Write and run the calibration of this instrument: known answers with their sources';
    const [acts, foremost] = [element('div', 'jphys-acts'), element('div', 'jphys-foremost')];
    acts.append(...this.buttons);
    foremost.append(this.line, acts);
    this.line.setAttribute('aria-label', 'The line that Measure writes');
    this.node = section('Measure', this.task.node, this.title, this.broken, this.subject.node, this.place, foremost);
  }

  get canMeasure(): boolean {
    return this.task.value !== '';
  }

  show({ instruments, variables }: Survey): void {
    this.tasks = instruments.flatMap(one => one.tasks);
    this.variables = variables;
    this.task.offer(instruments.map(one => ({ label: one.title, choices: one.tasks.map(task => magicOf(one, task)) })));
    const why = instruments.filter(one => one.broken).map(one => `%${one.name} does not load: ${one.broken}`);
    this.broken.textContent = why.join('\n');
    this.broken.hidden = why.length === 0;
    this.buttons.forEach(one => (one.disabled = !this.canMeasure));
    this.build();
  }

  /** Takes a variable as the subject, and an instrument that measures it. */
  take({ name, measuredBy }: Variable): void {
    if (!measuredBy.includes(this.task.value)) {
      this.task.value = measuredBy[0] ?? this.task.value;
      this.build(); // offers the subjects of that task
    }
    this.subject.value = name;
    this.build();
  }

  measure(): void {
    this.build();
    if (this.canMeasure) {
      this.bench.run(this.written());
    }
  }

  check(): void {
    const { chosen } = this;
    if (chosen) {
      this.bench.run(magicLine({ magic: chosen.instrument, task: '', subject: '--check', fixed: '', values: {} }));
    }
  }

  private get chosen(): Task | undefined {
    return this.tasks.find(one => one.key === this.task.value);
  }

  private build(): void {
    const { chosen } = this;
    if (!chosen) {
      return;
    }
    this.title.textContent = sentence(chosen.title);
    this.subject.offer(subjects(chosen, this.variables));
    const form = this.formOf(chosen, this.subject.value);
    if (form !== this.form) {
      this.form = form;
      this.place.replaceChildren(form.node);
    }
    this.write();
    this.bench.chosen(this.subject.value, chosen.key);
  }

  /** The form of a task; a subject known by name brings settings of its own. */
  private formOf({ key, schema, named }: Task, subject: string): Form {
    const isNamed = !this.variables.some(one => one.name === subject);
    const own = (isNamed ? named.get(subject) : undefined) ?? {};
    const whole = { ...schema, properties: { ...own, ...(schema['properties'] as object) } };
    const name = `${key} ${JSON.stringify(whole)}`;
    const form = this.forms.get(name) ?? new Form(whole, () => this.write());
    this.forms.set(name, form);
    return form;
  }

  private write(): void {
    this.line.textContent = this.written();
  }

  private written(): string {
    const { chosen, form } = this;
    const values = form?.values() ?? {};
    const task = chosen && !chosen.isDefault ? chosen.name : '';
    return chosen ? magicLine({ magic: chosen.instrument, task, subject: this.subject.value, fixed: '', values }) : '';
  }
}

function magicOf({ tasks }: Instrument, task: Task): Choice {
  return { value: task.key, label: tasks.length > 1 ? `%${task.instrument} ${task.name}` : `%${task.instrument}` };
}

function subjects(task: Task, variables: Variable[]): Group[] {
  const mine = variables.filter(one => one.measuredBy.includes(task.key)).map(({ name }) => ({ value: name, label: name }));
  const named = [...task.named.keys()].filter(name => !variables.some(one => one.name === name)).map(name => ({ value: name, label: name }));
  const none = task.hasDefault || !mine.length ? [{ value: '', label: task.hasDefault ? 'built-in examples' : 'none yet' }] : [];
  return [
    { label: '', choices: none },
    { label: 'Variables', choices: mine },
    { label: 'Known by name', choices: named }
  ];
}

function sentence(text: string): string {
  return text && `${text[0]!.toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
}
