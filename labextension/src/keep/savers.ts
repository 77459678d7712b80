/** The button that offers a plot as SVG, PNG and CSV. */
import { button, element } from '../dom';
import { marginOf } from '../draw/layout';
import type { Scene } from '../draw/scene';
import type { Plot } from '../reading/panel';
import { plotCsv } from './csv';
import { download, downloadText, fileName } from './download';
import { pngOf, svgOf, text } from './picture';

export function savers(now: () => { plot: Plot; scene: Scene | null }): HTMLElement {
  const node = element('div', 'jphys-savers');
  const choices = element('div', 'jphys-choices');
  const opener = button('⤓', 'jphys-tool', 'Save this plot', () => open(choices.hidden === true));
  choices.hidden = true;
  choices.setAttribute('role', 'group');
  choices.setAttribute('aria-label', 'Save this plot as');
  const open = (isOpen: boolean) => {
    choices.hidden = !isOpen;
    opener.setAttribute('aria-expanded', String(isOpen));
  };
  open(false);
  choices.append(...(['SVG', 'PNG', 'CSV'] as const).map(kind => button(kind, 'jphys-tool', `Save as ${kind}`, () => void save(kind, now()))));
  node.append(opener, choices);
  node.addEventListener('keydown', event => {
    if (event.key === 'Escape' && !choices.hidden) {
      event.stopPropagation();
      open(false);
      opener.focus();
    }
  });
  node.addEventListener('focusout', event => event.relatedTarget instanceof Node && !node.contains(event.relatedTarget) && open(false));
  return node;
}

async function save(kind: 'SVG' | 'PNG' | 'CSV', { plot, scene }: { plot: Plot; scene: Scene | null }): Promise<void> {
  const title = [plot.row, plot.title].filter(Boolean).join(', ');
  const name = fileName(title, kind.toLowerCase());
  if (kind === 'CSV') {
    downloadText(plotCsv(plot), 'text/csv', name);
  } else if (scene) {
    const alone = { ...scene, bears: { y: true, bar: true, note: true } };

    const picture = svgOf({ ...alone, margin: marginOf(alone) }, title);
    kind === 'SVG' ? downloadText(text(picture), 'image/svg+xml', name) : download(await pngOf(picture), name);
  }
}
