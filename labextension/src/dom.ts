/** Making nodes. Words reach the page through textContent and attributes alone: a stranger wrote them. */

const SVG = 'http://www.w3.org/2000/svg';

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  style = '',
  text = ''
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  if (style) {
    node.className = style;
  }
  if (text) {
    node.textContent = text;
  }
  return node;
}

export type Attributes = Record<string, string | number>;

export function shape<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  text = ''
): SVGElementTagNameMap[Tag] {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, String(value));
  }
  if (text) {
    node.textContent = text;
  }
  return node;
}

export function button(text: string, style: string, hint: string, act: () => void): HTMLButtonElement {
  const node = element('button', style, text);
  node.type = 'button';
  if (hint) {
    node.title = hint;
    if (hint.includes(text) || !/\p{L}/u.test(text)) {
      node.setAttribute('aria-label', hint); // who speaks says what is written on it
    }
  }
  node.addEventListener('click', act);
  return node;
}

let made = 0;

/** An id that no other node of the page has. */
export function unique(name: string): string {
  made += 1;
  return `jphys-${name}-${made}`;
}
