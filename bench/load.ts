import { appendSegment, type Encapsulation, HEADER_BYTES, PacketStore, type Segment } from './packets.ts';
import { Random } from './random.ts';
import { type RequestKind, RequestWriter } from './requests.ts';

/** What a load is made of. The same options give the same bytes. */
export interface LoadOptions {
  readonly seed: number;
  readonly kind: RequestKind;
  /** Requests in all. */
  readonly requests: number;
  /** Connections open at any time; their packets are interleaved. */
  readonly connections: number;
  readonly requestsPerConnection: number;
  /** Longest inner IP packet, bytes. */
  readonly mtu: number;
  /** The server's half is mirrored too: 200 responses of 1 to 4 KiB. */
  readonly responses: boolean;
  /** Bytes of a response, if all are to have as many. */
  readonly responseBytes?: number;
  readonly faults: Faults;
}

/** What a network, a client or a mirror may do to a load; each on its own makes a test. */
interface Faults {
  /** Requests sent in one piece without waiting, 1 = none. */
  readonly pipelined: number;
  readonly vlan: boolean;
  readonly zeroFilled: boolean;
  readonly endLookalikes: boolean;
  /** Segments end anywhere, in heads too, not only when full. */
  readonly cutAnywhere: boolean;
  /** Sequence numbers of each connection pass 2^32 in its first kilobytes. */
  readonly sequenceWrap: boolean;
  /** Each packet as IP fragments of this many bytes; 0 = whole. */
  readonly fragmentBytes: number;
  /** Share of segments that are sent again some packets later. */
  readonly retransmitted: number;
  /** Share of segments that arrive behind the next one of their connection. */
  readonly reordered: number;
  /** Share of segments that the mirror lost. */
  readonly lost: number;
  /** Each packet is mirrored at two interfaces, with two VNIs. */
  readonly doubled: boolean;
  /** The mirror starts within the body of a request that is on its way. */
  readonly midstream: boolean;
  /** Frames cut to this many bytes; 0 = none. */
  readonly cutTo: number;
}

export const NO_FAULTS: Faults = {
  pipelined: 1, vlan: false, zeroFilled: false, endLookalikes: false, cutAnywhere: false, sequenceWrap: false,
  fragmentBytes: 0, retransmitted: 0, reordered: 0, lost: 0, doubled: false, midstream: false, cutTo: 0,
};

export interface Load {
  readonly packets: PacketStore;
  /** Packet that completes request i for the receiver; -1 = bytes of it were lost or cut on the way. */
  readonly lastPacket: Int32Array;
  /** Bytes of all requests. */
  readonly requestBytes: number;
}

const VNI = 1377;
const SECOND_VNI = 4242;
const SERVER_PORT = 8080;
const FIN = 1;
const SYN = 2;
const PSH = 8;
const ACK = 16;
/** Segments of one connection in a row, at most. */
const BURST = 4;

interface Connection {
  client: number;
  server: number;
  port: number;
  seq: number;
  ack: number;
  ipId: number;
  requestsLeft: number;
  /** The bytes being sent, and which requests end where in them. */
  data: Buffer;
  at: number;
  ends: { id: number; at: number }[];
  /** A response of so many bytes goes out when `data` is through. */
  responseBytes: number;
  /** A segment that the network delays behind the next one. */
  delayed: { segment: Segment; data: Buffer; start: number; end: number; flags: number } | undefined;
  /** The request being sent has lost bytes. */
  damaged: Set<number>;
}

export function buildLoad(options: LoadOptions): Load {
  return new LoadBuilder(options).build();
}

class LoadBuilder {
  readonly #options: LoadOptions;
  readonly #random: Random;
  readonly #requests: RequestWriter;
  readonly #store: PacketStore;
  readonly #how: Encapsulation;
  readonly #lastPacket: Int32Array;
  readonly #filler = Buffer.alloc(65_536, 'response body ');
  #nextId = 0;
  #nextConnection = 0;
  #requestBytes = 0;
  /** Copies that are sent again once so many packets have passed. */
  readonly #copies: { due: number; segment: Segment; data: Buffer; start: number; end: number }[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#requests = new RequestWriter(this.#random, options.kind, options.faults);
    this.#store = new PacketStore(Math.min(options.requests * (options.kind === 'get' ? 700 : 16_000), 1 << 30));
    this.#how = {
      vni: VNI,
      vlan: options.faults.vlan,
      fragmentBytes: options.faults.fragmentBytes,
      cutTo: options.faults.cutTo,
    };
    this.#lastPacket = new Int32Array(options.requests).fill(-1);
  }

  build(): Load {
    const open: Connection[] = [];
    while (open.length < this.#options.connections && this.#nextId < this.#options.requests) open.push(this.#connect());
    while (open.length > 0) {
      const i = this.#random.below(open.length);
      const connection = open[i]!;
      for (let n = this.#random.between(1, BURST); n > 0; n--) {
        if (connection.at < connection.data.length) this.#sendSegment(connection);
        if (connection.at < connection.data.length) continue;
        this.#flushDelayed(connection);
        if (this.#options.responses) this.#respond(connection);
        // The client acknowledges what it got, whether the mirror shows it or not.
        else connection.ack = (connection.ack + connection.responseBytes) >>> 0;
        if (this.#nextRequests(connection)) break;
        this.#transmit(connection, this.#clientSegment(connection, FIN | ACK), connection.data, 0, 0);
        if (this.#nextId < this.#options.requests) open[i] = this.#connect();
        else open.splice(i, 1);
        break;
      }
    }
    for (const copy of this.#copies.splice(0)) this.#append(copy.segment, copy.data, copy.start, copy.end);
    return { packets: this.#store, lastPacket: this.#lastPacket, requestBytes: this.#requestBytes };
  }

  #connect(): Connection {
    const n = this.#nextConnection++;
    const { sequenceWrap, midstream } = this.#options.faults;
    const connection: Connection = {
      client: 0x0a010000 + ((n * 7) % 60_000) + 1,
      server: 0x0a020000 + (n % 40) + 2,
      port: 1024 + ((n * 31) % 64_000),
      seq: sequenceWrap ? (0 - this.#random.between(1, 3000)) >>> 0 : this.#random.uint32(),
      ack: this.#random.uint32(),
      ipId: this.#random.below(65_536),
      requestsLeft: this.#options.requestsPerConnection,
      data: Buffer.alloc(0), at: 0, ends: [], responseBytes: 0, delayed: undefined, damaged: new Set(),
    };
    if (midstream) {
      const rest = this.#requests.write(999_999_999);
      connection.data = rest.subarray(this.#random.below(rest.length));
      return connection;
    }
    this.#transmit(connection, this.#clientSegment(connection, SYN), connection.data, 0, 0);
    connection.seq = (connection.seq + 1) >>> 0;
    if (this.#options.responses) {
      this.#transmit(connection, this.#serverSegment(connection, SYN | ACK), connection.data, 0, 0);
    }
    connection.ack = (connection.ack + 1) >>> 0;
    this.#transmit(connection, this.#clientSegment(connection, ACK), connection.data, 0, 0);
    this.#nextRequests(connection);
    return connection;
  }

  /** Puts the next request, or pipelined ones, on the connection; false = it is through. */
  #nextRequests(connection: Connection): boolean {
    const n = Math.min(this.#options.faults.pipelined, connection.requestsLeft, this.#options.requests - this.#nextId);
    if (n <= 0) return false;
    const parts: Buffer[] = [];
    let length = 0;
    connection.ends = [];
    for (let i = 0; i < n; i++) {
      const bytes = this.#requests.write(this.#nextId);
      parts.push(bytes);
      length += bytes.length;
      connection.ends.push({ id: this.#nextId++, at: length });
    }
    connection.data = n === 1 ? parts[0]! : Buffer.concat(parts);
    connection.at = 0;
    connection.requestsLeft -= n;
    connection.responseBytes = n * (this.#options.responseBytes ?? this.#random.between(1024, 4096));
    connection.damaged.clear();
    this.#requestBytes += length;
    return true;
  }

  #sendSegment(connection: Connection): void {
    const { faults, mtu } = this.#options;
    const { data, at } = connection;
    const room = mtu - HEADER_BYTES;
    const end = Math.min(data.length, at + (faults.cutAnywhere ? this.#random.between(1, room) : room));
    const segment = this.#clientSegment(connection, end === data.length ? PSH | ACK : ACK);
    connection.seq = (connection.seq + end - at) >>> 0;
    connection.at = end;
    if (connection.delayed === undefined && this.#random.chance(faults.reordered)) {
      connection.delayed = { segment, data, start: at, end, flags: segment.flags };
      return;
    }
    this.#transmit(connection, segment, data, at, end);
    this.#flushDelayed(connection);
  }

  #flushDelayed(connection: Connection): void {
    const { delayed } = connection;
    if (delayed === undefined) return;
    connection.delayed = undefined;
    this.#transmit(connection, delayed.segment, delayed.data, delayed.start, delayed.end);
  }

  /** What the mirror makes of one segment: nothing, one datagram, or more. */
  #transmit(connection: Connection, segment: Segment, data: Buffer, start: number, end: number): void {
    const { faults } = this.#options;
    const lost = faults.lost > 0 && this.#random.chance(faults.lost);
    const cut = faults.cutTo > 0 && 14 + HEADER_BYTES + end - start > faults.cutTo;
    if (!lost) this.#append(segment, data, start, end);
    if (end > start && segment.dstPort === SERVER_PORT) this.#noteProgress(connection, start, end, lost || cut);
    if (!lost && end > start && this.#random.chance(faults.retransmitted)) {
      const again = { ...segment, ipId: segment.ipId + 7 };
      this.#copies.push({ due: this.#store.count + this.#random.between(2, 60), segment: again, data, start, end });
    }
    while (this.#copies.length > 0 && this.#copies[0]!.due <= this.#store.count) {
      const copy = this.#copies.shift()!;
      this.#append(copy.segment, copy.data, copy.start, copy.end);
    }
  }

  #append(segment: Segment, data: Buffer, start: number, end: number): void {
    appendSegment(this.#store, segment, data, start, end, this.#how);
    if (this.#options.faults.doubled) {
      appendSegment(this.#store, segment, data, start, end, { ...this.#how, vni: SECOND_VNI });
    }
  }

  /**
   * A request is complete for the receiver with the last packet that carries bytes of it, in whatever order they come.
   */
  #noteProgress(connection: Connection, start: number, end: number, damaged: boolean): void {
    let from = 0;
    for (const request of connection.ends) {
      if (start < request.at && end > from) {
        if (damaged) connection.damaged.add(request.id);
        this.#lastPacket[request.id] = connection.damaged.has(request.id) ? -1 : this.#store.count - 1;
      }
      from = request.at;
    }
  }

  #respond(connection: Connection): void {
    const length = connection.responseBytes;
    if (connection.ends.length === 0) return;
    const share = Math.floor(length / connection.ends.length);
    const responses = Buffer.concat(connection.ends.flatMap(({ id }) => [
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Id: ${id}\r\nContent-Length: ${share}\r\n\r\n`),
      this.#filler.subarray(0, share),
    ]));
    const room = this.#options.mtu - HEADER_BYTES;
    for (let at = 0; at < responses.length; at += room) {
      const end = Math.min(responses.length, at + room);
      this.#transmit(
        connection,
        this.#serverSegment(connection, end === responses.length ? PSH | ACK : ACK),
        responses,
        at,
        end,
      );
      connection.ack = (connection.ack + end - at) >>> 0;
    }
    this.#transmit(connection, this.#clientSegment(connection, ACK), responses, 0, 0);
  }

  #clientSegment(connection: Connection, flags: number): Segment {
    return {
      src: connection.client, dst: connection.server, srcPort: connection.port, dstPort: SERVER_PORT,
      seq: connection.seq, ack: flags & ACK ? connection.ack : 0, flags, ipId: connection.ipId++,
    };
  }

  #serverSegment(connection: Connection, flags: number): Segment {
    return {
      src: connection.server, dst: connection.client, srcPort: SERVER_PORT, dstPort: connection.port,
      seq: connection.ack, ack: connection.seq, flags, ipId: connection.ipId + 0x8000,
    };
  }
}
