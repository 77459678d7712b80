/** A density over places and frequencies from a stranger's file: checked before anything is drawn. */
import { list, object, pair, words, type Fields } from './check';
import { numbers } from './packed';
import { mapOf, type PhaseSpace, type Plot } from './panel';
import { plotFrom, thinnedFrom } from './plot';

export function spaceFrom(it: Fields): PhaseSpace {
  const [pictures, spectra] = [plotsFrom(it['pictures'], 'pictures'), plotsFrom(it['spectra'], 'spectra')];
  const { values, shape } = numbers(it['density'], 5, 'the density');
  if (pictures.length === 0 || new Set([pictures.length, spectra.length, shape[0]]).size > 1) {
    throw new Error(`It has ${pictures.length} pictures, ${spectra.length} spectra and ${shape[0]} stages of density.`);
  }
  if (values.length === 0) {
    throw new Error('Its density is empty.');
  }
  return {
    type: 'phase_space',
    title: words(it['title'], 'title'), alt: words(it['alt'], 'alt'), note: words(it['note'], 'note'),
    pictures, spectra, density: values, shape: shape as PhaseSpace['shape'],
    places: endsFrom(it['places'], 'places'),
    frequencies: endsFrom(it['frequencies'], 'frequencies'),
    place: pair(it['place'], 'place'),
    thinned: thinnedFrom(it['thinned'])
  };
}

function plotsFrom(value: unknown, name: string): Plot[] {
  const plots = list(value, name).map(one => plotFrom(object(one, `one of the ${name}`)));
  if (plots.some(plot => mapOf(plot)?.type !== 'heat')) {
    throw new Error(`One of the ${name} has no map.`);
  }
  return plots;
}

function endsFrom(value: unknown, name: string): PhaseSpace['places'] {
  const it = object(value, name);
  return { x: pair(it['x'], `x of ${name}`), y: pair(it['y'], `y of ${name}`) };
}
