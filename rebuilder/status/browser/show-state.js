// Everything that one moment's state shows, but the requests.
import { amount, byId, bytes, clock, duration, el, keyed, number, setText, sparkline } from './elements.js';

const KINDS = { not_http: 'not HTTP', left_out: 'left out', lost: 'lost' };
const CONDITIONS = { none: 'none', untried: 'not tried yet', reachable: 'takes connections', answering: 'answers', failing: 'fails' };

let announced = '';

export function showState(state) {
  showVerdict(state.verdict);
  setText(byId('version'), state.version);
  setText(byId('uptime'), `up ${duration(state.nowMs - state.startedMs)}`);
  setText(byId('clock'), clock(state.nowMs));
  keyed(byId('stages'), state.stages, ({ name }) => name, stage);
  keyed(byId('endpoints'), state.endpoints, ({ key }) => key, endpoint);
  keyed(byId('deliveries'), figures(state), ([name]) => name, figure);
  keyed(byId('levels'), state.levels, ({ name }) => name, level);
  keyed(byId('sources'), state.sources, ({ description }) => description, source);
  keyed(byId('senders'), state.senders.length > 0 ? state.senders : [null], (one) => one === null ? 'none' : `${one.address} ${one.vni}`, (one) => sender(one, state));
  for (const one of state.senders) byId('senders').known.get(`${one.address} ${one.vni}`).seen(one, state.nowMs);
  keyed(byId('balance'), state.balance, ({ unit }) => unit, balance);
}

function showVerdict({ level, sentence, advice }) {
  const box = byId('verdict');
  if (box.className !== `verdict ${level}`) box.className = `verdict ${level}`;
  setText(byId('sentence'), sentence);
  const link = byId('advice');
  link.hidden = advice === null;
  if (advice !== null) link.setAttribute('href', `/docs/operations#${advice}`);
  document.title = `${{ good: '✓', wait: '…', losing: '!', bad: '✗' }[level]} rebuilder`;
  // Rates change with every second; only another judgement is worth an announcement.
  const now = `${level} ${advice}`;
  if (now !== announced) setText(byId('announcer'), sentence);
  announced = now;
}

function stage({ title, unit }) {
  const rate = el('strong');
  const total = el('p', { class: 'quiet' });
  const line = sparkline(`${title}, the last minute`);
  const marks = el('ul', { class: 'marks' });
  const exits = el('div');
  return {
    node: el('li', {}, el('h3', {}, title), el('p', {}, rate, el('span', { class: 'quiet' }, unit === 'bytes' ? ' / s' : ` ${unit} / s`)),
      line.node, total, marks, exits),
    update(one) {
      setText(rate, unit === 'bytes' ? bytes(one.perSecond) : number(one.perSecond));
      setText(total, `${amount(one.total, unit)} since the start`);
      line.update(one.series);
      keyed(marks, one.marks, ({ name }) => name, mark);
      const kinds = Object.keys(KINDS).map((kind) => ({ kind, exits: one.exits.filter((exit) => exit.kind === kind) }))
        .filter((group) => group.exits.length > 0);
      keyed(exits, kinds, ({ kind }) => kind, exitGroup);
    },
  };
}

function mark({ name, help }) {
  const node = el('li', { title: help });
  return { node, update: ({ total }) => setText(node, `${number(total)} ${name}`) };
}

function exitGroup({ kind }) {
  const sums = el('span');
  const list = el('ul');
  return {
    node: el('details', {}, el('summary', {}, el('span', { class: `chip ${kind}` }, KINDS[kind]), ' ', sums), list),
    update({ exits }) {
      const units = [...new Set(exits.map(({ unit }) => unit))];
      setText(sums, units.map((unit) => amount(exits.filter((exit) => exit.unit === unit).reduce((sum, { total }) => sum + total, 0), unit)).join(', '));
      keyed(list, exits, ({ name }) => name, exitLine);
    },
  };
}

function exitLine({ name, unit, help }) {
  const text = el('span');
  return {
    node: el('li', {}, el('code', {}, name), ' ', text, el('br'), el('span', { class: 'quiet' }, help)),
    update: ({ total, perSecond }) => setText(text, `${amount(total, unit)}${perSecond > 0 ? `, ${amount(perSecond, unit)} / s` : ''}`),
  };
}

function endpoint({ key }) {
  const chip = el('span');
  const url = el('code');
  const detail = el('span', { class: 'quiet' });
  return {
    node: el('li', { title: key }, chip, ' ', url, ' ', detail),
    update(one) {
      chip.className = `chip ${one.condition}`;
      setText(chip, CONDITIONS[one.condition]);
      setText(url, one.url ?? '');
      setText(detail, one.detail);
    },
  };
}

function figures({ delay, queueTime, answers, inFlight, openConnections }) {
  return [
    ['delay', within(delay)],
    ['of it in the queue', within(queueTime)],
    ['node’s answers', Object.entries(answers).map(([name, count]) => `${number(count)} × ${name}`).join(', ')],
    ['in flight', `${number(inFlight)} ${inFlight === 1 ? 'request' : 'requests'}; ${number(openConnections)} ${openConnections === 1 ? 'connection' : 'connections'} open`],
  ];
}

const within = ({ p50, p99 }) => p50 === null
  ? 'nothing was answered in the last minute'
  : `half within ${duration(p50)}, 99 % within ${duration(p99)}`;

function figure([name]) {
  const value = el('dd');
  const node = el('div', { class: 'figure' }, el('dt', { class: 'quiet' }, name), value);
  return { node, update: ([, text]) => setText(value, text) };
}

function level({ name, unit }) {
  const id = `level-${name.replaceAll(' ', '-')}`;
  const text = el('span', { class: 'quiet' });
  const meter = el('meter', { id, min: 0, low: 0.6, high: 0.9, max: 1, optimum: 0 });
  return {
    node: el('li', {}, el('label', { for: id }, name), ' ', text, meter),
    update({ value, limit }) {
      meter.value = limit > 0 ? value / limit : 0;
      setText(text, unit === 'bytes' ? `${bytes(value)} of ${bytes(limit)}` : `${number(value)} of ${number(limit)}`);
    },
  };
}

function source({ description }) {
  const chip = el('span');
  return {
    node: el('li', {}, chip, ' ', description),
    update({ bound }) {
      chip.className = `chip ${bound ? 'good' : 'bad'}`;
      setText(chip, bound ? 'open' : 'closed');
    },
  };
}

function sender(one) {
  if (one === null) return { node: el('tr', {}, el('td', { colspan: 5, class: 'quiet' }, 'No packet yet.')), update() {} };
  const [packets, cut, last] = [el('td', { class: 'number' }), el('td', { class: 'number' }), el('td')];
  return {
    node: el('tr', {}, el('td', {}, one.address ?? 'without a tunnel'), el('td', {}, one.vni === null ? '–' : String(one.vni)), packets, cut, last),
    update(now) {
      setText(packets, number(now.packets));
      setText(cut, number(now.cutPackets));
    },
    seen({ lastMs }, nowMs) {
      setText(last, nowMs - lastMs < 3000 ? 'now' : `${duration(nowMs - lastMs)} ago`);
    },
  };
}

function balance({ unit }) {
  const cells = ['in', 'out', 'lost', 'inFlight'].map((key) => ({ key, cell: el('td', { class: 'number' }) }));
  const chip = el('span');
  return {
    node: el('tr', {}, el('td', {}, unit), ...cells.map(({ cell }) => cell), el('td', {}, chip)),
    update(row) {
      for (const { key, cell } of cells) setText(cell, unit === 'bytes' ? bytes(row[key]) : number(row[key]));
      chip.className = `chip ${row.imbalance === 0 ? 'good' : 'warn'}`;
      setText(chip, row.imbalance === 0 ? 'balanced' : `off by ${number(row.imbalance)}`);
    },
  };
}
