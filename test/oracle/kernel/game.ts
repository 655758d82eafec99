// A game: what a hand-made client sends, in words that do not name the sequence numbers of one connection, so that it
// can be played again.
import { TcpFlag } from '../../../rebuilder/wire/packet.ts';
import { randomNumbers } from '../../random-numbers.ts';

/** One IP fragment of a packet: payload bytes [offset, offset + length). */
export interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly more: boolean;
  /** Of the IPv4 header's last two bits of service: 0 = no ECN, 3 = congestion experienced. */
  readonly ecn?: number;
  /** IPv6: another next header than the first fragment names. */
  readonly nextHeader?: number;
  /** The byte is XORed to each byte of the payload: another reading of it. */
  readonly xor?: number;
  /** Its payload, latin1, instead of the segment's bytes. */
  readonly bytes?: string;
  /** Its frame goes to a multicast address of Ethernet's. */
  readonly toGroup?: boolean;
}

/** A length that is too long or none, a multicast address of Ethernet's, IPv6 from an address of IPv4's, labels. */
export type FrameDefect = 'long' | 'no length' | 'group address' | 'mapped' | 'label';

/** What is odd in the IP header, or beside it. */
export type IpDefect = FrameDefect | IPv4Defect | IPv6Defect;
type IPv4Defect = typeof IPV4_DEFECTS[number];
type IPv6Defect = typeof IPV6_DEFECTS[number];
const IPV4_DEFECTS = [
  'source route', 'wrong header sum', 'zero header sum', 'record route', 'router alert', 'security label', 'option beyond the end',
] as const;
const IPV6_DEFECTS = [
  'second hop-by-hop', 'segments left', 'discard option', 'many options', 'hop-by-hop', 'route that is done', 'segment route that is done',
  'home address route', 'skipped option', 'much padding', 'hop-by-hop behind another', 'fragment header', 'two fragment headers',
] as const;

export interface Op {
  /** Time since the operation before, ms, of the capture's clock. */
  readonly pauseMs: number;
  readonly flags: number;
  /** Relative to the first byte of data. */
  readonly seq: number;
  readonly data: string;
  /** Relative to what the server sends next. */
  readonly ack: number;
  readonly window: number;
  /** Of the timestamps option; undefined = there is none. */
  readonly timestamp?: number;
  readonly urgent?: number;
  readonly md5?: boolean;
  /** Further TCP options, as they are sent. */
  readonly options?: readonly number[];
  readonly scale?: number;
  /** Length of a Fast Open cookie; undefined = no option. */
  readonly cookie?: number;
  readonly wrongSum?: boolean;
  readonly ip?: IpDefect;
  readonly pieces?: readonly Piece[];
  /** Does the application read from here on? (At first it does.) */
  readonly reads?: boolean;
  /** Where Multipath TCP maps the data, relative to the first byte; undefined = where `seq` says. */
  readonly place?: number;
  /** Another number than that of this connection, for SYN and what follows it. */
  readonly isnOffset?: number;
}

export interface Game {
  readonly seed: number;
  readonly v6: boolean;
  readonly responds: boolean;
  /** Are the pipeline's own clocks running, on the capture's time? */
  readonly live: boolean;
  readonly ops: readonly Op[];
  readonly server?: ServerTraits;
}

/** What the server does that most do not. */
export interface ServerTraits {
  /** It takes data of a SYN, with or without a cookie (RFC 7413). */
  readonly fastOpen?: boolean;
  /** It speaks Multipath TCP (RFC 8684), as the client does: `place` counts. */
  readonly multipath?: boolean;
  /** The application closes its end when the client's has come. */
  readonly closes?: boolean;
}

const { ack: ACK, psh: PSH, syn: SYN, fin: FIN, rst: RST, urg: URG } = TcpFlag;
const LETTERS = 'abcdefgh';

/** Requests whose free bytes are the letter of one reading: any mixture of readings is as well made as each of them. */
function requests(letter: string, shape: readonly { post: boolean; target: number; body: number }[]): string {
  return shape.map(({ post, target, body }, i) => post
    ? `POST /${i}${letter.repeat(target)} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body}\r\n\r\n${letter.repeat(body)}`
    : `GET /${i}${letter.repeat(target)} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
}

/** @param traits its server takes data of a SYN, or speaks Multipath TCP */
export function newGame(seed: number, { fastOpen = false, multipath = false }: ServerTraits = {}): Game {
  const random = randomNumbers(seed);
  const one = <T>(values: readonly T[]): T => values[random(values.length)]!;
  const chance = (percent: number): boolean => random(100) < percent;
  const style = multipath ? 'multipath' : one(['overlaps', 'defects', 'defects', 'steering', 'fragments', 'mixed', 'neighbours', 'ends', 'options', 'chains']);
  const shape = Array.from(
    { length: 1 + random(3) }, () => ({ post: chance(60), target: 3 + random(20), body: 1 + random(40) }),
  );
  const versions = Array.from(LETTERS, (letter) => requests(letter, shape));
  const true_ = versions[0]!;
  const total = true_.length;
  const timestamps = !multipath && chance(50);
  const scale = chance(70) ? one([0, 2, 7]) : undefined;
  const v6 = chance(25);
  let clock = 5_000_000 + random(1000);
  const pause = (): number => one([0.1, 0.1, 0.5, 5, 5, 40, 250, 250, 1300, 2500, 12_000]);
  const ops: Op[] = [];
  const stamp = (timestamp: number = clock): { timestamp?: number } => timestamps ? { timestamp } : {};
  const add = (op: Partial<Op>): void => {
    const pauseMs = op.pauseMs ?? pause();
    clock += Math.ceil(pauseMs);
    ops.push({ flags: ACK | PSH, seq: 0, data: '', ack: 0, window: 8000, ...stamp(), ...op, pauseMs });
  };
  const range = (): [number, number] => {
    const start = random(total);
    return [start, Math.min(total, start + 1 + random(one([4, 20, 60, total])))];
  };
  const segment = (start: number, end: number, version = 0): Partial<Op> =>
    ({ seq: start, data: versions[version]!.slice(start, end) });

  // --- the beginning
  const withCookie = chance(10);
  const synData = withCookie || chance(8) ? { data: versions[random(3)]!.slice(0, 10 + random(40)) } : {};
  const offered = scale === undefined ? {} : { scale };
  add({ flags: SYN, seq: -1, ...offered, ...synData, ...(withCookie ? { cookie: one([0, 8]) } : {}) });
  if (chance(10)) {
    const flags = ACK | (chance(50) ? PSH : 0);
    add({ flags, ack: one([-1000, 1000, 1, -1]), ...(chance(50) ? segment(0, 20, 1) : {}) });
  }
  if (chance(90)) add({ flags: ACK });

  // --- one segment that is not what it seems
  const defect = (): Partial<Op> => {
    const [start, end] = range();
    const part = segment(start, end, 1 + random(4));
    switch (random(17)) {
      case 0: return { ...part, flags: one([0, PSH, FIN, URG]) };
      case 1: return { ...part, flags: one([SYN, SYN | ACK, SYN | ACK | PSH]) };
      case 2: return { ...part, flags: one([RST, RST | ACK]) };
      case 3: return { ...part, md5: true };
      case 4: return { ...part, ...stamp(clock - one([1, 50, 5000, 600_000, 5_000_000])) };
      case 5: return { ...part, ack: one([1, 10, 1000, 60_000, 300_000, 0x3000_0000]) };
      case 6: return { ...part, ack: -one([1, 10, 500, 5000, 70_000, 0x3000_0000]) };
      case 7: return { ...part, wrongSum: true };
      case 8: return { ...part, ip: one(v6 ? IPV6_DEFECTS : IPV4_DEFECTS) };
      case 9: return { ...part, flags: RST, data: '', seq: one([start, total, 1_000_000, -500]) };
      case 10: return { ...part, seq: start + one([60_000, 64_000, 70_000, 10_000_000, 0x3000_0000, -100_000]) };
      case 11: return { flags: ACK | FIN, data: '', seq: one([start, total + 500, 0x4000_0000]) };
      case 12: return { flags: SYN, data: '', seq: one([-1, start, 0x2000_0000]), isnOffset: 0 };
      case 13: return { flags: SYN | ACK, data: '', seq: one([-1, start, 0x2000_0000]) };
      case 14: return { ...part, ...stamp(clock + one([1, 5000, 0x4000_0000])) };
      case 15: return { ...part, options: one(TCP_OPTIONS) };
      default: return { ...part, flags: ACK | PSH | URG, urgent: one([0, 1, end - start, end - start + 1, 60_000]) };
    }
  };
  const fragmented = (): Partial<Op> => {
    const [start, end] = range();
    const part = segment(start, Math.max(end, Math.min(total, start + 24)), chance(60) ? 0 : 1 + random(3));
    const length = 20 + (timestamps ? 12 : 0) + part.data!.length;
    const cutAt = 8 * (1 + random(Math.max(1, Math.floor(length / 8) - 1)));
    const first: Piece = { offset: 0, length: cutAt, more: true };
    const last: Piece = { offset: cutAt, length: length - cutAt, more: false };
    const pieces: Piece[] = chance(50) ? [first, last] : [last, first];
    const ip = chance(15) ? { ip: one(v6 ? IPV6_DEFECTS : IPV4_DEFECTS) } : {};
    switch (random(12)) {
      case 0: pieces.splice(random(3), 0, { offset: 8 * random(4), length: 0, more: true }); break;
      case 1: pieces[0] = { ...pieces[0]!, ecn: one([1, 2, 3]) }; break;
      case 2:
        pieces.splice(random(3), 0, { offset: 8 * random(4), length: 8 * (1 + random(3)), more: true, xor: 1 });
        break;
      case 3: pieces.splice(random(3), 0, first); break;
      case 4: return { ...part, ...ip, pieces: [{ ...first, length: cutAt + 4 }, last] };
      case 5: pieces[1] = { ...pieces[1]!, nextHeader: 17 }; break;
      case 6: if (cutAt >= 16) pieces.splice(1, 0, { offset: 8, length: cutAt - 8, more: true }); break;
      case 7: pieces.splice(1, 0, { offset: 24, length: 8, more: chance(50) }); break;
      case 8: pieces.splice(random(3), 0, { ...one([first, last]), xor: 1 }); break;
      case 9: return { ...part, ...ip, pieces: pieces.map((piece) => ({ ...piece, ecn: random(4) })) };
      case 10: return { ...part, ...ip, pieces: [{ offset: 0, length, more: false }] };
      default: break;
    }
    return { ...part, ...ip, pieces };
  };

  /** What a server refuses that has sent nothing yet, though not everything says so where it is not seen. */
  const refusedAck = (): { ack: number } => ({ ack: one([10, 60_000, -500, -5000]) });
  let chainSeq = 0;
  let [subflowSeq, dataSeq] = [0, 0];
  const turns = 2 + random(8);
  for (let turn = 0; turn < turns; turn++) {
    const kind = multipath ? style : style === 'mixed' ? one(['overlaps', 'defects', 'steering', 'fragments', 'plain']) : chance(70) ? style : 'plain';
    if (kind === 'overlaps') {
      const [start, end] = range();
      add(segment(start, end, random(LETTERS.length)));
    } else if (kind === 'defects') {
      add(defect());
    } else if (kind === 'steering') {
      const steer = defect();
      add(steer);
      if (chance(50)) add({ ...steer, seq: steer.seq! + steer.data!.length });
    } else if (kind === 'fragments') {
      add(fragmented());
    } else if (kind === 'neighbours') {
      // Two that a queue may join, and one across them.
      const [start, end] = range();
      const middle = start + random(end - start + 1);
      const across = segment(Math.max(0, start - random(4)), Math.min(total, end + random(6)), random(LETTERS.length));
      const pair = [segment(start, middle, random(3)), segment(middle, end, random(3))];
      for (const part of chance(50) ? [...pair, across] : [across, ...pair]) if (part.data !== '') add(part);
    } else if (kind === 'ends') {
      // What its server may refuse, or not have yet, and then what ends the connection behind it.
      const end = chance(50) ? total : range()[1];
      const odd = chance(60) ? defect() : {};
      add({ ...odd, ...segment(chance(60) ? 0 : random(end), end, random(3)) });
      const closing = { flags: one([ACK | FIN, ACK | FIN, RST, RST | ACK]), seq: end };
      if (chance(70)) add({ ...closing, ...(chance(30) ? { ack: one([-1, 1]) } : {}) });
    } else if (kind === 'chains') {
      // Another connection of the same addresses and ports, as far as the numbers tell, and what ends it.
      const [start, end] = range();
      if (turn > 0) {
        chainSeq += one([0x2000_0000, 500, 40_000, 2_000_000, -500, -40_000, -2_000_000]);
        add({ flags: SYN, seq: chainSeq, isnOffset: 0 });
        chainSeq++;
      }
      if (chance(85)) add({ ...segment(start, end, 1 + random(3)), seq: chainSeq + start, ...refusedAck() });
      if (chance(80)) add({ flags: one([ACK | FIN, RST, RST | ACK]), seq: chainSeq + end, ...refusedAck() });
      chainSeq += end;
    } else if (kind === 'multipath') {
      // In the order of the subflow, and anywhere in that of the data.
      const [start, end] = range();
      const place = chance(40) ? start : Math.max(0, one([dataSeq, dataSeq - random(6), dataSeq + random(20)]));
      const part = versions[chance(60) ? 0 : 1 + random(3)]!.slice(place, place + end - start);
      if (part.length > 0) add({ seq: subflowSeq, data: part, place });
      subflowSeq += part.length;
      if (place === dataSeq) dataSeq += part.length;
    } else if (kind === 'options') {
      const [start, end] = range();
      const ip = one(v6 ? IPV6_DEFECTS : IPV4_DEFECTS);
      add({ ...segment(start, end, random(3)), ...(chance(60) ? { options: one(TCP_OPTIONS) } : { ip }) });
    } else {
      const [start, end] = range();
      const urgent = chance(8) ? { urgent: 1 + random(end - start), flags: ACK | PSH | URG } : {};
      add({ ...segment(start, end), ...urgent });
    }
  }

  // --- in the end all of it, as a client would send it
  if (chance(85)) {
    const step = multipath ? one([1, 11]) : one([total, 30, 11]);
    const starts = Array.from({ length: Math.ceil(total / step) }, (_, i) => i * step);
    if (chance(30)) starts.reverse();
    for (const start of starts) {
      const part = segment(start, Math.min(total, start + step));
      add({ ...part, ...(multipath ? { seq: subflowSeq + start, place: start } : {}), pauseMs: one([0.1, 1, 20]) });
    }
  }
  const closes = chance(40);
  if (chance(closes ? 70 : 30)) add({ flags: ACK | FIN, seq: total });
  // Both ends are closed, and something comes once more.
  if (closes && chance(60)) {
    add({ flags: ACK, seq: total + 1 });
    add(segment(0, total, chance(70) ? 0 : random(3)));
  }
  const server: ServerTraits = {
    ...(fastOpen ? { fastOpen } : {}), ...(closes ? { closes } : {}), ...(multipath ? { multipath } : {}),
  };
  return { seed, v6, responds: chance(50), live: chance(50), ops, server };
}

/**
 * A length of 0, one beyond the end, two that mean nothing to whoever takes segments. (Whether a kernel drops TCP-AO,
 * and lengths that cannot be before the last 4 bytes, is a matter of how it was made.)
 */
const TCP_OPTIONS: readonly (readonly number[])[] = [[3, 0, 0, 0], [253, 40, 0, 0], [28, 4, 0, 9], [253, 4, 1, 2]];
