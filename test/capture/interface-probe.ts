// Runs an InterfaceCapture in a process of its own (the network namespace is that of the process) and tells, one JSON
// line each, what it does. Arguments: device, filter, snap length. Ends with its standard input.
import { InterfaceCapture } from '../../rebuilder/capture/interface.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { decapsulate } from '../../rebuilder/wire/decapsulate.ts';
import { Packet } from '../../rebuilder/wire/packet.ts';
import { summary } from '../wire/outcomes.ts';

const [device = 'any', filter = '', snapLength = '65535'] = process.argv.slice(2);
const tell = (what: Record<string, unknown>): void => { process.stdout.write(`${JSON.stringify(what)}\n`); };
const ledger = new Ledger();
const packet = new Packet();
const capture = new InterfaceCapture(device, {
  ledger, filter, snapLengthBytes: Number(snapLength), onNotice: (notice) => tell({ notice }),
});

try {
  await capture.start({
    frame(link, bytes, start, end, originalLength, timeMs) {
      const outcome = decapsulate(link, bytes, start, end, originalLength, 0, packet);
      tell({
        outcome, summary: summary(packet), vlan: packet.vlan, depth: packet.depth, captured: end - start,
        originalLength, timeMs,
      });
    },
    batchEnd() {},
  });
  tell({ started: capture.describe() });
  process.stdin.on('end', () => {
    void capture.stop().then(() => {
      tell({ stopped: true, kernelDrops: ledger.get('capture.kernel_drops'), lost: ledger.get('capture.interface_lost') });
      process.exit(0);
    });
  }).resume();
} catch (error) {
  tell({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
}
