import { createHash } from 'node:crypto';
import { COUNTERS, COUNTER_NAMES } from '../ledger.ts';
import { balance, inFlight, losses, total } from './balance.ts';
import { ready } from './health.ts';
import type { RateHistory, Rates } from './rates.ts';
import type { ReceivedRequest, StatusSource } from './status-source.ts';

const SHOWN_REQUESTS = 50;
const SHOWN_TARGET = 200;

/** Everything a browser needs is in the one answer: no assets, no network, light or dark as the system is. */
export function page(source: StatusSource, rates: RateHistory, nowMs: number): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>rebuilder</title>
<link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><main id="status">${content(source, rates, nowMs)}</main><script>${SCRIPT}</script></body></html>
`;
}

/** The part that refreshes itself. Every text of the network is escaped: it was written by a stranger. */
export function content(source: StatusSource, rates: RateHistory, nowMs: number): string {
  const ledger = source.ledger();
  const gauges = source.gauges();
  const health = ready(source, nowMs);
  const now = rates.latest();
  const lost = losses(ledger);
  const requestsLost = total(ledger, 'lost', 'requests');
  return `
<header><h1>rebuilder <small>${escape(source.version)}</small></h1>
<p>${pill(health.ok, health.ok ? 'ready' : 'not ready')} up ${duration(nowMs - source.startedMs)}</p></header>
<section class="cards">
${card('packets / s', number(now.packets), spark(rates, 'packets'))}
${card('requests rebuilt / s', number(now.rebuilt), spark(rates, 'rebuilt'))}
${card('requests delivered / s', number(now.delivered), spark(rates, 'delivered'))}
${card('requests lost', number(requestsLost), `${percent(requestsLost, total(ledger, 'in', 'requests'))} of all rebuilt`)}
${card('in flight', number(gauges.inFlightRequests), `${bytes(gauges.queueBytes)} queued`)}
${card('connections known', number(gauges.flows), `${bytes(gauges.pendingBytes)} of streams held`)}
</section>
${source.received ? receivedTable(source.received()) : ''}
<section><h2>Is it working?</h2><table>
${health.checks.map((check) => `<tr><td>${pill(check.ok, check.ok ? 'yes' : 'no')}</td><th>${check.check}</th><td>${escape(check.reason)}</td></tr>`).join('\n')}
</table></section>
<section><h2>Packet sources</h2><table>
${source.sources().map(({ description, bound }) => `<tr><td>${pill(bound, bound ? 'open' : 'closed')}</td><td>${escape(description)}</td></tr>`).join('\n')}
</table></section>
<section><h2>Detection endpoint</h2><table>
${source.endpoints().map(({ url, answering, detail }) => `<tr><td>${pill(answering, answering ? 'answers' : 'silent')}</td>
<td>${escape(url ?? 'none')}</td><td>${escape(detail)}</td></tr>`).join('\n')}
<tr><td></td><td>${number(gauges.openConnections)} connections</td><td></td></tr></table></section>
<section><h2>Ledger: what came in ended somewhere</h2>
<table class="numbers"><tr><th></th><th>in</th><th>out</th><th>lost</th><th>in flight</th><th></th></tr>
${balance(ledger, inFlight(gauges)).map((row) => `<tr><th>${row.unit}</th><td>${number(row.in)}</td><td>${number(row.out)}</td><td>${number(row.lost)}</td>
<td>${number(row.inFlight)}</td><td>${pill(row.imbalance === 0, row.imbalance === 0 ? 'balanced' : `off by ${number(row.imbalance)}`)}</td></tr>`).join('\n')}
</table></section>
<section><h2>Losses by reason</h2>${lost.length === 0 ? '<p class="quiet">Nothing was lost.</p>' : `<table>
${lost.map((loss) => `<tr><td class="count">${number(loss.count)}</td><td>${loss.unit}</td><th><code>${loss.name}</code></th><td>${escape(loss.help)}</td></tr>`).join('\n')}
</table>`}</section>
<section><h2>All other counters</h2><table>
${COUNTER_NAMES.filter((name) => COUNTERS[name].role !== 'lost' && ledger.get(name) > 0).map((name) => `<tr><td class="count">${number(ledger.get(name))}</td>
<td>${COUNTERS[name].unit}</td><th><code>${name}</code></th><td>${escape(COUNTERS[name].help)}</td></tr>`).join('\n')}
</table></section>`;
}

function receivedTable(received: readonly ReceivedRequest[]): string {
  const rows = received.slice(-SHOWN_REQUESTS).reverse();
  const empty = '<p class="quiet">None yet. Send one of the printed curl commands to the sample app.</p>';
  return `<section><h2>Requests the detection node received (${number(received.length)})</h2>${rows.length === 0 ? empty : `<table>
${rows.map((row) => `<tr${row.attack === null ? '' : ' class="attack"'}><td>${new Date(row.timeMs).toISOString().slice(11, 19)}</td>
<td>${escape(row.clientAddress)}</td><td>${escape(shorten(row.host))}</td><td><code>${escape(shorten(row.method))}</code></td>
<td><code>${escape(shorten(row.target))}</code> ${row.attack === null ? '' : pill(false, row.attack)}</td></tr>`).join('\n')}
</table>`}</section>`;
}

const card = (title: string, value: string, below: string): string =>
  `<div class="card"><h3>${title}</h3><strong>${value}</strong><div class="quiet">${below}</div></div>`;

const pill = (good: boolean, text: string): string => `<span class="${good ? 'good' : 'bad'}">${escape(text)}</span>`;

/** The last minute, one bar a second. */
function spark(rates: RateHistory, key: keyof Rates): string {
  const values = rates.history().map((one) => one[key]);
  const top = Math.max(1, ...values);
  const bars = values.map((value, i) => {
    const height = Math.round((value / top) * 20);
    return height > 0 ? `<rect x="${(60 - values.length + i) * 2}" y="${20 - height}" width="1.5" height="${height}"/>` : '';
  });
  return `<svg viewBox="0 0 120 20" role="img" aria-label="last minute">${bars.join('')}</svg>`;
}

export function escape(text: string): string {
  return text.replace(/[&<>"'\x00-\x1f\x7f]/g, (char) => {
    const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' };
    return named[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

const shorten = (text: string): string => (text.length > SHOWN_TARGET ? `${text.slice(0, SHOWN_TARGET)}…` : text);

const number = (value: number): string =>
  (Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' '));

const percent = (part: number, whole: number): string => (whole === 0 ? '0 %' : `${((100 * part) / whole).toFixed(part === 0 ? 0 : 2)} %`);

function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let size = value;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

function duration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${total % 60} s` : `${total} s`;
}

const STYLE = `
:root{color-scheme:light dark;--edge:light-dark(#d8dce2,#3a3f47);--quiet:light-dark(#5b6470,#9aa4b0);--card:light-dark(#f6f7f9,#1d2127);
--good:light-dark(#14713d,#5fd39a);--bad:light-dark(#b3261e,#ff8a80)}
body{font:15px/1.5 system-ui,sans-serif;margin:0;background:light-dark(#fff,#14171b);color:light-dark(#1b1f24,#e6e9ed)}
main{max-width:72rem;margin:auto;padding:1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1rem;margin:1.6rem 0 .4rem}h3{font-size:.8rem;font-weight:400;margin:0;color:var(--quiet)}
small,.quiet{color:var(--quiet);font-weight:400}header{display:flex;justify-content:space-between;align-items:baseline;flex-wrap:wrap}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.6rem;margin-top:.8rem}
.card{border:1px solid var(--edge);background:var(--card);border-radius:8px;padding:.6rem .8rem}.card strong{font-size:1.5rem}
svg{width:100%;height:1.2rem;fill:var(--good)}section{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--edge);vertical-align:top}
th{font-weight:500}th,td{width:1%;white-space:nowrap}td:last-child{width:auto;white-space:normal}
.numbers th+th,.numbers td,.count{text-align:right;font-variant-numeric:tabular-nums}.numbers td:last-child{text-align:left}code{font-size:.85rem;overflow-wrap:anywhere}
.good,.bad{border:1px solid;border-radius:1rem;padding:0 .6rem;font-size:.85rem;white-space:nowrap}.good{color:var(--good)}.bad{color:var(--bad)}
.attack code{color:var(--bad)}`;

const SCRIPT = `
const main=document.getElementById('status');
const tick=async()=>{try{const answer=await fetch('?part=content',{cache:'no-store'});
if(answer.ok&&!String(getSelection()))main.innerHTML=await answer.text();main.style.opacity=1}catch{main.style.opacity=.4}
setTimeout(tick,1000)};setTimeout(tick,1000);`;

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Only our own style and script may run, whatever a request's target contains. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src ${sha256(STYLE)}; script-src ${sha256(SCRIPT)}; connect-src 'self'; img-src data:; `
  + 'style-src-attr \'none\'; base-uri \'none\'; form-action \'none\'; frame-ancestors \'none\'';
