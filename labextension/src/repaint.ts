/**
 * Draws what has changed, once a frame: what is in sight first, when many plots move together the first of them first,
 * and what is out of sight when nothing has moved for a moment.
 */

const PATIENCE = 9; // milliseconds of a frame
const CALM = 150; // milliseconds without a change, after which what is out of sight is drawn too

export class Repaint {
  private readonly waiting = new Map<() => void, Element>();
  private readonly hidden = new Set<Element>();
  private readonly sight = new IntersectionObserver(entries => this.look(entries), { rootMargin: '50px' });
  private frame = 0;
  private timer = 0;

  /** Watches whether a node is in sight; one that is not watched counts as seen. */
  watch(node: Element): void {
    this.sight.observe(node);
  }

  ask(draw: () => void, node: Element): void {
    this.waiting.set(draw, node);
    this.plan();
  }

  /** Draws at once all that waits in sight: a frame sooner. */
  now(): void {
    for (const [draw, node] of this.waiting) {
      if (!this.hidden.has(node)) {
        this.waiting.delete(draw);
        draw();
      }
    }
    this.plan();
  }

  forget(draw: () => void, node: Element): void {
    this.waiting.delete(draw);
    this.sight.unobserve(node);
    this.hidden.delete(node);
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.sight.disconnect();
    this.waiting.clear();
  }

  private plan(): void {
    clearTimeout(this.timer);
    if ([...this.waiting.values()].some(node => !this.hidden.has(node))) {
      this.frame ||= requestAnimationFrame(() => this.work(false));
    } else if (this.waiting.size > 0) {
      this.timer = window.setTimeout(() => (this.frame ||= requestAnimationFrame(() => this.work(true))), CALM);
    }
  }

  private work(isCalm: boolean): void {
    this.frame = 0;
    const start = performance.now();
    for (const [draw, node] of this.waiting) {
      if (isCalm || !this.hidden.has(node)) {
        this.waiting.delete(draw);
        draw();
        if (performance.now() - start > PATIENCE) {
          break;
        }
      }
    }
    if (isCalm && this.waiting.size > 0) {
      this.frame ||= requestAnimationFrame(() => this.work(true));
    } else {
      this.plan();
    }
  }

  private look(entries: IntersectionObserverEntry[]): void {
    entries.forEach(({ isIntersecting, target }) => (isIntersecting ? this.hidden.delete(target) : this.hidden.add(target)));
    this.plan();
  }
}
