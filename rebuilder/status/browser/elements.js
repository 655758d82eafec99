// What the page is built of. Every text is set as text: it may have been written by a stranger.

/** `el('p', { class: 'quiet' }, 'text', child)` */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Leaves the node alone when nothing changed, so that a selection and a screen reader stay where they are. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Makes the children of a list those of `items`, each made once: what a person has opened, focused or selected stays.
 * @param make of an item, what it looks like: `{ node, update(item) }`
 */
export function keyed(list, items, keyOf, make) {
  const known = list.known ??= new Map();
  const wanted = new Set(items.map(keyOf));
  for (const [key, one] of known) {
    if (wanted.has(key)) continue;
    one.node.remove();
    known.delete(key);
  }
  let before = list.firstElementChild;
  for (const item of items) {
    let one = known.get(keyOf(item));
    if (one === undefined) known.set(keyOf(item), one = make(item));
    one.update(item);
    if (one.node === before) before = before.nextElementSibling;
    else list.insertBefore(one.node, before);
  }
}

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const SMALL = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
export const number = (value) => (Math.abs(value) < 10 && !Number.isInteger(value) ? SMALL : WHOLE).format(value);

export function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? WHOLE.format(value) : SMALL.format(value)} ${units[unit]}`;
}

/** `1 request`, `2 requests`, `1.5 KiB`; `unit` in the plural. */
export const amount = (value, unit) => unit === 'bytes' ? bytes(value) : `${number(value)} ${number(value) === '1' ? unit.replace(/s$/, '') : unit}`;

export function duration(ms) {
  if (ms === null) return '–';
  if (ms < 1000) return `${ms < 10 ? SMALL.format(ms) : WHOLE.format(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 120) return `${SMALL.format(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

export const clock = (ms) => new Date(ms).toLocaleTimeString('en-GB');

const SVG = 'http://www.w3.org/2000/svg';

/** A line of the last minute: `{ node, update(series) }`. */
export function sparkline(label) {
  const node = document.createElementNS(SVG, 'svg');
  for (const [name, value] of [['viewBox', '0 0 120 26'], ['preserveAspectRatio', 'none'], ['role', 'img'], ['aria-label', label]]) node.setAttribute(name, value);
  const path = document.createElementNS(SVG, 'path');
  node.append(path);
  return {
    node,
    update(series) {
      const top = Math.max(1, ...series);
      const points = series.map((value, i) => `${(60 - series.length + i + 1) * 2},${(25 - 23 * value / top).toFixed(1)}`);
      path.setAttribute('d', points.length < 2 ? '' : `M${points[0].split(',')[0]},26 L${points.join(' L')} L120,26 Z`);
    },
  };
}
