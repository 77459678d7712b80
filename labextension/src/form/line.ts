/** The magic line that measures what a form shows. */
import type { Value, Values } from './schema';

export interface Call {
  magic: string;
  /** empty: the default one */
  task: string;
  /** Python, as it would be typed; empty: the built-in subjects */
  subject: string;
  /** options that no form shows, as they were typed */
  fixed: string;
  values: Values;
}

export function magicLine({ magic, task, subject, fixed, values }: Call): string {
  const options = Object.entries(values).map(([name, value]) => `${name}=${literal(value)}`);
  return [`%${magic}`, task, subject, fixed, ...options].filter(Boolean).join(' ');
}

/** A value in Python; a choice is a bare word. */
function literal(value: Value): string {
  if (Array.isArray(value)) {
    return `(${value.map(literal).join(', ')}${value.length === 1 ? ',' : ''})`;
  }
  switch (typeof value) {
    case 'string':
      return /^[A-Za-z_]\w*$/.test(value) ? value : JSON.stringify(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return String(Number(value.toPrecision(12)));
    default:
      return 'None';
  }
}
