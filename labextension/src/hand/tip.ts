/** The small box beside the pointer that says what lies there, and the marks drawn over the plot. */
import { element, shape } from '../dom';
import { place } from '../draw/scale';
import { xScale, yScale, type Scene } from '../draw/scene';
import { colorOf } from '../draw/theme';
import { sentence, type Hit } from './hit';
import { quantity, type Place } from './link';

export class Tip {
  readonly node = element('div', 'jphys-tip');

  constructor() {
    this.node.hidden = true;
    this.node.setAttribute('aria-hidden', 'true'); // the live region says it to who listens
  }

  show(hit: Hit | null, scene: Scene): void {
    this.node.hidden = hit === null;
    if (!hit) {
      return;
    }
    this.node.dataset['says'] = sentence(hit);
    const rows = hit.says.flatMap(([name, value]) => [element('dt', '', name), element('dd', '', value)]);
    const list = element('dl');
    list.append(...rows);
    const head = element('div', 'jphys-tip-name', hit.name);
    if (hit.mark.series !== null) {
      head.style.setProperty('--jphys-mark', colorOf(scene.theme, hit.mark.series));
      head.classList.add('jphys-tip-series');
    }
    this.node.replaceChildren(...(hit.name ? [head] : []), list);
    this.move(hit, scene);
  }

  /** Beside the place, on the side where there is room. */
  private move({ px, py }: Hit, { margin, box }: Scene): void {
    const whole = { width: margin.left + box.width + margin.right, height: margin.top + box.height + margin.bottom };
    const isRight = px > margin.left + box.width / 2;
    const isLow = py > margin.top + box.height / 2;
    const { style } = this.node;
    style.left = isRight ? 'auto' : `${px + 14}px`;
    style.right = isRight ? `${whole.width - px + 14}px` : 'auto';
    style.top = isLow ? 'auto' : `${py + 10}px`;
    style.bottom = isLow ? `${whole.height - py + 10}px` : 'auto';
  }
}

/** The ring around what is read, cross hairs that neighbours share, and the box that is being dragged. */
export class Overlay {
  readonly node = shape('svg', { class: 'jphys-over', 'aria-hidden': 'true' });
  private readonly hairs = shape('path', { class: 'jphys-hairs' });
  private readonly pin = shape('path', { class: 'jphys-pin' });
  private readonly ring = shape('circle', { class: 'jphys-ring', r: 6 });
  private readonly box = shape('rect', { class: 'jphys-box' });

  constructor() {
    this.node.append(this.hairs, this.pin, this.ring, this.box);
    this.pin.style.display = 'none';
    this.ringAt(null);
    this.boxAt(null);
  }

  ringAt(hit: Hit | null): void {
    this.ring.style.display = hit ? '' : 'none';
    if (hit) {
      this.ring.setAttribute('cx', String(hit.px));
      this.ring.setAttribute('cy', String(hit.py));
    }
  }

  /** A cross hair, open in the middle, at a place that stays. */
  pinAt(at: readonly [number, number] | null, scene: Scene): void {
    const isIn = at !== null && at.every((value, i) => value >= scene.view[i ? 'y' : 'x'][0] && value <= scene.view[i ? 'y' : 'x'][1]);
    this.pin.style.display = isIn ? '' : 'none';
    if (isIn) {
      const [x, y] = [place(xScale(scene), at[0]), place(yScale(scene), at[1])];
      this.pin.setAttribute('d', `M${x - 11},${y}h7M${x + 4},${y}h7M${x},${y - 11}v7M${x},${y + 4}v7`);
    }
  }

  /** Lines through the values of `at` that this plot shows. */
  hairsAt(at: Place | null, scene: Scene): void {
    const { margin, box, plot, view } = scene;
    const x = at?.get(quantity(plot.x));
    const y = at?.get(quantity(plot.y));
    const isIn = (value: number | undefined, [low, high]: readonly [number, number]): value is number =>
      value !== undefined && value >= low && value <= high;
    const upright = isIn(x, view.x) ? `M${place(xScale(scene), x)},${margin.top}v${box.height}` : '';
    const level = isIn(y, view.y) ? `M${margin.left},${place(yScale(scene), y)}h${box.width}` : '';
    this.hairs.setAttribute('d', upright + level || 'M0,0');
  }

  boxAt(rect: { x: number; y: number; width: number; height: number } | null): void {
    this.box.style.display = rect ? '' : 'none';
    Object.entries(rect ?? {}).forEach(([name, value]) => this.box.setAttribute(name, String(value)));
  }
}
