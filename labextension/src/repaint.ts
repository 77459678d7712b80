/** Draws what has changed, once a frame; when many plots move together the first goes first, the rest when time is. */

const PATIENCE = 9; // milliseconds of a frame

export class Repaint {
  private readonly waiting = new Set<() => void>();
  private frame = 0;

  ask(draw: () => void): void {
    this.waiting.add(draw);
    this.frame ||= requestAnimationFrame(() => this.work());
  }

  forget(draw: () => void): void {
    this.waiting.delete(draw);
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.waiting.clear();
  }

  private work(): void {
    this.frame = 0;
    const start = performance.now();
    for (const draw of this.waiting) {
      this.waiting.delete(draw);
      draw();
      if (performance.now() - start > PATIENCE) {
        break;
      }
    }
    if (this.waiting.size > 0) {
      this.frame ||= requestAnimationFrame(() => this.work());
    }
  }
}
