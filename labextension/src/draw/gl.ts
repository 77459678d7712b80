/**
 * Paints cells with WebGL2. Browsers keep some sixteen contexts alive in all pages together, so that all maps of a
 * page share one: it paints off screen, and every map copies its picture from there.
 */
import { COLORS } from './palette';

/** One picture: `parts` of a map, 0 to 1 or -1 where missing, and the cells that meet the picture's corners. */
export interface Picture {
  parts: Float32Array;
  rows: number;
  columns: number;
  colors: Uint8Array;
  /** columns at the left and right edge, rows at the top and bottom edge: fractions of cells */
  u: readonly [number, number];
  v: readonly [number, number];
}

const VERTEX = `#version 300 es
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  at = vec2(corner.x, 1.0 - corner.y);
  gl_Position = vec4(2.0 * corner - 1.0, 0.0, 1.0);
}`;

// Where cells are smaller than dots, a dot shows the mean of up to 8 by 8 of them: no line of a mask gets lost.
const FRAGMENT = `#version 300 es
precision highp float;
uniform highp sampler2D parts;
uniform sampler2D colors;
uniform vec4 span;
uniform vec2 size;
uniform vec2 taps;
in vec2 at;
out vec4 color;
void main() {
  vec2 dot = (span.yw - span.xz) / size;
  float total = 0.0, count = 0.0;
  for (float j = 0.0; j < taps.y; j++) {
    for (float i = 0.0; i < taps.x; i++) {
      vec2 cell = mix(span.xz, span.yw, at) + ((vec2(i, j) + 0.5) / taps - 0.5) * dot;
      ivec2 index = ivec2(floor(cell)), cells = textureSize(parts, 0);
      if (any(lessThan(index, ivec2(0))) || any(greaterThanEqual(index, cells))) continue;
      float part = texelFetch(parts, index, 0).r;
      if (part >= 0.0) { total += part; count += 1.0; }
    }
  }
  if (count == 0.0) discard;
  color = texelFetch(colors, ivec2(min(${COLORS - 1}, int(total / count * ${COLORS}.0)), 0), 0);
}`;

const KEPT = 48; // textures: those of maps seen last

class Painter {
  private readonly textures = new Map<Float32Array | Uint8Array, WebGLTexture>();
  private readonly program: WebGLProgram;
  users = 0;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly gl: WebGL2RenderingContext
  ) {
    this.program = linked(gl);
    gl.useProgram(this.program);
    gl.uniform1i(this.where('parts'), 0);
    gl.uniform1i(this.where('colors'), 1);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  }

  get isLost(): boolean {
    return this.gl.isContextLost();
  }

  paint({ parts, rows, columns, colors, u, v }: Picture, width: number, height: number): boolean {
    const gl = this.gl;
    if (this.isLost || Math.max(rows, columns) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) {
      return false;
    }
    if (this.canvas.width < width || this.canvas.height < height) {
      this.canvas.width = Math.max(this.canvas.width, width);
      this.canvas.height = Math.max(this.canvas.height, height);
    }
    // at the top left, whence drawImage copies
    gl.viewport(0, this.canvas.height - height, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    this.bind(0, parts, () => gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, columns, rows, 0, gl.RED, gl.FLOAT, parts));
    const rgba = [gl.RGBA, gl.UNSIGNED_BYTE] as const;
    this.bind(1, colors, () => gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, COLORS, 1, 0, ...rgba, colors));
    gl.uniform4f(this.where('span'), u[0], u[1], v[0], v[1]);
    gl.uniform2f(this.where('size'), width, height);
    gl.uniform2f(this.where('taps'), taps(u, width), taps(v, height));
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    return gl.getError() === gl.NO_ERROR;
  }

  dispose(): void {
    this.textures.forEach(texture => this.gl.deleteTexture(texture));
    this.textures.clear();
    this.gl.deleteProgram(this.program);
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  private where(name: string): WebGLUniformLocation | null {
    return this.gl.getUniformLocation(this.program, name);
  }

  private bind(unit: number, key: Float32Array | Uint8Array, fill: () => void): void {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    const known = this.textures.get(key);
    const texture = known ?? gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    this.textures.delete(key); // and in again: a Map remembers the order, the oldest is first
    this.textures.set(key, texture);
    if (known) {
      return;
    }
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    }
    fill();
    for (const [oldest, old] of this.textures) {
      if (this.textures.size <= KEPT) {
        break;
      }
      gl.deleteTexture(old);
      this.textures.delete(oldest);
    }
  }
}

function taps([from, to]: readonly [number, number], dots: number): number {
  return Math.min(8, Math.max(1, Math.ceil(Math.abs(to - from) / dots)));
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(gl.getProgramInfoLog(program) ?? 'WebGL does not link');
  }
  return program;
}

let shared: Painter | null = null;
let refused = false; // this page has no WebGL2, or has lost it

/** Says that somebody will paint; the last one to `release` gives the context back. */
export function claim(): void {
  if (!shared && !refused) {
    shared = started();
    refused = shared === null;
  }
  if (shared) {
    shared.users += 1;
  }
}

export function release(): void {
  if (shared && --shared.users <= 0) {
    shared.dispose();
    shared = null;
  }
}

function started(): Painter | null {
  try {
    const canvas = document.createElement('canvas');
    const gl = canvas.getContext('webgl2', { antialias: false, depth: false, failIfMajorPerformanceCaveat: true });
    return gl && !isPretended(gl) ? new Painter(canvas, gl) : null;
  } catch {
    return null;
  }
}

/** A processor that plays graphics card paints more slowly than canvas 2D does. */
function isPretended(gl: WebGL2RenderingContext): boolean {
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const card = String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  const pretends = /swiftshader|llvmpipe|softpipe|software|basic render/i.test(card);
  if (pretends) {
    gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
  return pretends;
}

/** The picture on a canvas, top left, or null where WebGL cannot: then canvas 2D does it. */
export function painted(picture: Picture, width: number, height: number): HTMLCanvasElement | null {
  return shared?.paint(picture, width, height) ? shared.canvas : null;
}
