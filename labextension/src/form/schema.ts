/** What the JSON Schema of settings says about each of them, in the terms of a form. */
import { list, object, words, type Fields } from '../reading/check';

export type Value = number | string | boolean | null | Value[];
export type Values = Record<string, Value>;

/** A setting that was left open: what it came to in a measurement, and where it may lie there. */
export interface Settled {
  value?: Value;
  low?: number;
  high?: number;
}

export interface Field {
  name: string;
  description: string;
  unit: string;
  kind: 'choice' | 'switch' | 'number' | 'numbers';
  choices: Value[];
  whole: boolean;
  log: boolean;
  low: number | null;
  high: number | null;
  /** how many numbers it takes instead of one, or 0 */
  several: number;
  /** may be left open */
  optional: boolean;
  default: Value;
}

/** The fields of a schema, in its order; what no control can show is left to the magic line. */
export function fieldsOf(schema: unknown): Field[] {
  const properties = object(object(schema, 'the schema')['properties'], 'the properties');
  return Object.entries(properties).flatMap(([name, it]) => fieldOf(name, object(it, name)) ?? []);
}

function fieldOf(name: string, it: Fields): Field | null {
  const ways = it['anyOf'] === undefined ? [it] : list(it['anyOf'], name).map(way => object(way, name));
  const one = ways.find(way => way['type'] !== 'null' && way['type'] !== 'array');
  const many = ways.find(way => way['type'] === 'array');
  const kind = kindOf(one, many);
  return kind && {
    name,
    description: words(it['description'], name),
    unit: words(it['unit'], name),
    kind,
    choices: kind === 'choice' ? (list(one?.['enum'] ?? [one?.['const']], name) as Value[]) : [],
    whole: (one ?? itemOf(many))?.['type'] === 'integer',
    log: it['log'] === true,
    low: typeof it['minimum'] === 'number' ? it['minimum'] : null,
    high: typeof it['maximum'] === 'number' ? it['maximum'] : null,
    several: many && typeof many['minItems'] === 'number' ? many['minItems'] : 0,
    optional: ways.some(way => way['type'] === 'null'),
    default: (it['default'] ?? null) as Value
  };
}

function kindOf(one: Fields | undefined, many: Fields | undefined): Field['kind'] | null {
  if (one?.['enum'] !== undefined || one?.['const'] !== undefined) {
    return 'choice';
  }
  switch (one?.['type']) {
    case 'boolean':
      return 'switch';
    case 'number':
    case 'integer':
      return 'number';
    case undefined:
      return ['number', 'integer'].includes(String(itemOf(many)?.['type'])) ? 'numbers' : null;
    default:
      return null;
  }
}

function itemOf(many: Fields | undefined): Fields | undefined {
  const items = many?.['prefixItems'];
  return Array.isArray(items) ? (items[0] as Fields) : undefined;
}
