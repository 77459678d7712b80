/** Says when a reading has to be drawn anew: another width, another theme, another screen. */

export interface Watched {
  resized(width: number): void;
  themed(): void;
  sharpened(): void;
}

export function watch(node: HTMLElement, told: Watched): () => void {
  const stop = new AbortController();
  const sizes = new ResizeObserver(entries => {
    const width = entries[entries.length - 1]?.contentRect.width ?? 0;
    if (width > 0) {
      told.resized(width);
    }
  });
  sizes.observe(node);
  // JupyterLab and VS Code name their theme on the body; a bare page follows the system.
  const themes = new MutationObserver(() => requestAnimationFrame(told.themed));
  const names = ['class', 'style', 'data-jp-theme-light', 'data-jp-theme-name', 'data-vscode-theme-kind', 'data-theme'];
  [document.body, document.documentElement].forEach(it => themes.observe(it, { attributes: true, attributeFilter: names }));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', told.themed, { signal: stop.signal });
  // The style sheet of a new theme may come after its name.
  document.addEventListener('load', event => event.target instanceof HTMLLinkElement && told.themed(), { capture: true, signal: stop.signal });
  sharpness(told.sharpened, stop.signal);
  return () => {
    stop.abort();
    sizes.disconnect();
    themes.disconnect();
  };
}

/** Dots a CSS pixel change when a window moves to another screen or the page is zoomed. */
function sharpness(changed: () => void, signal: AbortSignal): void {
  const query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
  const again = () => {
    if (!signal.aborted) {
      changed();
      sharpness(changed, signal);
    }
  };
  query.addEventListener('change', again, { once: true, signal });
}
