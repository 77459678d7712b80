/** Buttons that choose between all stages side by side and one in place of the other. Nothing blinks unasked. */
import { button, element } from '../dom';

const PACE = 700; // milliseconds a stage: slower than three flashes a second

export class Blinker {
  readonly node = element('div', 'jphys-tools');
  private readonly beside = button('side by side', 'jphys-switch', '', () => this.turn(false));
  private readonly blink = button('blink', 'jphys-switch', '', () => this.turn(true));
  private readonly toggle = button('', 'jphys-tool', '', () => (this.timer ? this.pause() : this.play()));
  private readonly chips: HTMLButtonElement[];
  private timer = 0;
  isOn = false;
  stage = 0;

  constructor(
    stages: string[],
    private readonly changed: () => void
  ) {
    this.chips = stages.map((name, i) => button(name, 'jphys-switch', '', () => this.choose(i)));
    this.node.setAttribute('role', 'group');
    this.node.setAttribute('aria-label', 'Before and after');
    this.node.append(this.beside, this.blink, this.toggle, ...this.chips);
    this.node.hidden = stages.length < 2;
    this.face();
  }

  get isMoving(): boolean {
    return this.timer !== 0;
  }

  pause(): void {
    window.clearInterval(this.timer);
    this.timer = 0;
    this.face();
  }

  /** Who asked for less motion starts with a standing picture; the buttons still go from one to the other. */
  private turn(isOn: boolean): void {
    this.pause();
    this.isOn = isOn;
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    isOn && !isStill ? this.play() : this.face();
    this.changed();
  }

  private play(): void {
    this.timer = window.setInterval(() => this.show((this.stage + 1) % this.chips.length), PACE);
    this.face();
  }

  private choose(stage: number): void {
    this.pause();
    this.show(stage);
  }

  private show(stage: number): void {
    this.stage = stage;
    this.face();
    this.changed();
  }

  private face(): void {
    const { isOn, stage, toggle, chips } = this;
    this.beside.setAttribute('aria-pressed', String(!isOn));
    this.blink.setAttribute('aria-pressed', String(isOn));
    [toggle, ...chips].forEach(it => (it.hidden = !isOn));
    chips.forEach((chip, i) => chip.setAttribute('aria-pressed', String(i === stage)));
    toggle.textContent = this.timer ? '❚❚' : '▶';
    toggle.title = this.timer ? 'Stop blinking' : 'Go on blinking';
    toggle.setAttribute('aria-label', toggle.title);
  }
}
