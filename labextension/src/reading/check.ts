/** Checks that what came from a stranger's file is of the kind that is wanted; each throws an Error in words. */

export type Fields = Record<string, unknown>;

export function object(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${name} is ${kind(value)}, not an object.`);
  }
  return value as Fields;
}

export function list(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) {
    throw new Error(`${name} is ${kind(value)}, not a list.`);
  }
  return value;
}

export function text(value: unknown, name: string): string {
  if (typeof value !== 'string') {
    throw new Error(`${name} is ${kind(value)}, not text.`);
  }
  return value;
}

/** Text that may be left out. */
export function words(value: unknown, name: string): string {
  return value === undefined || value === null ? '' : text(value, name);
}

export function finite(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Error(`${name} is ${kind(value)}, not a finite number.`);
  }
  return value;
}

export function whole(value: unknown, name: string): number {
  const count = finite(value, name);
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new Error(`${name} is ${count}, not a count.`);
  }
  return count;
}

export function pair(value: unknown, name: string): [number, number] {
  const both = list(value, name);
  if (both.length !== 2) {
    throw new Error(`${name} has ${both.length} numbers, not two.`);
  }
  return [finite(both[0], name), finite(both[1], name)];
}

export function oneOf<Choice extends string>(value: unknown, choices: readonly Choice[], name: string): Choice {
  const found = choices.find(choice => choice === value);
  if (found === undefined) {
    throw new Error(`${name} is ${JSON.stringify(value)?.slice(0, 60)}, not one of ${choices.join(', ')}.`);
  }
  return found;
}

export function kind(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
}
