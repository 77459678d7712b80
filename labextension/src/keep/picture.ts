/** A plot as one picture that needs no page: SVG with title, legend and what lies on the canvas; PNG made of it. */
import { shape } from '../dom';
import { drawFrame } from '../draw/frame';
import { paintPoints } from '../draw/dense';
import { HeatCache, paintMap } from '../draw/heat';
import { LINE, TITLE } from '../draw/layout';
import { widthOf, wrapped } from '../draw/lettering';
import { mapOf } from '../reading/panel';
import type { Scene } from '../draw/scene';
import { FONT } from '../draw/theme';
import { entries, sign } from '../hand/legend';

const FINE = 3; // dots a CSS pixel of what lies on the canvas
const EDGE = 10;

export function svgOf(scene: Scene, title: string): SVGSVGElement {
  const { theme, plot } = scene;
  const width = scene.margin.left + scene.box.width + scene.margin.right;
  const root = shape('svg', { xmlns: 'http://www.w3.org/2000/svg', 'font-family': FONT });
  const ground = shape('rect', { width: '100%', height: '100%', fill: theme.paper });
  root.append(shape('title', {}, title), shape('desc', {}, plot.alt), ground);
  let top = EDGE;
  wrapped(title, width, 14).forEach(line => {
    root.append(shape('text', { x: EDGE, y: (top += 18) - 4, 'font-size': 14, 'font-weight': 600, fill: theme.ink }, line));
  });
  top = legend(root, scene, width, top + 4);
  const frame = drawFrame(scene);
  const place = { x: EDGE, y: top };
  root.append(...canvasImage(scene, place));
  Object.entries(place).forEach(([name, value]) => frame.setAttribute(name, String(value)));
  root.append(frame);
  top += scene.margin.top + scene.box.height + scene.margin.bottom;
  wrapped(plot.note, width, 11, 6).forEach(line => {
    root.append(shape('text', { x: EDGE, y: (top += 14), 'font-size': 11, fill: theme.faint }, line));
  });
  const size = { width: Math.ceil(width + 2 * EDGE), height: Math.ceil(top + EDGE) };
  Object.entries(size).forEach(([name, value]) => root.setAttribute(name, String(value)));
  root.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
  return root;
}

function legend(root: SVGSVGElement, scene: Scene, width: number, top: number): number {
  let [x, y] = [EDGE, top];
  const on = entries(scene).filter(entry => !scene.hidden.has(entry.key));
  for (const entry of on) {
    const wide = 30 + widthOf(entry.label, TITLE) + 14;
    if (x > EDGE && x + wide > width) {
      [x, y] = [EDGE, y + LINE];
    }
    const drawn = sign(entry, scene);
    drawn.setAttribute('x', String(x));
    drawn.setAttribute('y', String(y));
    root.append(drawn, shape('text', { x: x + 28, y: y + 10, 'font-size': TITLE, fill: scene.theme.ink }, entry.label));
    x += wide;
  }
  return on.length ? y + LINE + 4 : top;
}

function canvasImage(scene: Scene, { x, y }: { x: number; y: number }): SVGImageElement[] {
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(scene.box.width * FINE);
  canvas.height = Math.round(scene.box.height * FINE);
  const pen = canvas.getContext('2d');
  if (!pen || (!mapOf(scene.plot) && !scene.plot.marks.some(mark => mark.type === 'points'))) {
    return [];
  }
  paintMap(pen, scene, new HeatCache());
  paintPoints(pen, scene);
  const { margin, box } = scene;
  const place = { x: x + margin.left, y: y + margin.top, width: box.width, height: box.height, preserveAspectRatio: 'none' };
  return [shape('image', { ...place, href: canvas.toDataURL('image/png') })];
}

export function text(picture: SVGSVGElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(picture)}\n`;
}

export async function pngOf(picture: SVGSVGElement, fine = 2): Promise<Blob> {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([text(picture)], { type: 'image/svg+xml' }));
  try {
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width * fine, image.height * fine];
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done, fail) => canvas.toBlob(blob => (blob ? done(blob) : fail(new Error('no picture'))), 'image/png'));
  } finally {
    URL.revokeObjectURL(address);
  }
}

