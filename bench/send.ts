/**
 * The mirror: `node send.ts DIR PORT FROM TO PACKETS_PER_SECOND OUTPUT RAMP_MS`. Sends packets FROM..TO of a load to
 * UDP 127.0.0.1:PORT with sendmmsg at a steady rate, all of them in memory beforehand. Writes to OUTPUT when each was
 * sent, in milliseconds of the machine's monotonic clock, and prints how many seconds it took. The rate grows from
 * nothing during the first RAMP_MS.
 */
import { writeFileSync } from 'node:fs';
import { DatagramSender } from './datagram-sender.ts';
import { readPackets } from './load-file.ts';
import { monotonicMs } from './monotonic.ts';
import { Pace } from './pace.ts';

const [dir = '', port = '', first = '', last = '', rate = '', output = '', ramp = '0'] = process.argv.slice(2);
const from = Number(first);
const to = Number(last);

const { bytes, starts, lengths } = readPackets(dir);
const count = to - from;
const sender = new DatagramSender(bytes, starts, lengths, from, to, Number(port));

const sentAt = new Float64Array(count);
const begin = monotonicMs();
const pace = new Pace(Number(rate), Number(ramp));
let sent = 0;
while (sent < count) {
  const now = monotonicMs();
  const due = Math.min(count, pace.due(now));
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
