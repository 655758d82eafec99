import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import type { Request } from '../../rebuilder/http/message.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { encodeEthernet, encodeIpv4, encodeTcp } from '../../rebuilder/wire/encode.ts';

const CLIENT = '192.0.2.7';
const SERVER = '10.0.2.9';
const SEGMENT_BYTES = 1_400;

let clientPort = 20_000;

/**
 * Plays `bytes` as what a client sent on a connection of its own, and hands on every request that the real pipeline
 * rebuilds from it, with borrowed bytes as in production.
 */
export function rebuild(bytes: Uint8Array, use: (request: Request) => void): void {
  const pipeline = new Pipeline(REPLAY_OPTIONS, new Ledger(), { exchange: use });
  const port = clientPort++;
  let sequence = 1_000;
  const frame = (flags: number, data: Uint8Array): void => {
    const ends = { source: CLIENT, destination: SERVER, sourcePort: port, destinationPort: 80 };
    const segment = encodeTcp({ ...ends, sequence, acknowledgement: flags === 2 ? 0 : 1, flags }, data);
    const packet = encodeEthernet(
      {},
      encodeIpv4({ source: CLIENT, destination: SERVER, identification: sequence & 0xffff }, segment),
    );
    pipeline.frame(LinkType.ethernet, packet, 0, packet.length, packet.length, 1_000, 0);
    sequence += data.length + (flags === 2 ? 1 : 0);
  };
  frame(2, new Uint8Array(0));
  for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) frame(16, bytes.subarray(at, at + SEGMENT_BYTES));
  frame(17, new Uint8Array(0));
  pipeline.flush();
}
