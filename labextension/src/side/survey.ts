/** What a kernel tells of itself. Strangers' packages take part in it, so its shape is checked before it is used. */
import { finite, list, object, text, whole, words, type Fields } from '../reading/check';

export interface Variable {
  name: string;
  /** network, mask, array, or subject: something else that an instrument knows */
  kind: string;
  type: string;
  dtype: string;
  shape: number[] | null;
  device: string;
  /** bytes */
  size: number | null;
  parameters: number | null;
  /** keys of the tasks that measure it */
  measuredBy: string[];
}

export interface Task {
  key: string;
  instrument: string;
  name: string;
  title: string;
  accepts: string;
  /** subjects known by name, each with the settings of its own */
  named: Map<string, Fields>;
  hasDefault: boolean;
  isDefault: boolean;
  schema: Fields;
}

export interface Instrument {
  name: string;
  title: string;
  tasks: Task[];
  /** why it does not load; empty where it does */
  broken: string;
}

/** Where measurements run; memory in bytes. */
export interface Bench {
  device: string;
  state: string;
  free: number;
  total: number;
  /** what the kernel holds of it */
  taken: number;
}

export interface Survey {
  variables: Variable[];
  leftOut: number;
  instruments: Instrument[];
  bench: Bench;
}

/** Reads an answer; throws an Error in words where it is none. */
export function read(answer: unknown): Survey {
  const said = object(answer, 'the answer');
  if (said['error'] !== undefined) {
    throw new Error(words(said['error'], 'the error'));
  }
  return {
    variables: list(said['variables'], 'variables').map(variable),
    leftOut: whole(said['left_out'], 'left_out'),
    instruments: list(said['instruments'], 'instruments').map(instrument),
    bench: bench(object(said['bench'], 'bench'))
  };
}

function variable(value: unknown): Variable {
  const it = object(value, 'a variable');
  return {
    name: text(it['name'], 'name'),
    kind: text(it['kind'], 'kind'),
    type: words(it['type'], 'type'),
    dtype: words(it['dtype'], 'dtype'),
    shape: isGiven(it['shape']) ? list(it['shape'], 'shape').map(one => whole(one, 'shape')) : null,
    device: words(it['device'], 'device'),
    size: isGiven(it['size']) ? whole(it['size'], 'size') : null,
    parameters: isGiven(it['parameters']) ? whole(it['parameters'], 'parameters') : null,
    measuredBy: list(it['measured_by'], 'measured_by').map(pair => list(pair, 'measured_by').join(' '))
  };
}

function instrument(value: unknown): Instrument {
  const it = object(value, 'an instrument');
  const name = text(it['name'], 'name');
  const tasks = list(it['tasks'], 'tasks').map((one, index) => task(name, object(one, 'a task'), index === 0));
  return { name, title: words(it['title'], 'title'), tasks, broken: words(it['broken'], 'broken') };
}

function task(instrument: string, it: Fields, isDefault: boolean): Task {
  const name = text(it['name'], 'name');
  const named = Object.entries(object(it['named'], 'named')).map(([word, own]) => [word, object(own, word)] as const);
  return {
    key: `${instrument} ${name}`,
    instrument,
    name,
    title: words(it['title'], 'title'),
    accepts: words(it['accepts'], 'accepts'),
    named: new Map(named),
    hasDefault: it['has_default'] === true,
    isDefault,
    schema: object(it['schema'], 'schema')
  };
}

function bench(it: Fields): Bench {
  return {
    device: words(it['device'], 'device'),
    state: words(it['state'], 'state'),
    free: finite(it['free'], 'free'),
    total: finite(it['total'], 'total'),
    taken: finite(it['taken'], 'taken')
  };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
