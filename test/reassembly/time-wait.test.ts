// Connections that were closed: what is sent of them again begins no other, whoever else was closed since.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../../rebuilder/ledger.ts';
import { History, NOTHING } from '../../rebuilder/reassembly/history.ts';
import { Doubt } from '../../rebuilder/reassembly/receiver.ts';
import { Shown } from '../../rebuilder/reassembly/shown.ts';
import { SLOTS, TimeWait } from '../../rebuilder/reassembly/time-wait.ts';
import { IpDoubt } from '../../rebuilder/wire/ip-doubt.ts';
import { Packet, TcpFlag } from '../../rebuilder/wire/packet.ts';

const CLIENT = 0x0a00_0001;
const [CLIENT_PORT, SERVER_PORT] = [50_000, 80] as const;
const WAIT_MS = 240_000;

const seen = { peerSent: true, lastHeard: NOTHING, shown: Shown.nothing } as const;

/** One whose client ended at 1000 and had acknowledged 500, and whose server ended at 600 and had acknowledged 1000. */
function finished(hash: number) {
  return {
    hash, aPort: CLIENT_PORT, bPort: SERVER_PORT, a3: CLIENT,
    fromA: { beganSeq: 100, nextSeq: 1000, receiver: { lastAck: 500 }, ...seen },
    fromB: { beganSeq: 0, nextSeq: 600, receiver: { lastAck: 1000 }, ...seen },
  };
}

function segment(isFromClient: boolean, seq: number, length: number, ack: number): Packet {
  const packet = new Packet();
  const [from, to] = isFromClient ? [CLIENT_PORT, SERVER_PORT] : [SERVER_PORT, CLIENT_PORT];
  return Object.assign(packet, {
    srcPort: from, dstPort: to, src3: isFromClient ? CLIENT : 1, dst3: isFromClient ? 1 : CLIENT,
    seq, ack, dataStart: 0, dataEnd: length,
  });
}

test('a segment is old that ends where its direction ended, or before, and acknowledges no less', () => {
  const known = new TimeWait(new History(4096), new Ledger());
  known.remember(finished(7), 0);
  const cases: readonly [why: string, isFromClient: boolean, seq: number, ack: number, isOld: boolean][] = [
    ['its last one', true, 900, 500, true],
    ['one byte more', true, 901, 500, false],
    ['it acknowledges less than was acknowledged', true, 900, 499, false],
    ['the last one of the server', false, 500, 1000, true],
    ['what the client had not sent when the server ended', false, 500, 999, false],
    ['farther back than any window', true, 900 - (1 << 27), 500, false],
  ];
  for (const [why, isFromClient, seq, ack, isOld] of cases) {
    assert.equal(known.recall(segment(isFromClient, seq, 100, ack), 7, 1) === 'old', isOld, why);
  }
});

test('it is remembered as long as a sender may send it again', () => {
  const known = new TimeWait(new History(4096), new Ledger());
  known.remember(finished(7), 1000);
  assert.equal(known.recall(segment(true, 900, 100, 500), 7, 1000 + WAIT_MS) === 'old', true);
  assert.equal(known.recall(segment(true, 900, 100, 500), 7, 1001 + WAIT_MS) === 'old', false);
});

test('where the server was not seen, its client may be there still, behind a SYN as well, and sends no SYN-ACK', () => {
  const history = new History(4096);
  const lastHeard = history.append(Uint8Array.of(1, 2), 0, 2, 998, 500, 0, -1, 0, 0, 998, true, 20, NOTHING);
  const known = new TimeWait(history, new Ledger());
  const place = { beganSeq: 100, nextSeq: 1000, lastHeard };
  const ofFlags = (isFromClient: boolean, flags: number): Packet =>
    Object.assign(segment(isFromClient, 77, 0, 500), { flags });
  known.remember({ ...finished(7), fromA: { ...finished(7).fromA, peerSent: false, lastHeard } }, 0);
  assert.equal(known.recall(ofFlags(true, TcpFlag.syn | TcpFlag.ack), 7, 1), 'refused');
  assert.equal(known.recall(ofFlags(false, TcpFlag.syn | TcpFlag.ack), 7, 1), null);
  assert.equal(known.recall(ofFlags(true, TcpFlag.syn), 7, 1), null);
  assert.deepEqual(known.unseen(segment(true, 900, 100, 500), 7, 1), [place]);
  assert.deepEqual(known.unseen(segment(false, 900, 100, 500), 7, 1), []);
  assert.deepEqual(known.unseen(segment(true, 900, 100, 500), 7, 1 + WAIT_MS), []);
  known.remember(finished(7), 0);
  assert.deepEqual(known.unseen(segment(true, 900, 100, 500), 7, 1), []);
  assert.equal(known.recall(ofFlags(true, TcpFlag.syn), 7, 1), 'answered');
  assert.equal(known.recall(segment(true, 900, 100, 500), 7, 1), null);
});

// A receiver that passes over one of them may drop the segment for another.
test('what comes again is remembered with all that its receiver may drop it for', () => {
  const signed = Uint8Array.of(19, 18, ...new Uint8Array(16), 1, 1, 71, 69);
  const again = (shown: number, fields: Partial<Packet>): number => {
    const history = new History(4096);
    const known = new TimeWait(history, new Ledger());
    const lastHeard = history.append(signed, 20, 22, 998, 500, 0, -1, 0, 0, 998, true, 20, NOTHING);
    known.remember({ ...finished(7), fromA: { ...finished(7).fromA, peerSent: false, lastHeard, shown } }, 0);
    const packet = Object.assign(segment(true, 998, 0, 500), {
      bytes: signed, optionsStart: 20, dataStart: 20, dataEnd: 22,
    }, fields);
    assert.equal(known.recall(packet, 7, 1), 'old');
    const [place] = known.unseen(packet, 7, 1);
    const { heard } = history.since(place!.lastHeard, 998, { ack: 500, timeMs: 1, ipId: 0 });
    assert.equal(heard.length, 2);
    return heard[1]!.doubts;
  };
  const label = { ipDoubts: IpDoubt.label };
  const spoilt = { checksum: 'wrong' } as const;
  assert.equal(again(Shown.segmentSum, {}), Doubt.none);
  const all = Doubt.label | Doubt.options | Doubt.checksum;
  assert.equal(again(Shown.segmentSum, { ...label, ...spoilt, optionsStart: 0 }), all);
  assert.equal(again(Shown.segmentSum, spoilt), Doubt.checksum);
  assert.equal(again(Shown.headerSum, { headerSum: 'wrong' }), Doubt.checksum);
  assert.equal(again(Shown.nothing, { ...label, ...spoilt }), Doubt.label, 'where none was right the capture spoils them');
});

test('of the same addresses and ports the last ones are known, as long as their server was not seen', () => {
  const history = new History(65_536);
  const ledger = new Ledger();
  const known = new TimeWait(history, ledger);
  const began = (beganSeq: number): void => {
    const lastHeard = history.append(
      Uint8Array.of(1, 2), 0, 2, beganSeq, 500, 0, -1, 0, 0, beganSeq, true, 20, NOTHING,
    );
    const fromA = {
      ...finished(7).fromA, beganSeq, nextSeq: beganSeq + 2, peerSent: false, lastHeard,
    };
    known.remember({ ...finished(7), fromA }, 0);
  };
  const at = (seq: number): Packet => segment(true, seq, 1, 500);
  const knownAt = (seq: number): number[] => known.unseen(at(seq), 7, 1).map(({ beganSeq }) => beganSeq);
  for (const beganSeq of [1000, 2000, 3000]) began(beganSeq);
  assert.deepEqual(knownAt(3000), [3000, 2000, 1000], 'the newest first');
  assert.deepEqual(knownAt(1999), [1000], 'none that began behind it');
  assert.deepEqual(knownAt(1002 + (1 << 20)), [3000, 2000], 'none that ended far before it');
  assert.deepEqual(known.recall(at(1000), 7, 1), known.unseen(at(1000), 7, 1)[0], 'an older one is recalled');
  for (let beganSeq = 4000; beganSeq <= 16_000; beganSeq += 1000) began(beganSeq);
  assert.deepEqual([knownAt(16_000).length, ledger.get('tcp.readings_limit')], [16, 0]);
  began(17_000);
  assert.deepEqual([knownAt(17_000).at(-1), ledger.get('tcp.readings_limit')], [2000, 1], 'what is forgotten counts');
  known.remember(finished(7), 0);
  assert.deepEqual(knownAt(17_000), [], 'a server that is seen is in none of those before');
});

test('of those of one bucket each is found, forgotten and remembered again for itself', () => {
  const known = new TimeWait(new History(4096), new Ledger());
  const hashes = [5, 5 + SLOTS, 5 - 2 * SLOTS, 5 + 3 * SLOTS];
  const found = (): number[] => hashes.filter((hash) => known.recall(segment(true, 900, 100, 500), hash, 1) === 'old');
  for (const hash of hashes) known.remember(finished(hash), 0);
  assert.deepEqual(found(), hashes);
  const forget = (hash: number): void => {
    assert.equal(known.recall(Object.assign(segment(true, 77, 0, 500), { flags: TcpFlag.syn }), hash, 1), 'answered');
  };
  forget(hashes[1]!);
  assert.deepEqual(found(), [hashes[0], hashes[2], hashes[3]]);
  known.remember(finished(hashes[1]!), 0);
  forget(hashes[3]!);
  assert.deepEqual(found(), [hashes[0], hashes[1], hashes[2]]);
});

test('the oldest make room, and only they', () => {
  const known = new TimeWait(new History(4096), new Ledger());
  const isKnown = (hash: number): boolean => known.recall(segment(true, 900, 100, 500), hash, 1) === 'old';
  for (let hash = 1; hash <= SLOTS; hash++) known.remember(finished(hash * 0x9e37 | 0), 0);
  assert.equal(isKnown(0x9e37), true);
  // One that is remembered again takes a slot, but is not known twice.
  known.remember(finished(SLOTS * 0x9e37 | 0), 0);
  for (let more = 1; more < 1000; more++) known.remember(finished(-more), 0);
  const left = Array.from({ length: SLOTS }, (_, i) => isKnown((i + 1) * 0x9e37 | 0));
  assert.equal(left.lastIndexOf(false), 999);
  assert.equal(left.indexOf(true), 1000);
});
