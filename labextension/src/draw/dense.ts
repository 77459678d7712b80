/** Points in great number, on the canvas: as nodes of the page they would make zooming slow. */
import type { Mark, Points } from '../reading/panel';
import { forward } from './scale';
import { shown, xScale, yScale, type Scene } from './scene';
import { channels, colorOf } from './theme';

const FEW = 600; // so many points are nodes of the page
const MANY = 20_000; // more in view than this thin themselves
const CELL = 2; // CSS pixels: many points are counted in such squares

export function isDense(mark: Mark): mark is Points {
  return mark.type === 'points' && mark.x.length > FEW;
}

/** How many points are in view, and how many dots or squares stand for them. */
export interface Drawn {
  inView: number;
  drawn: number;
}

export function paintPoints(pen: CanvasRenderingContext2D, scene: Scene): Drawn {
  const total = { inView: 0, drawn: 0 };
  for (const mark of shown(scene).filter(isDense)) {
    const places = placesOf(mark, scene);
    const count = places.length / 2;
    total.inView += count;
    if (count > MANY) {
      total.drawn += paintDensity(pen, mark, scene, places);
    } else {
      paint(pen, mark, scene, places);
      total.drawn += count;
    }
  }
  return total;
}

/** x, y, x, y, ... in CSS pixels from the corner of the frame, of all points in view. */
function placesOf({ x, y }: Points, scene: Scene): Float32Array {
  const [across, down] = [xScale(scene), yScale(scene)];
  const { width, height } = scene.box;
  const affine = ({ from, log }: typeof across, size: number) => {
    const [start, stop] = [forward(from[0], log), forward(from[1], log)];
    return [size / (stop - start), (-start * size) / (stop - start)] as const;
  };
  const [ax, bx] = affine(across, width);
  const [ay, by] = affine(down, height);
  const places = new Float32Array(2 * x.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    const px = ax * (across.log ? Math.log(x[i]!) : x[i]!) + bx;
    const py = height - (ay * (down.log ? Math.log(y[i]!) : y[i]!) + by);
    if (px >= -4 && px <= width + 4 && py >= -4 && py <= height + 4) {
      places[count++] = px;
      places[count++] = py;
    }
  }
  return places.subarray(0, count);
}

/** Small squares, the stronger the more points lie in them; says how many squares there are. */
function paintDensity(pen: CanvasRenderingContext2D, mark: Points, { box, theme }: Scene, places: Float32Array): number {
  const [wide, tall] = [Math.ceil(box.width / CELL), Math.ceil(box.height / CELL)];
  const counts = new Uint32Array(wide * tall);
  let most = 1;
  for (let i = 0; i < places.length; i += 2) {
    const [column, row] = [Math.floor(places[i]! / CELL), Math.floor(places[i + 1]! / CELL)];
    if (column >= 0 && row >= 0 && column < wide && row < tall) {
      most = Math.max(most, ++counts[row * wide + column]!);
    }
  }
  const image = new ImageData(wide, tall);
  const color = channels(colorOf(theme, mark.series));
  const whole = Math.log1p(most);
  let squares = 0;
  counts.forEach((count, i) => {
    if (count > 0) {
      squares += 1;
      image.data.set([...color, 90 + 165 * (Math.log1p(count) / whole)], 4 * i);
    }
  });
  const tile = document.createElement('canvas');
  [tile.width, tile.height] = [wide, tall];
  tile.getContext('2d')!.putImageData(image, 0, 0);
  const ratio = pen.canvas.width / box.width;
  pen.imageSmoothingEnabled = false;
  pen.drawImage(tile, 0, 0, wide * CELL * ratio, tall * CELL * ratio);
  return squares;
}

function paint(pen: CanvasRenderingContext2D, mark: Points, scene: Scene, places: Float32Array): void {
  const ratio = pen.canvas.width / scene.box.width;
  const radius = places.length > 6000 ? 2 : 3;
  pen.save();
  pen.scale(ratio, ratio);
  errorBars(pen, mark, scene);
  const stamp = dot(colorOf(scene.theme, mark.series), scene.theme.paper, radius, ratio);
  const size = stamp.width / ratio;
  for (let i = 0; i < places.length; i += 2) {
    pen.drawImage(stamp, places[i]! - size / 2, places[i + 1]! - size / 2, size, size);
  }
  pen.restore();
}

/** One point as a picture: copying it is quicker than drawing circles. */
function dot(color: string, paper: string, radius: number, ratio: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = Math.ceil(2 * (radius + 1) * ratio);
  const pen = canvas.getContext('2d')!;
  pen.arc(canvas.width / 2, canvas.width / 2, radius * ratio, 0, 2 * Math.PI);
  pen.fillStyle = color;
  pen.fill();
  pen.strokeStyle = paper;
  pen.lineWidth = 0.6 * ratio;
  pen.stroke();
  return canvas;
}

/** Bars of one standard error. */
function errorBars(pen: CanvasRenderingContext2D, mark: Points, scene: Scene): void {
  const { x, y, xError, yError } = mark;
  if (!xError && !yError) {
    return;
  }
  const at = (scale: ReturnType<typeof xScale>, value: number) => {
    const [start, stop] = [forward(scale.from[0], scale.log), forward(scale.from[1], scale.log)];
    return ((forward(Math.max(value, scale.log ? 1e-300 : -Infinity), scale.log) - start) / (stop - start));
  };
  const [across, down] = [xScale(scene), yScale(scene)];
  const { width, height } = scene.box;
  pen.strokeStyle = colorOf(scene.theme, mark.series);
  pen.globalAlpha = 0.6;
  pen.beginPath();
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [at(across, x[i]!) * width, height * (1 - at(down, y[i]!))];
    if (yError) {
      pen.moveTo(px, height * (1 - at(down, y[i]! - yError[i]!)));
      pen.lineTo(px, height * (1 - at(down, y[i]! + yError[i]!)));
    }
    if (xError) {
      pen.moveTo(at(across, x[i]! - xError[i]!) * width, py);
      pen.lineTo(at(across, x[i]! + xError[i]!) * width, py);
    }
  }
  pen.stroke();
  pen.globalAlpha = 1;
}
