// Puts the tutorials among the built files: the page opens copies of them without a kernel.
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';

const from = new URL('../notebooks/', import.meta.url);
const to = new URL('../jupyter_phys/labextension/static/tutorials/', import.meta.url);

/** The first heading of a notebook, without a number at its head. */
function titleOf(notebook, file) {
  const words = notebook.cells.filter(cell => cell.cell_type === 'markdown').map(cell => [cell.source].flat().join(''));
  const heading = /^#+\s+(.*?)\s*#*$/m.exec(words.join('\n'))?.[1];
  return heading ?? file.replace(/^\d+_|\.ipynb$/g, '').replaceAll('_', ' ');
}

await mkdir(to, { recursive: true });
const files = (await readdir(from)).filter(name => /^\d\d_.*\.ipynb$/.test(name)).sort();
const index = files.map(async file => {
  await copyFile(new URL(file, from), new URL(file, to));
  const notebook = JSON.parse(await readFile(new URL(file, from), 'utf8'));
  return { number: file.slice(0, 2), title: titleOf(notebook, file), file };
});
await writeFile(new URL('index.json', to), `${JSON.stringify(await Promise.all(index), null, 1)}\n`);
