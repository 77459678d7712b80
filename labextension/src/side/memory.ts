/** Device and memory: where a measurement would run, and what is free there. */
import { element } from '../dom';
import { section } from './section';
import type { Bench } from './survey';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** 16384 as "16.0 KiB", which no line breaks. */
export function bytes(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    [value, unit] = [value / 1024, unit + 1];
  }
  return `${unit > 0 && value < 99.95 ? value.toFixed(1) : Math.round(value)}\u00a0${UNITS[unit]}`;
}

export class Memory {
  readonly node: HTMLElement;
  private readonly device = element('dd');
  private readonly free = element('dd');
  private readonly taken = element('dd');
  private readonly meter = element('meter', 'jphys-meter');

  constructor() {
    const facts = element('dl', 'jphys-bench');
    this.meter.setAttribute('aria-label', 'Memory in use');
    facts.append(element('dt', '', 'Device'), this.device, element('dt', '', 'Free'), this.free, element('dt', '', 'Kernel'), this.taken);
    this.node = section('Device and memory', facts, this.meter);
  }

  show({ device, state, free, total, taken }: Bench): void {
    this.device.textContent = [device, state].filter(Boolean).join(' · ');
    this.free.textContent = `${bytes(free)} of ${bytes(total)}`;
    this.taken.textContent = `holds ${bytes(taken)}`;
    this.meter.max = total;
    this.meter.value = total - free;
    this.meter.title = `${bytes(total - free)} of ${bytes(total)} in use`;
  }
}
