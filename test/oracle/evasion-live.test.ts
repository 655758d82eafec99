// The same captures as packets on their way to the running service, each with the pauses it was made with: clocks run
// here.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { PcapFile } from '../../rebuilder/capture/pcap-file.ts';
import type { ExchangeJson } from '../../rebuilder/exchange/exchange-json.ts';
import { encodeEthernet, encodeVxlan } from '../../rebuilder/wire/encode.ts';
import { framesOf } from '../collected-frames.ts';
import { ANY_PORTS, RunningService, folder } from '../command-line.ts';
import { absent } from '../installed.ts';
import { EVASIONS, type Told, assertTold, evasionFile } from './evasions.ts';

/**
 * Plays them to a service of their own, all at once, each in a network of its own.
 * @returns what it told, by capture
 */
async function told(t: TestContext, names: readonly string[]): Promise<ReadonlyMap<string, Told[]>> {
  const out = join(folder(t), 'exchanges.jsonl');
  const service = await RunningService.start(t, `
workers: 0
tcp_stream: {from_vxlan: {listen_addr: "127.0.0.1:0"}}
exchanges: {file: ${out}}
log: {pretty: false}
${ANY_PORTS}`);
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  const send = promisify<Uint8Array, number, string, unknown>(socket.send.bind(socket));
  let datagrams = 0;
  await Promise.all(names.map(async (name, vni) => {
    const frames = await framesOf(new PcapFile(evasionFile(name)));
    const begin = performance.now();
    for (const { link, bytes, timeMs } of frames) {
      const wait = timeMs - frames[0]!.timeMs - (performance.now() - begin);
      if (wait > 0) await setTimeout(wait);
      datagrams++;
      await send(encodeVxlan(vni, link === LinkType.ethernet ? bytes : encodeEthernet({}, bytes)), service.port('vxlan'), '127.0.0.1');
    }
  }));
  await service.reaches('capture.frames', datagrams);
  await service.stop();
  const lines = readFileSync(out, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as ExchangeJson);
  return new Map(names.map((name, vni) => [name, lines.filter((line) => line.vni === vni).map(({ request }) => ({
    name: `${request.method} ${request.target} ${Buffer.from(request.body, 'base64').toString('latin1')}`,
    complete: request.complete, reading: request.reading ?? 1, correction: request.correction === true,
  }))]));
}

test('captures made to mislead are told in the running service, too', async (t) => {
  if (EVASIONS.length === 0) {
    absent(t, 'no ../shared/evasion beside the checkout');
    return;
  }
  // Apart: the client's half of a connection is another view of the same, and is told once. Those of r… are all made
  // with the same numbers, and nothing in them depends on time.
  const isOneWay = (name: string): boolean => name.endsWith('.oneway.pcap');
  const cases = EVASIONS.filter((name) => !name.startsWith('r'));
  const views = await Promise.all([told(t, cases.filter(isOneWay)), told(t, cases.filter((name) => !isOneWay(name)))]);
  for (const view of views) for (const [name, seen] of view) await t.test(name, () => assertTold(name, seen));
});
