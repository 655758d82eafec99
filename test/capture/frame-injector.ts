// Sends the frames of a capture file out of a network interface, as they are. Arguments: device, file, frames a second
// (default: as fast as it goes).
import { setTimeout } from 'node:timers/promises';
import koffi from 'koffi';
import { PcapFile } from '../../rebuilder/capture/pcap-file.ts';
import { framesOf } from '../collected-frames.ts';

const [device = '', file = '', framesPerSecond = 'Infinity'] = process.argv.slice(2);
const library = koffi.load(process.platform === 'darwin' ? '/usr/lib/libpcap.A.dylib' : 'libpcap.so.0.8');
const openLive: (
  device: string,
  snapLength: number,
  promiscuous: number,
  timeoutMs: number,
  error: Uint8Array,
) => bigint | number = library.func('uintptr_t pcap_open_live(const char *, int, int, int, void *)');
const inject: (capture: bigint, bytes: Uint8Array, length: number) => number = library.func('int pcap_inject(uintptr_t, const void *, size_t)');
const error = Buffer.alloc(256);
const capture = BigInt(openLive(device, 100, 0, 10, error));
if (capture === 0n) throw new Error(`${device}: ${error.toString('latin1', 0, error.indexOf(0))}`);
const startMs = performance.now();
let sent = 0;
for (const { bytes } of await framesOf(new PcapFile(file))) {
  while (sent > (performance.now() - startMs + 10) / 1000 * Number(framesPerSecond)) await setTimeout(1);
  sent++;
  if (inject(capture, bytes, bytes.length) !== bytes.length) throw new Error(`${device}: a frame of ${bytes.length} bytes was not sent`);
}
