/** The controls of a movie: play and pause, a slider along its time, the time itself. Nothing plays unasked. */
import { button, element, unique } from '../dom';
import { titleOf, type Movie } from '../reading/panel';
import { said } from './hit';

const WHOLE = 5000; // milliseconds for one run, if its frames are not shown shorter or longer than
const SHORTEST = 60;
const LONGEST = 400;

export class Player {
  readonly node = element('div', 'jphys-player');
  private readonly toggle = button('▶', 'jphys-tool', 'Play the movie', () => this.turn());
  private readonly slider = element('input');
  private readonly clock = element('output', 'jphys-clock');
  private timer = 0;

  constructor(
    private movie: Movie,
    private readonly show: (frame: number) => void
  ) {
    const label = element('label', 'jphys-hidden', titleOf(movie.clock));
    this.slider.type = 'range';
    this.slider.id = label.htmlFor = unique('time');
    this.slider.step = '1';
    this.slider.min = this.slider.value = '0'; // its value would be the middle
    this.slider.addEventListener('input', () => {
      this.pause();
      this.go(this.frame);
    });
    this.node.append(this.toggle, label, this.slider, this.clock);
    this.take(movie);
  }

  get frame(): number {
    return Number(this.slider.value);
  }

  /** Another movie in its place, at the same frame where it has one. */
  take(movie: Movie): void {
    this.movie = movie;
    this.slider.max = String(Math.max(0, movie.time.length - 1));
    this.say();
  }

  turn(): void {
    if (this.timer) {
      this.pause();
      return;
    }
    const last = this.movie.time.length - 1;
    if (this.frame >= last) {
      this.go(0);
    }
    const pace = Math.min(LONGEST, Math.max(SHORTEST, WHOLE / Math.max(1, last + 1)));
    this.timer = window.setInterval(() => (this.frame < last ? this.go(this.frame + 1) : this.pause()), pace);
    this.face('❚❚', 'Pause the movie');
  }

  pause(): void {
    window.clearInterval(this.timer);
    this.timer = 0;
    this.face('▶', 'Play the movie');
  }

  private go(frame: number): void {
    this.slider.value = String(frame);
    this.say();
    this.show(frame);
  }

  private say(): void {
    const text = said(this.movie.clock, this.movie.time[this.frame] ?? NaN);
    this.clock.value = `${this.movie.clock.label} ${text}`.trim();
    this.slider.setAttribute('aria-valuetext', text);
  }

  private face(sign: string, hint: string): void {
    this.toggle.textContent = sign;
    this.toggle.title = hint;
    this.toggle.setAttribute('aria-label', hint);
  }
}
