/**
 * The mirror of a soak, in a thread: sends a load over and over, at a steady rate. Each pass has other client
 * addresses, so that its connections are new ones; the ids of requests repeat.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { DatagramSender, MAX_BATCH } from './datagram-sender.ts';
import { monotonicMs } from './monotonic.ts';
import { Pace, RAMP_MS } from './pace.ts';
import { CLIENT_OCTETS, type SoakShare, SentTimes, Shared } from './soak-share.ts';

const { packets, port, packetsPerSecond, minutes, state } = workerData as SoakShare;
const { starts, lengths } = packets;
const bytes = Buffer.from(packets.bytes);
const count = lengths.length;
const sentTimes = new SentTimes(state.sentAt, count);
const shared = new Float64Array(state.numbers);

/** Behind VXLAN (8) and Ethernet (14). */
const IP = 22;
const IP_CHECKSUM = IP + 10;
const SRC = IP + 12;
const DST = IP + 16;
const TCP_CHECKSUM = IP + 20 + 16;
const DST_PORT = IP + 20 + 2;
const SERVER_PORT = 8080;

/** The checksum after a 16-bit word of what it covers has changed (RFC 1624, eqn. 3). */
function updateChecksum(at: number, before: number, after: number): void {
  let sum = (~bytes.readUInt16BE(at) & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  bytes.writeUInt16BE(~sum & 0xffff, at);
}

function setClientOctet(at: number, octet: number): void {
  const address = at + (bytes.readUInt16BE(at + DST_PORT) === SERVER_PORT ? SRC : DST);
  const before = bytes.readUInt16BE(address);
  bytes[address] = octet;
  const after = bytes.readUInt16BE(address);
  updateChecksum(at + IP_CHECKSUM, before, after);
  updateChecksum(at + TCP_CHECKSUM, before, after);
}

const sender = new DatagramSender(bytes, starts, lengths, 0, count, port);
const endMs = monotonicMs() + minutes * 60_000;
const pace = new Pace(packetsPerSecond, RAMP_MS);
let total = 0;
for (let pass = 0; monotonicMs() < endMs; pass++) {
  shared[Shared.pass] = pass;
  const times = sentTimes.of(pass);
  let patched = 0;
  for (let sent = 0; sent < count;) {
    const now = monotonicMs();
    const due = Math.min(count, sent + pace.due(now) - total);
    if (due <= sent) {
      sender.pause();
      continue;
    }
    for (; patched < due; patched++) setClientOctet(starts[patched]!, CLIENT_OCTETS.first + pass % CLIENT_OCTETS.count);
    // Before it is sent: its request may arrive while this thread does not run.
    times.fill(now, sent, Math.min(due, sent + MAX_BATCH));
    const n = sender.send(sent, due);
    sent += n;
    total += n;
    shared[Shared.packetsSent] = total;
  }
}
parentPort!.postMessage('done');
