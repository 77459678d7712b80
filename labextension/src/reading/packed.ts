/** Arrays as they stand in a reading, see docs/reading-1.md, and as a live widget sends them. */
import { finite, list, object, oneOf, text, whole, type Fields } from './check';

export interface Numbers {
  values: Float64Array | Float32Array;
  shape: number[];
}

/** The codes of `high`, of zero or less on a logarithmic scale, and of what is missing. */
const CODES = { u1: [253, 254, 255], u2: [65533, 65534, 65535] } as const;
const MOST = 2 ** 27; // numbers in one array: beyond this it is no reading but an attack

/** The numbers of an array of `ndim` dimensions, NaN where nothing was measured. */
export function numbers(value: unknown, ndim: number, name: string): Numbers {
  const found = Array.isArray(value) ? listed(value, name) : coded(object(value, name), name);
  if (found.shape.length !== ndim) {
    throw new Error(`${name} has ${found.shape.length} dimensions, not ${ndim}.`);
  }
  return found;
}

/** A series of numbers, or null where it was left out. */
export function series(value: unknown, name: string): Numbers['values'] | null {
  return value === undefined || value === null ? null : numbers(value, 1, name).values;
}

function listed(value: unknown[], name: string): Numbers {
  const values = Float64Array.from(value, one => (one === null ? NaN : finite(one, `a number of ${name}`)));
  return { values, shape: [values.length] };
}

function coded(it: Fields, name: string): Numbers {
  const shape = list(it['shape'], `the shape of ${name}`).map(length => whole(length, `the shape of ${name}`));
  const count = shape.reduce((product, length) => product * length, 1);
  if (count > MOST) {
    throw new Error(`${name} says it holds ${count} numbers, more than a page can show.`);
  }
  const dtype = oneOf(it['dtype'], ['u1', 'u2', 'f4', 'f8'] as const, `the dtype of ${name}`);
  return { values: dtype === 'u1' || dtype === 'u2' ? unpacked(it, count, dtype, name) : raw(it, count, dtype, name), shape };
}

function unpacked(it: Fields, count: number, dtype: 'u1' | 'u2', name: string): Float64Array {
  const bytes = fromBase64(text(it['b64'], `the bytes of ${name}`), name);
  const [wide, [top, below, missing]] = [dtype === 'u1' ? 1 : 2, CODES[dtype]];
  checkLength(bytes.length, count * wide, name);
  const low = finite(it['low'], `low of ${name}`);
  const high = finite(it['high'], `high of ${name}`);
  const log = oneOf(it['scale'], ['linear', 'log'] as const, `the scale of ${name}`) === 'log';
  if (log && !(low > 0 && high > 0)) {
    throw new Error(`${name} is logarithmic from ${low} to ${high}.`);
  }
  const [start, stop] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const decode = (code: number): number => {
    const part = code / top;
    const value = (1 - part) * start + part * stop;
    return code === missing ? NaN : code === below ? (log ? 0 : NaN) : log ? Math.exp(value) : value;
  };
  const values = new Float64Array(count);
  if (wide === 1) {
    const known = Float64Array.from({ length: 256 }, (_, code) => decode(code));
    bytes.forEach((code, i) => (values[i] = known[code]!));
  } else {
    for (let i = 0; i < count; i++) {
      values[i] = decode(bytes[2 * i]! + 256 * bytes[2 * i + 1]!);
    }
  }
  return values;
}

/** Plain floats in a buffer, the way a widget's messages bring them. */
function raw(it: Fields, count: number, dtype: 'f4' | 'f8', name: string): Numbers['values'] {
  const data = it['buffer'];
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : ArrayBuffer.isView(data) ? bytesOf(data) : null;
  if (bytes === null) {
    throw new Error(`${name} has no buffer of numbers.`);
  }
  checkLength(bytes.length, count * (dtype === 'f4' ? 4 : 8), name);
  const own = bytes.slice().buffer; // a copy: views of messages may start at odd places
  return dtype === 'f4' ? new Float32Array(own) : new Float64Array(own);
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function checkLength(got: number, wanted: number, name: string): void {
  if (got !== wanted) {
    throw new Error(`${name} has ${got} bytes where its shape wants ${wanted}.`);
  }
}

function fromBase64(letters: string, name: string): Uint8Array {
  try {
    return Uint8Array.from(atob(letters), letter => letter.charCodeAt(0));
  } catch {
    throw new Error(`${name} is not base64.`);
  }
}
