/**
 * The mirror: `node send.ts DIR PORTS FROM TO PACKETS_PER_SECOND OUTPUT RAMP_MS [TURN_PACKETS]`. Sends packets FROM..TO
 * of a load to UDP 127.0.0.1:PORTS with sendmmsg at a steady rate, all of them in memory beforehand. Writes to OUTPUT
 * when each was sent, in milliseconds of the machine's monotonic clock, and prints how many seconds it took. The rate
 * grows from nothing during the first RAMP_MS. Each of several ports (`4789,4790`) gets all of it, TURN_PACKETS at a
 * time: while one gets them, the others get nothing; who began a turn ends the next one.
 */
import { writeFileSync } from 'node:fs';
import { DatagramSender } from './datagram-sender.ts';
import { readPackets } from './load-file.ts';
import { monotonicMs } from './monotonic.ts';
import { Pace } from './pace.ts';

const [dir = '', ports = '', first = '', last = '', rate = '', output = '', ramp = '0', turn = ''] = process.argv.slice(2);
const from = Number(first);
const to = Number(last);
const count = to - from;
const turnPackets = turn === '' ? count : Number(turn);

const { bytes, starts, lengths } = readPackets(dir);
let senders = ports.split(',').map((port) => new DatagramSender(bytes, starts, lengths, from, to, Number(port)));

const sentAt = new Float64Array(count);
const begin = monotonicMs();
for (let at = 0; at < count; at += turnPackets) {
  for (const sender of senders) sendPaced(sender, at, Math.min(count, at + turnPackets));
  senders = senders.toReversed();
}
const end = monotonicMs();
writeFileSync(output, new Uint8Array(sentAt.buffer));
console.log((end - begin) / 1000);

function sendPaced(sender: DatagramSender, start: number, stop: number): void {
  const pace = new Pace(Number(rate), Number(ramp));
  let sent = start;
  while (sent < stop) {
    const now = monotonicMs();
    const due = Math.min(stop, start + pace.due(now));
    if (due <= sent) {
      sender.pause();
      continue;
    }
    const n = sender.send(sent, due);
    sentAt.fill(now, sent, sent + n);
    sent += n;
  }
}
