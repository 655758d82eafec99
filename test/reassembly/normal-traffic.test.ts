// Normal traffic is read in one way: a second reading is an alarm, so that there is none in real captures, from both
// directions or the client's alone, is held for each of them (those of test/captures, and ../shared/captures where it
// is at hand).
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { PcapFile } from '../../rebuilder/capture/pcap-file.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { decapsulate } from '../../rebuilder/wire/decapsulate.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';

const FOLDERS = ['../captures', '../../../shared/captures'].map((name) => path.join(import.meta.dirname, name)).filter((folder) => existsSync(folder));

async function replay(file: string, isOneWay: boolean): Promise<Ledger> {
  const ledger = new Ledger();
  const pipeline = new Pipeline(REPLAY_OPTIONS, ledger, { exchange: () => {} });
  const packet = new Packet();
  const source = new PcapFile(file);
  await source.start({
    frame: (link, bytes, start, end, originalLength, timeMs, outerSource) => {
      const isSegment = decapsulate(link, bytes, start, end, originalLength, outerSource, packet) === 'segment';
      // A server has the lower port.
      if (isOneWay && isSegment && packet.srcPort < packet.dstPort) return;
      pipeline.frame(link, bytes, start, end, originalLength, timeMs, outerSource);
    },
    batchEnd: (timeMs) => { pipeline.batchEnd(timeMs); },
  });
  await source.done;
  pipeline.flush();
  return ledger;
}

for (const folder of FOLDERS) {
  for (const isOneWay of [false, true]) {
    test(`${path.basename(path.dirname(folder))}/${path.basename(folder)}, ${isOneWay ? 'client only' : 'both ways'}: no second reading`, async () => {
      const found: string[] = [];
      let requests = 0;
      for (const name of readdirSync(folder).filter((one) => /\.pcap(ng)?$/.test(one))) {
        const ledger = await replay(path.join(folder, name), isOneWay);
        requests += ledger.get('http.requests');
        const second = ledger.get('http.second_readings');
        if (second > 0) found.push(`${name}: ${second}`);
      }
      assert.ok(requests > 10, `${requests} requests`);
      assert.deepEqual(found, []);
    });
  }
}
