/** Colours of both themes, the same as on paper (jupyter_phys/figures/theme.py), and which of them a page has. */

export interface Theme {
  name: 'light' | 'dark';
  paper: string;
  ink: string;
  faint: string;
  rule: string;
  grid: string;
  missing: string;
  hatch: string;
  series: readonly string[];
  /** background regions: colour, opacity */
  quiet: readonly (readonly [string, number])[];
  /** stops at equal distances, the middle one is neutral */
  diverging: readonly string[];
}

export const LIGHT: Theme = {
  name: 'light',
  paper: '#ffffff',
  ink: '#1b1f24',
  faint: '#5b636d',
  rule: '#7a828c',
  grid: '#e7e9ec',
  missing: '#dfe2e6',
  hatch: '#b3b9c1',
  series: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'],
  quiet: [['#7a828c', 0.13], ['#e69f00', 0.22], ['#56b4e9', 0.2]],
  diverging: ['#053061', '#2f79b5', '#9bc9e0', '#f7f7f7', '#f5aa89', '#c4463f', '#67001f']
};

export const DARK: Theme = {
  name: 'dark',
  paper: '#111111',
  ink: '#e8eaed',
  faint: '#a3abb5',
  rule: '#8b939d',
  grid: '#2b3037',
  missing: '#3a4047',
  hatch: '#5f6771',
  series: ['#56b4e9', '#e69f00', '#00b383', '#e08dba', '#f0e442', '#ee7b30', '#ffffff'],
  quiet: [['#a3abb5', 0.16], ['#e69f00', 0.24], ['#56b4e9', 0.22]],
  diverging: ['#b9e0ff', '#5aa7df', '#24608f', '#22262b', '#8f4a24', '#df8b4f', '#ffdcb5']
};

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** The theme that suits the ground on which `node` stands, with that ground as its paper. */
export function themeAt(node: Element): Theme {
  const ground = groundOf(node);
  const dark = ground ? lightness(ground) < 0.5 : matchMedia('(prefers-color-scheme: dark)').matches;
  const theme = dark ? DARK : LIGHT;
  return ground ? { ...theme, paper: hex(ground) } : theme;
}

export function colorOf(theme: Theme, series: number | null): string {
  return series === null ? theme.faint : theme.series[series % theme.series.length]!;
}

/** #rrggbb as red, green and blue, 0 to 255. */
export function channels(color: string): [number, number, number] {
  return [1, 3, 5].map(at => parseInt(color.slice(at, at + 2), 16)) as [number, number, number];
}

/** The first opaque background behind `node`: a page's theme is what can be seen of it. */
function groundOf(node: Element | null): number[] | null {
  for (let it = node; it; it = it.parentElement) {
    const [red, green, blue, opacity = 1] = (getComputedStyle(it).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (blue !== undefined && opacity > 0.9) {
      return [red!, green!, blue];
    }
  }
  return null;
}

function lightness([red = 0, green = 0, blue = 0]: number[]): number {
  return (0.3 * red + 0.59 * green + 0.11 * blue) / 255;
}

function hex(color: number[]): string {
  return `#${color.map(level => Math.round(level).toString(16).padStart(2, '0')).join('')}`;
}
