// The last requests: a list that can be filtered and held, and a row that opens its head and its fate.
import { byId, bytes, clock, duration, el, keyed, number, setText } from './elements.js';

/** As many as are kept, and as many of them as a person scrolls through. */
const KEPT = 1000;
const SHOWN = 100;
const BADGES = { cut: 'warn', incomplete: 'warn', 're-framed': 'blue', apart: 'blue', correction: 'blue', 'second reading': 'bad', found: 'warn', redacted: 'blue', irregular: 'warn' };

export class RequestList {
  #list = byId('requests');
  #kept = new Map();
  #filter = '';
  #isPaused = false;
  #open = null;
  #showsValues = false;
  #keepsRequests = true;
  #held = [];

  constructor() {
    byId('filter').addEventListener('input', ({ target }) => {
      this.#filter = target.value.trim().toLowerCase();
      this.#show();
    });
    byId('pause').addEventListener('click', () => this.pause());
    byId('values').addEventListener('click', () => this.values());
  }

  /** New requests, and those that went a step further. */
  add(requests) {
    for (const request of requests) this.#kept.set(request.key, request);
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(key);
    }
    this.#show();
  }

  /** The service was started anew: what is here is no longer known to it. */
  clear() {
    this.#kept.clear();
    this.#open = null;
    this.#show();
  }

  keeps(isKept) {
    this.#keepsRequests = isKept;
    setText(byId('no-requests'), isKept ? 'None yet.' : 'Requests are not kept: metrics.recent_requests is 0.');
    this.#show();
  }

  pause(isPaused = !this.#isPaused) {
    this.#isPaused = isPaused;
    byId('pause').setAttribute('aria-pressed', String(isPaused));
    this.#show();
  }

  values() {
    if (byId('values').hidden) return;
    this.#showsValues = !this.#showsValues;
    byId('values').setAttribute('aria-pressed', String(this.#showsValues));
    if (this.#open !== null) this.#read(this.#open);
  }

  /** Closes what is open. @returns false = nothing was */
  close() {
    if (this.#open === null) return false;
    const row = this.#list.known?.get(this.#open);
    this.#open = null;
    this.#show();
    row?.node.querySelector('button').focus();
    return true;
  }

  #show() {
    const holds = this.#isPaused || this.#open !== null;
    const matching = [...this.#kept.values()].filter((one) => this.#matches(one)).reverse();
    const shown = holds ? matching.filter(({ key }) => this.#held.includes(key)) : matching.slice(0, SHOWN);
    if (!holds) this.#held = [...this.#kept.keys()];
    keyed(this.#list, shown.slice(0, SHOWN), ({ key }) => key, (one) => this.#row(one));
    byId('no-requests').hidden = this.#kept.size > 0;
    if (this.#kept.size > 0 && shown.length === 0) byId('no-requests').hidden = false;
    setText(byId('no-requests'), !this.#keepsRequests ? 'Requests are not kept: metrics.recent_requests is 0.' : this.#kept.size === 0 ? 'None yet.' : 'None matches.');
    const newer = holds ? matching.length - shown.length : 0;
    setText(byId('shown'), `${number(shown.length)} of the last ${number(this.#kept.size)}${newer > 0 ? `, ${number(newer)} newer waiting` : ''}${
      this.#open !== null && !this.#isPaused ? ', held while one is open' : ''}`);
  }

  #matches({ method, host, target, status, client, badges, flagged, end }) {
    return this.#filter === '' || [method, host + between({ host, target }) + target, status, client, ...badges, flagged, end].join(' ').toLowerCase().includes(this.#filter);
  }

  #row(first) {
    const [status, took, size] = [el('span', { class: 'number status' }), el('span', { class: 'number took' }), el('span', { class: 'number size' })];
    const badges = el('span', { class: 'badges' });
    const detail = el('div', { class: 'detail', id: `request-${first.key}`, hidden: '' });
    const button = el('button', { class: 'row', type: 'button', 'aria-expanded': 'false', 'aria-controls': detail.id },
      el('time', { datetime: new Date(first.timeMs).toISOString() }, clock(first.timeMs)), el('span', { class: 'method' }, first.method),
      el('span', { class: 'what' }, badges, el('span', { class: 'path' }, el('span', { class: 'quiet' }, first.host), between(first), first.target)),
      status, took, size,
      el('span', { class: 'client' }, el('span', { class: 'hidden' }, 'from '), first.client));
    button.addEventListener('click', () => this.#toggle(first.key));
    const node = el('li', {}, button, detail);
    let said = '';
    return {
      node, detail,
      update: (one) => {
        setText(status, one.status === null ? '' : String(one.status));
        setText(took, one.tookMs === null ? '' : duration(one.tookMs));
        setText(size, bytes(one.bodySize));
        const chips = [...one.badges.map((badge) => [badge, BADGES[badge] ?? 'blue']), ...endChip(one), ...(one.flagged === null ? [] : [[one.flagged, 'bad']])];
        if (String(chips) !== said) badges.replaceChildren(...chips.flatMap(([text, kind]) => [el('span', { class: `chip ${kind}` }, text), ' ']));
        said = String(chips);
        const isOpen = this.#open === one.key;
        if (button.getAttribute('aria-expanded') !== String(isOpen)) button.setAttribute('aria-expanded', String(isOpen));
        detail.hidden = !isOpen;
      },
    };
  }

  #toggle(key) {
    this.#open = this.#open === key ? null : key;
    this.#show();
    if (this.#open !== null) this.#read(key);
  }

  async #read(key) {
    const detail = this.#list.known.get(key)?.detail;
    if (detail === undefined) return;
    const answer = await fetch(`/request?key=${encodeURIComponent(key)}${this.#showsValues ? '&values=shown' : ''}`, { cache: 'no-store' }).catch(() => null);
    if (answer === null || !answer.ok) {
      detail.replaceChildren(el('p', {}, answer === null ? 'The rebuilder does not answer.' : await answer.text()));
      return;
    }
    const { head, fate } = await answer.json();
    const first = fate[0]?.timeMs ?? 0;
    detail.replaceChildren(
      el('div', {}, el('h3', {}, this.#showsValues ? 'Head, as it was sent' : 'Head, values masked'), el('pre', { tabindex: '0' }, head.join('\n'))),
      el('div', {}, el('h3', {}, 'Fate'), el('ol', {}, ...fate.map(({ timeMs, text }) => el('li', {}, el('span', {}, `+${duration(Math.max(0, timeMs - first))} `), text)))),
    );
  }
}

/** How it ended, where that is worth a word. */
function endChip({ end }) {
  if (end === null || end === 'forward.delivered' || end === 'forward.delivered_incomplete') return [];
  return [[end, end.startsWith('rules.') ? 'left_out' : 'lost']];
}

/** A target that is no path (`*`, `host:port`, a URL) would run into the host before it. */
const between = ({ host, target }) => host === '' || /^(?:\/|$)/.test(target) ? '' : ' ';
