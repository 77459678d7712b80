/** Numbers as jupyter_phys/figures/number.py prints them: 0.5023(12), with a real minus sign. */

export const NOT_MEASURED = 'not measured';

export function number(value: number, error: number | null = null, digits = 4): string {
  if (Number.isNaN(value)) {
    return NOT_MEASURED;
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? 'inf' : '−inf';
  }
  const known = error !== null && error > 1e-15 * Math.abs(value);
  const text = known ? withError(value, error) : error !== null && Number.isNaN(error) ? `${alone(value, digits)}(?)` : alone(value, digits);
  return text.replace(/-/g, '−');
}

function alone(value: number, digits: number): string {
  if (value === 0 || (Number.isInteger(value) && Math.abs(value) < 1e6)) {
    return String(value === 0 ? 0 : value);
  }
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e') as [string, string];
  const top = Number(exponent);
  if (top < -4 || top >= 6) {
    return `${trimmed(mantissa)}${power(top)}`;
  }
  return trimmed(value.toFixed(Math.max(0, digits - 1 - top)));
}

function withError(value: number, error: number): string {
  if (!Number.isFinite(error)) {
    return `${alone(value, 4)}(inf)`;
  }
  const last = Number(error.toExponential(1).split('e')[1]) - 1; // the decimal place of the error's second digit
  const top = orderOf(Math.max(Math.abs(value), error));
  if (top >= -4 && top < 6 && last <= 0) {
    return bracketed(value, error, -last);
  }
  const scale = 10 ** top;
  return `${bracketed(value / scale, error / scale, Math.min(20, Math.max(0, top - last)))}${power(top)}`;
}

function bracketed(value: number, error: number, decimals: number): string {
  const text = value.toFixed(decimals);
  const plain = Number(text) === 0 ? text.replace('-', '') : text;
  return error >= 1 ? `${plain}(${error.toFixed(decimals)})` : `${plain}(${Math.round(error * 10 ** decimals)})`;
}

function orderOf(size: number): number {
  return Number(size.toExponential().split('e')[1]);
}

function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function power(exponent: number): string {
  return `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

export function raised(exponent: number): string {
  return String(exponent).replace('-', '⁻').replace(/\d/g, digit => RAISED[Number(digit)]!);
}
