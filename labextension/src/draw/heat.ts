/** Maps of cells on a canvas: WebGL2 where it is there, canvas 2D where not; the same colours either way. */
import { frameOf, mapOf, type Map as CellMap, type Values } from '../reading/panel';
import { painted, type Picture } from './gl';
import { COLORS, partOf, ramp } from './palette';
import { edges, forward } from './scale';
import { xScale, yScale, type Scene } from './scene';
import type { Theme } from './theme';

/** What of one frame was drawn before, so that zooming computes no colour again. */
export class HeatCache {
  private values: Values | null = null;
  private map: CellMap | null = null;
  private colors: Uint8Array | null = null;
  private tile: HTMLCanvasElement | null = null;
  parts = new Float32Array(0);
  missing = false;

  /** Makes `parts` those of `frame`. */
  turn(map: CellMap, frame: number): void {
    const values = frameOf(map, frame);
    if (this.map === map && this.values?.buffer === values.buffer && this.values.byteOffset === values.byteOffset) {
      return;
    }
    [this.map, this.values, this.tile] = [map, values, null];
    this.parts = new Float32Array(values.length);
    this.missing = false;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      this.parts[i] = Number.isNaN(value) ? -1 : partOf(value, map.color);
      this.missing ||= Number.isNaN(value);
    }
  }

  /** The cells as a picture of one dot each. */
  tileOf({ rows, columns, colors, parts }: Picture): HTMLCanvasElement {
    if (!this.tile || this.colors !== colors) {
      this.tile = document.createElement('canvas');
      [this.tile.width, this.tile.height, this.colors] = [columns, rows, colors];
      const image = new ImageData(columns, rows);
      const [dots, palette] = [new Uint32Array(image.data.buffer), new Uint32Array(colors.buffer)];
      for (let i = 0; i < parts.length; i++) {
        dots[i] = parts[i]! < 0 ? 0 : palette[Math.min(COLORS - 1, Math.floor(parts[i]! * COLORS))]!;
      }
      this.tile.getContext('2d')!.putImageData(image, 0, 0);
    }
    return this.tile;
  }
}

/** Paints the map of a scene over the whole of `pen`'s canvas, which is the frame of the plot. */
export function paintMap(pen: CanvasRenderingContext2D, scene: Scene, cache: HeatCache): 'webgl' | '2d' | 'none' {
  const map = mapOf(scene.plot);
  if (!map || map.rows === 0 || map.columns === 0) {
    return 'none';
  }
  cache.turn(map, scene.frame);
  const { width, height } = pen.canvas;
  const picture = pictureOf(scene, map, cache);
  if (cache.missing) {
    hatch(pen, picture, scene.theme);
  }
  const drawn = painted(picture, width, height);
  if (drawn) {
    pen.drawImage(drawn, 0, 0, width, height, 0, 0, width, height);
    return 'webgl';
  }
  const [across, down] = toCells(pen, picture);
  const shrinks = Math.min(Math.abs(across), Math.abs(down)) < 1;
  pen.imageSmoothingEnabled = shrinks; // cells have edges, and none gets lost where they are smaller than dots
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(cache.tileOf(picture), 0, 0);
  pen.resetTransform();
  return '2d';
}

function pictureOf(scene: Scene, map: CellMap, { parts }: HeatCache): Picture {
  const { plot, theme } = scene;
  const across = span(map.x, map.columns, plot.x.log, xScale(scene).from);
  const down = span(map.y, map.rows, plot.y.log, yScale(scene).from);
  const [u, v] = [across, [down[1], down[0]] as const]; // the scale of y begins at the bottom, pictures at the top
  return { parts, rows: map.rows, columns: map.columns, colors: ramp(map.palette, theme), u, v };
}

/** Which cells, in fractions, meet the two ends of a view. */
function span(centres: CellMap['x'], cells: number, log: boolean, view: CellMap['x']): readonly [number, number] {
  const [first, last] = edges(centres, cells, log);
  const at = (value: number) => ((forward(value, log) - first) / (last - first)) * cells;
  return [at(view[0]), at(view[1])];
}

/** Lets `pen` draw in cells; says how many dots wide and high they are. */
function toCells(pen: CanvasRenderingContext2D, { u, v }: Picture): [number, number] {
  const { width, height } = pen.canvas;
  const [across, down] = [width / (u[1] - u[0]), height / (v[1] - v[0])];
  pen.setTransform(across, 0, 0, down, -u[0] * across, -v[0] * down);
  return [across, down];
}

/** The ground on which cells lie that were not measured. */
function hatch(pen: CanvasRenderingContext2D, picture: Picture, theme: Theme): void {
  const { width, height } = pen.canvas;
  pen.save();
  toCells(pen, picture);
  pen.beginPath();
  pen.rect(0, 0, picture.columns, picture.rows);
  pen.resetTransform();
  pen.clip();
  pen.fillStyle = theme.missing;
  pen.fillRect(0, 0, width, height);
  const step = 7 * (window.devicePixelRatio || 1);
  pen.strokeStyle = theme.hatch;
  pen.lineWidth = step / 7;
  pen.beginPath();
  for (let x = -height; x < width; x += step) {
    pen.moveTo(x, height);
    pen.lineTo(x + height, 0);
  }
  pen.stroke();
  pen.restore();
}
