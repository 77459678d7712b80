/** The way of a slider between two ends, even in the value or in its logarithm. */
import type { Field, Settled } from './schema';

const STEPS = 400;

export class Track {
  private constructor(
    private readonly low: number,
    private readonly high: number,
    private readonly log: boolean,
    private readonly whole: boolean
  ) {}

  /** null where an end is open: such a setting has a box alone. */
  static of(field: Field, settled: Settled): Track | null {
    const [low, high] = [settled.low ?? field.low, settled.high ?? field.high];
    if (field.kind !== 'number' || low === null || high === null || !(low < high)) {
      return null;
    }
    return new Track(low, high, field.log && low > 0, field.whole);
  }

  get range(): { min: string; max: string; step: string } {
    return this.even ? { min: String(this.low), max: String(this.high), step: '1' } : { min: '0', max: String(STEPS), step: '1' };
  }

  /** Every whole number has a place of its own. */
  private get even(): boolean {
    return this.whole && !this.log;
  }

  value(place: number): number {
    if (this.even) {
      return place;
    }
    const [low, high] = [this.forward(this.low), this.forward(this.high)];
    const exact = this.back(low + ((high - low) * place) / STEPS);
    const short = this.whole ? Math.round(exact) : Number(exact.toPrecision(3));
    return Math.min(this.high, Math.max(this.low, short));
  }

  place(value: number): number {
    if (this.even) {
      return value;
    }
    const [low, high] = [this.forward(this.low), this.forward(this.high)];
    return (STEPS * (this.forward(Math.min(this.high, Math.max(this.low, value))) - low)) / (high - low);
  }

  private forward(value: number): number {
    return this.log ? Math.log(value) : value;
  }

  private back(value: number): number {
    return this.log ? Math.exp(value) : value;
  }
}
