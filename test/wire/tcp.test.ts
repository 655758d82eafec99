import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putUint16 } from '../../rebuilder/wire/encode.ts';
import { Packet, TcpFlag } from '../../rebuilder/wire/packet.ts';
import { ipFrame, tcpPacket, vxlanFrame } from '../frames.ts';
import { dataOf, decode } from './outcomes.ts';

const from = '10.0.0.1:65535';
const to = '10.0.0.2:80';
const IP = 20;

test('fields are kept, numbers as signed 32-bit integers', () => {
  const packet = new Packet();
  const flags = TcpFlag.syn | TcpFlag.fin | TcpFlag.urg;
  const segment = tcpPacket(from, to, { seq: 0xfffffffe, ack: 0x80000000, flags, window: 7 }, 'hello');
  assert.equal(decode(ipFrame(segment), packet), 'segment');
  const { srcPort, dstPort, seq, ack, window } = packet;
  assert.deepEqual(
    [srcPort, dstPort, seq, ack, packet.flags, window, dataOf(packet)],
    [65535, 80, -2, -0x80000000, flags, 7, 'hello'],
  );
});

test('checksums of every length and content are judged', () => {
  const packet = new Packet();
  for (let length = 0; length < 70; length++) {
    const data = Buffer.from(Array.from({ length }, (_, i) => (i * 101 + length * 7) & 0xff));
    for (const [a, b] of [[from, to], ['[2001:db8:ffff::ffff]:1', '[fe80::1]:2']] as const) {
      const whole = tcpPacket(a, b, { seq: length * 0x1234567 }, data);
      assert.equal(decode(ipFrame(whole), packet), 'segment');
      assert.equal(packet.checksum, 'correct', `${a} ${length}`);
      for (const at of [IP - 4, whole.length - 1, whole.length - 20]) {
        const damaged = new Uint8Array(whole);
        damaged[at] = damaged[at]! ^ 0x11;
        decode(ipFrame(damaged), packet);
        if (a === from) assert.notEqual(packet.checksum, 'correct', `${length}, byte ${at}`);
      }
    }
  }
});

test('segments that the kernel has merged are told from wrong ones, and cannot be played by a client', () => {
  const packet = new Packet();
  const cases = [
    [from, to, 20, 3000, 'partial'], ['[2001:db8::1]:1', '[2001:db8::2]:2', 40, 3000, 'partial'],
    [from, to, 20, 1460, 'wrong'], ['[2001:db8::1]:1', '[2001:db8::2]:2', 40, 20, 'wrong'],
  ] as const;
  for (const [a, b, ip, length, expected] of cases) {
    const whole = tcpPacket(a, b, {}, 'x'.repeat(length));
    // What is left when the sum over the segment is taken out: that of the pseudo-header.
    let sum = 6 + whole.length - ip;
    for (let i = ip === 20 ? 12 : 8; i < ip; i += 2) sum += (whole[i]! << 8) | whole[i + 1]!;
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    putUint16(whole, ip + 16, sum);
    decode(ipFrame(whole), packet);
    assert.equal(packet.checksum, expected);
    decode(vxlanFrame(1, ipFrame(whole)), packet);
    assert.equal(packet.checksum, 'wrong', 'a mirror brings what was on the wire');
    putUint16(whole, ip + 16, sum + 1);
    decode(ipFrame(whole), packet);
    assert.equal(packet.checksum, 'wrong');
  }
});

test('a cut segment is not judged, and says how much data is missing', () => {
  const packet = new Packet();
  const frame = ipFrame(tcpPacket(from, to, { tcpOptions: new Uint8Array(12) }, '0123456789'));
  decode(frame, packet, undefined, frame.length - 4);
  assert.deepEqual([packet.checksum, packet.missing, dataOf(packet)], ['unknown', 4, '012345']);
  assert.equal(decode(frame, packet, undefined, 14 + 20 + 24), 'segment');
  assert.deepEqual([packet.checksum, packet.missing, dataOf(packet)], ['unknown', 10, '']);
});

test('broken headers are counted', () => {
  const whole = tcpPacket(from, to, {}, 'data');
  const changed = (at: number, value: number): Uint8Array => {
    const copy = new Uint8Array(whole);
    copy[at] = value;
    return ipFrame(copy);
  };
  assert.equal(decode(changed(IP + 12, 0x40)), 'wire.tcp.hlen_too_small');
  assert.equal(decode(changed(IP + 12, 0xf0)), 'wire.tcp.hlen_too_large');
  assert.equal(decode(changed(3, IP + 19)), 'wire.tcp.pkt_too_small');
  assert.equal(decode(ipFrame(whole), new Packet(), undefined, 14 + IP + 19), 'wire.tcp.trunc_pkt');
});
