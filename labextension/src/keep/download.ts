/** Files for the reader: made here from what is on the page, never fetched. */
import { element } from '../dom';

/** A name for a file out of a title that anybody may have written. */
export function fileName(title: string, ending: string): string {
  const plain = title.normalize('NFKD').replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 60);
  return `${plain || 'reading'}.${ending}`;
}

export function download(data: Blob, name: string): void {
  const address = URL.createObjectURL(data);
  const link = element('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // slow disks read it later
}

export function downloadText(text: string, type: string, name: string): void {
  download(new Blob([text], { type: `${type};charset=utf-8` }), name);
}
