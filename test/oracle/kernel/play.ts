// Plays games against the kernel: what went over the wire, and what the application read.
import { LinkType } from '../../../rebuilder/capture/frame-source.ts';
import { decapsulate } from '../../../rebuilder/wire/decapsulate.ts';
import { Packet, TcpFlag } from '../../../rebuilder/wire/packet.ts';
import { MultipathSubtype, TcpOptions } from '../../../rebuilder/wire/tcp-options.ts';
import { framesOf } from './frame.ts';
import type { Game } from './game.ts';
import { type Accepted, Listener, MULTIPATH_PORT, PacketSocket, SERVER_PORT } from './kernel.ts';

export interface Frame { readonly bytes: Uint8Array; readonly timeMs: number; readonly fromClient: boolean }

export interface Played {
  readonly frames: readonly Frame[];
  /** Bytes of data that the client sent. */
  readonly sentBytes: number;
  /** What the application read of each connection, in the order in which it accepted them. */
  readonly streams: readonly string[];
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const FIRST_PORT = 10_000;

export class Player {
  readonly #wire = new PacketSocket();
  readonly #plain = new Listener(SERVER_PORT);
  readonly #multipath = new Listener(MULTIPATH_PORT);
  readonly #options = new TcpOptions();
  readonly #packet = new Packet();
  #games = 0;

  play(game: Game): Played {
    const clientPort = FIRST_PORT + this.#games++ % 50_000;
    const clientIsn = (0x7000_0000 + this.#games * 0x9e3779b1) >>> 0;
    const listener = game.server?.multipath === true ? this.#multipath : this.#plain;
    listener.behave(game.server);
    let serverKey: Uint8Array | null = game.server?.multipath === true ? new Uint8Array(0) : null;
    const frames: Frame[] = [];
    const accepted: Accepted[] = [];
    let serverNext = 0;
    let answered = 0;
    let timeMs = 0;
    let reads = true;
    const listen = (): void => {
      for (let bytes = this.#wire.receive(); bytes !== null; bytes = this.#wire.receive()) {
        const packet = this.#packet;
        if (decapsulate(LinkType.ethernet, bytes, 0, bytes.length, bytes.length, 0, packet) !== 'segment') continue;
        if (packet.srcPort > MULTIPATH_PORT || packet.dstPort !== clientPort) continue;
        frames.push({ bytes, timeMs, fromClient: false });
        if ((packet.flags & TcpFlag.rst) !== 0) continue;
        const isSynAck = (packet.flags & TcpFlag.syn) !== 0;
        if (serverKey !== null && isSynAck) serverKey = this.#keyOf(packet) ?? serverKey;
        const length = packet.dataEnd - packet.dataStart + ((packet.flags & (TcpFlag.syn | TcpFlag.fin)) !== 0 ? 1 : 0);
        const next = (packet.seq + length) >>> 0;
        if (serverNext === 0 || ((next - serverNext) | 0) > 0 || (packet.flags & TcpFlag.syn) !== 0) serverNext = next;
      }
    };
    game.ops.forEach((op, i) => {
      timeMs += op.pauseMs;
      reads = op.reads ?? reads;
      const ipId = this.#games * 131 + i;
      for (const bytes of framesOf(op, game.v6, { clientIsn, serverNext, clientPort, ipId, serverKey })) {
        frames.push({ bytes, timeMs, fromClient: true });
        this.#wire.send(bytes);
        timeMs += 0.01;
      }
      listen();
      for (let one = listener.accept(); one !== null; one = listener.accept()) accepted.push(one);
      if (reads) for (const one of accepted) one.readAll(game.server?.closes === true);
      const read = requestsOf(accepted[0]?.stream ?? '').length;
      if (game.responds && read > answered) {
        for (; answered < read; answered++) accepted[0]!.write(ANSWER);
        listen();
      }
    });
    const streams = accepted.map((one) => one.stream);
    for (const one of accepted) one.abort();
    while (this.#wire.receive() !== null);
    return { frames, streams, sentBytes: game.ops.reduce((sum, { data }) => sum + data.length, 0) };
  }

  /** The key with which the server's SYN-ACK agrees to Multipath TCP; null = it does not. */
  #keyOf(packet: Packet): Uint8Array | null {
    this.#options.read(packet);
    const { multipath, multipathAt: at } = this.#options;
    return multipath === MultipathSubtype.capable ? packet.bytes.slice(at + 4, at + 12) : null;
  }
}

export interface ReadRequest { readonly method: string; readonly target: string; readonly body: string }

/** The whole requests at the beginning of a stream of well-made ones. */
export function requestsOf(stream: string): ReadRequest[] {
  const found: ReadRequest[] = [];
  for (let at = 0; ;) {
    const head = /^(GET|POST) (\S+) HTTP\/1\.1\r\nHost: a\r\n(?:Content-Length: (\d+)\r\n)?\r\n/.exec(stream.slice(at));
    if (head === null) return found;
    const bodyStart = at + head[0].length;
    const end = bodyStart + Number(head[3] ?? 0);
    if (end > stream.length) return found;
    found.push({ method: head[1]!, target: head[2]!, body: stream.slice(bodyStart, end) });
    at = end;
  }
}
