/**
 * The mirror: `node send.ts DIR PORT FROM TO PACKETS_PER_SECOND OUTPUT RAMP_MS`. Sends packets FROM..TO of a load to UDP 127.0.0.1:PORT with
 * sendmmsg at a steady rate, all of them in memory beforehand. Writes to OUTPUT when each was sent, in milliseconds of the machine's
 * monotonic clock, and prints how many seconds it took. The rate grows from nothing during the first RAMP_MS.
 */
import { writeFileSync } from 'node:fs';
import { DatagramSender } from './datagram-sender.ts';
import { readPackets } from './load-file.ts';
import { monotonicMs } from './monotonic.ts';

const [dir = '', port = '', first = '', last = '', rate = '', output = '', ramp = '0'] = process.argv.slice(2);
const from = Number(first);
const to = Number(last);
const perMs = Number(rate) / 1000;
const rampMs = Number(ramp);

/** What was missed while this process did not run is not made up for by a flood, beyond so much. */
const MAX_DEBT_MS = 10;

const { bytes, starts, lengths } = readPackets(dir);
const count = to - from;
const sender = new DatagramSender(bytes, starts, lengths, from, to, Number(port));

const sentAt = new Float64Array(count);
const begin = monotonicMs();
let clockMs = 0;
let lastMs = begin;
let sent = 0;
while (sent < count) {
  const now = monotonicMs();
  clockMs += Math.min(now - lastMs, MAX_DEBT_MS);
  lastMs = now;
  const due = Math.min(count, Math.floor(perMs * (clockMs < rampMs ? clockMs * clockMs / (2 * rampMs) : clockMs - rampMs / 2)));
  if (due <= sent) {
    sender.pause();
    continue;
  }
  const n = sender.send(sent, due);
  sentAt.fill(now, sent, sent + n);
  sent += n;
}
const end = monotonicMs();
writeFileSync(output, new Uint8Array(sentAt.buffer));
console.log((end - begin) / 1000);
