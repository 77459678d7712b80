/** Asks a kernel, one question at a time: of those that come meanwhile only the last is asked. */

/** What the explorer wants to see at full resolution; [row, column] in samples, or [ν₀, ν₁] in cycles per sample. */
export interface Question {
  panel: string;
  place?: [number, number];
  frequency?: [number, number];
}

export type Ask = (question: Question) => Promise<unknown>;

export class Asker {
  private newest = '';
  private waiting: Question | null = null;
  private isBusy = false;
  private isOver = false;
  private turn = 0; // counts readings: an answer about an earlier one is none

  constructor(
    private readonly ask: Ask,
    private readonly hear: (question: Question, answer: unknown) => void
  ) {}

  /** Wants `question` answered, and no other any more; null: nothing. */
  put(question: Question | null): void {
    const key = JSON.stringify(question);
    if (key !== this.newest) {
      [this.newest, this.waiting] = [key, question];
      void this.work();
    }
  }

  /** Another reading: what was asked is out of date, and may be asked again. */
  reset(): void {
    [this.newest, this.waiting] = ['', null];
    this.turn += 1;
  }

  dispose(): void {
    [this.isOver, this.waiting] = [true, null];
  }

  private async work(): Promise<void> {
    while (this.waiting && !this.isBusy) {
      const { waiting: question, turn } = this;
      [this.waiting, this.isBusy] = [null, true];
      try {
        const answer = await this.ask(question);
        if (!this.isOver && turn === this.turn && JSON.stringify(question) === this.newest) {
          this.hear(question, answer);
        }
      } catch {
        // no kernel, or it cannot: what is stored stays on the page
      } finally {
        this.isBusy = false;
      }
    }
  }
}
