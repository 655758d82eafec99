import { LinkType } from '../rebuilder/capture/frame-source.ts';
import { type ExchangeJson, exchangeJson } from '../rebuilder/exchange/exchange-json.ts';
import type { ExchangeSink } from '../rebuilder/exchange/exchange-sink.ts';
import { Ledger } from '../rebuilder/ledger.ts';
import { Pipeline, type PipelineOptions } from '../rebuilder/pipeline.ts';
import { REPLAY_OPTIONS } from '../rebuilder/cli/replay.ts';
import { balance } from '../rebuilder/status/balance.ts';
import { encodeEthernet, encodeIpv4, encodeTcp } from '../rebuilder/wire/encode.ts';

const CLIENT = '10.0.1.7';
const SERVER = '10.0.2.9';
const SYN = 2;
const ACK = 16;
const FIN = 1;

export interface Sent {
  data?: Uint8Array;
  /** Offset in the stream, bytes after the SYN; default: right behind what was sent before. */
  at?: number;
  flags?: number;
  timeMs?: number;
  ack?: number;
  /** The TCP checksum is wrong, as in a segment that was made to be dropped. */
  badChecksum?: boolean;
  options?: Uint8Array;
  /** So many bytes at its end were not captured. */
  cut?: number;
}

/** One TCP connection played into a pipeline, frame by frame: what a test of streams needs and no more. */
export class TcpStream {
  readonly ledger = new Ledger();
  readonly exchanges: ExchangeJson[] = [];
  readonly pipeline: Pipeline;
  readonly isn: number;
  readonly serverIsn = 7_000;
  clientPort = 41_000;
  serverPort = 80;
  nowMs = 1_000;
  #sent = 0;
  #answered = 0;
  #ipId = 1;

  /** @param sink gets the requests instead of `exchanges` */
  constructor(options: Partial<PipelineOptions> = {}, isn = 1_000, sink: ExchangeSink | null = null) {
    this.isn = isn;
    this.pipeline = new Pipeline({ ...REPLAY_OPTIONS, ...options }, this.ledger, sink ?? {
      exchange: (request) => {
        this.ledger.count('http.exchanges');
        this.exchanges.push(exchangeJson(request));
      },
    });
  }

  open(): this {
    this.#frame(false, this.isn, 0, SYN, new Uint8Array(0));
    this.#frame(true, this.serverIsn, this.isn + 1, SYN | ACK, new Uint8Array(0));
    return this;
  }

  /** The client sends a segment. */
  send(
    data: Uint8Array | string,
    {
      at = this.#sent, flags = ACK, ack = this.serverIsn + 1 + this.#answered, badChecksum = false, options, cut,
    }: Sent = {},
  ): this {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    this.#frame(false, this.isn + 1 + at, ack, flags, bytes, badChecksum, options, cut);
    this.#sent = Math.max(this.#sent, at + bytes.length);
    return this;
  }

  /** The server sends a segment. */
  answer(
    data: Uint8Array | string, { at = this.#answered, flags = ACK, ack = this.isn + 1 + this.#sent, cut }: Sent = {},
  ): this {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    this.#frame(true, this.serverIsn + 1 + at, ack, flags, bytes, false, undefined, cut);
    this.#answered = Math.max(this.#answered, at + bytes.length);
    return this;
  }

  /** What comes next is of another connection, from the client's next port. */
  nextConnection(): this {
    this.clientPort++;
    this.#sent = 0;
    this.#answered = 0;
    return this;
  }

  wait(ms: number): this {
    for (let left = ms; left > 0; left -= 20) {
      this.nowMs += Math.min(20, left);
      this.pipeline.batchEnd(this.nowMs);
    }
    return this;
  }

  close(): this {
    this.#frame(false, this.isn + 1 + this.#sent, this.serverIsn + 1 + this.#answered, ACK | FIN, new Uint8Array(0));
    return this;
  }

  /** Ends the input. @returns what the ledger cannot account for; empty = balanced */
  end(): { unit: string; imbalance: number }[] {
    this.pipeline.flush();
    return this.imbalance();
  }

  imbalance(): { unit: string; imbalance: number }[] {
    const gauges = this.pipeline.gauges();
    const flying = { packets: gauges.pendingPackets, bytes: gauges.pendingBytes, requests: gauges.waitingRequests };
    return balance(this.ledger, flying)
      .filter((unit) => unit.imbalance !== 0)
      .map(({ unit, imbalance }) => ({ unit, imbalance }));
  }

  #frame(
    fromServer: boolean, seq: number, ack: number, flags: number, data: Uint8Array, badChecksum = false,
    options: Uint8Array = new Uint8Array(0), cut = 0,
  ): void {
    const [src, dst]: [string, string] = fromServer ? [SERVER, CLIENT] : [CLIENT, SERVER];
    const [srcPort, dstPort]: [number, number] = fromServer
      ? [this.serverPort, this.clientPort]
      : [this.clientPort, this.serverPort];
    const ends = { source: src, destination: dst, sourcePort: srcPort, destinationPort: dstPort };
    const segment = encodeTcp(
      { ...ends, sequence: seq >>> 0, acknowledgement: flags & ACK ? ack >>> 0 : 0, flags, options },
      data,
    );
    if (badChecksum) segment[16]! ^= 0xff;
    const packet = encodeIpv4({ source: src, destination: dst, identification: this.#ipId++ & 0xffff }, segment);
    const frame = encodeEthernet({}, packet);
    this.pipeline.frame(LinkType.ethernet, frame, 0, frame.length - cut, frame.length, this.nowMs, 0);
  }
}
