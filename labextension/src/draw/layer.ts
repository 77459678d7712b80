/** The canvas below the axes: maps, and points in great number, as fine as the screen. */
import { paintPoints, type Drawn } from './dense';
import { paintMap, type HeatCache } from './heat';
import type { Scene } from './scene';

export function paintLayer(canvas: HTMLCanvasElement, scene: Scene, cache: HeatCache): Drawn {
  const { margin, box } = scene;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [box.width, box.height].map(size => Math.max(1, Math.round(size * ratio))) as [number, number];
  const place = { left: margin.left, top: margin.top, width: box.width, height: box.height };
  Object.entries(place).forEach(([name, value]) => canvas.style.setProperty(name, `${value}px`));
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
  }
  const pen = canvas.getContext('2d');
  if (!pen) {
    return { inView: 0, drawn: 0 };
  }
  pen.clearRect(0, 0, width, height);
  canvas.dataset['with'] = paintMap(pen, scene, cache);
  return paintPoints(pen, scene);
}
