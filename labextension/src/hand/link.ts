/** Panels of one reading that show the same quantity move together: zooming one zooms all, as does pointing. */
import { titleOf, type Axis, type Range } from '../reading/panel';
import { within } from '../draw/scale';

/** Values by quantity: where the pointer is. */
export type Place = ReadonlyMap<string, number>;

export interface Member {
  axes(): Axis[];
  /** the part in view of one of its axes has changed */
  looksElsewhere(): void;
  /** somebody points at a place, or no longer */
  pointed(place: Place | null): void;
}

/** Axes of one key show the same quantity; an axis without a name shares with nobody. */
export function quantity(axis: Axis): string {
  return axis.label ? [titleOf(axis), axis.log, ...axis.categories].join('\n') : '';
}

export class Link {
  private readonly members = new Set<Member>();
  private readonly views = new Map<string, Range>();

  join(member: Member): void {
    this.members.add(member);
  }

  leave(member: Member): void {
    this.members.delete(member);
  }

  /** The part of an axis that is in view. */
  view(axis: Axis): Range {
    const found = this.views.get(this.key(axis));
    return found ? within(found, axis) : [axis.low, axis.high];
  }

  isWhole(axis: Axis): boolean {
    const [low, high] = this.view(axis);
    return low === axis.low && high === axis.high;
  }

  /** Shows `ranges` of axes, null for the whole; the one who asks is redrawn first. */
  look(ranges: readonly (readonly [Axis, Range | null])[], origin: Member): void {
    const keys = new Set(ranges.map(([axis]) => this.key(axis)));
    for (const [axis, range] of ranges) {
      const kept = range && within(range, axis);
      if (kept && (kept[0] !== axis.low || kept[1] !== axis.high)) {
        this.views.set(this.key(axis), kept);
      } else {
        this.views.delete(this.key(axis));
      }
    }
    for (const member of [origin, ...this.others(origin)]) {
      if (member.axes().some(axis => keys.has(this.key(axis)))) {
        member.looksElsewhere();
      }
    }
  }

  /** Tells the others where the pointer is. */
  point(place: Place | null, origin: Member): void {
    this.others(origin).forEach(member => member.pointed(place));
  }

  private others(origin: Member): Member[] {
    return [...this.members].filter(member => member !== origin);
  }

  private readonly own = new WeakMap<Axis, string>();
  private count = 0;

  private key(axis: Axis): string {
    const shared = quantity(axis);
    if (!shared && !this.own.has(axis)) {
      this.own.set(axis, `axis ${(this.count += 1)}`);
    }
    return shared || this.own.get(axis)!;
  }
}
