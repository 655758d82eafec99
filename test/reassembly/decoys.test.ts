// A harmless request that its server does not take, and the one that it takes in its place: the second is told, and the
// first is never told alone. From both directions, and from the client's packets alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { REPLAY_OPTIONS } from '../../rebuilder/cli/replay.ts';
import { Ledger } from '../../rebuilder/ledger.ts';
import { Pipeline } from '../../rebuilder/pipeline.ts';
import { TcpFlag } from '../../rebuilder/wire/packet.ts';
import { tcpFrame, vlan } from '../frames.ts';

const CLIENT = '10.0.0.9:40000';
const SERVER = '10.0.0.1:80';
const { syn: SYN, ack: ACK } = TcpFlag;
const OFFERS = Uint8Array.of(2, 4, 5, 180, 3, 3, 0, 1);
const ISN = 0xffff_fff0;

interface Sent { readonly fromServer?: true; readonly frame: Uint8Array }

/** The client's segment whose data begin at `at`. */
function client(at: number, data: string, flags: number = ACK): Sent {
  const isSyn = (flags & SYN) !== 0;
  const seq = ISN + (isSyn ? at : at + 1) >>> 0;
  const fields = { seq, ack: isSyn ? 0 : 7001, flags, ...(isSyn ? { tcpOptions: OFFERS } : {}) };
  return { frame: tcpFrame(CLIENT, SERVER, fields, data) };
}

/** The server has everything before `at`, and room for `window` more bytes. */
function server(at: number, window: number, flags: number = ACK): Sent {
  const isSyn = (flags & SYN) !== 0;
  const seq = isSyn ? 7000 : 7001;
  const ack = ISN + 1 + at >>> 0;
  const fields = { seq, ack, flags, window, ...(isSyn ? { tcpOptions: OFFERS } : {}) };
  return { fromServer: true, frame: tcpFrame(SERVER, CLIENT, fields) };
}

const tagged = (id: number, { frame }: Sent): Sent => ({ frame: vlan(id, frame) });
const OPEN = [client(0, '', SYN), server(0, 60_000, SYN | ACK), client(0, '')];
const get = (target: string): string => `GET /${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const [FIRST, TRUE, FALSE, LAST] = [get('1'), get('true'), get('less'), get('2')];
const [BEGIN, END] = [FIRST.length, FIRST.length + TRUE.length];

const CASES: readonly { readonly why: string; readonly sent: readonly Sent[]; readonly told: readonly string[] }[] = [
  {
    why: 'beyond the window that is left: the client goes back when there is room again',
    sent: [
      ...OPEN, client(0, FIRST), server(BEGIN, 0), client(BEGIN, FALSE), client(END, LAST), server(BEGIN, 60_000),
      client(BEGIN, TRUE), client(END, LAST), server(END + LAST.length, 60_000),
    ],
    told: ['/1', '/true', '/2'],
  },
  {
    why: 'a part of it lies beyond the window',
    sent: [
      ...OPEN, client(0, FIRST), server(BEGIN, 5), client(BEGIN, FALSE), server(BEGIN, 60_000),
      client(BEGIN, TRUE + LAST), server(END + LAST.length, 60_000),
    ],
    told: ['/1', '/true', '/2'],
  },
  {
    why: 'data in two SYNs: one of them was answered',
    sent: [client(0, TRUE, SYN), client(0, FALSE, SYN), client(TRUE.length, LAST)],
    told: ['/true', '/less', '/2'],
  },
  {
    why: 'a SYN-ACK from whoever sent the SYN, whose answer was captured before it',
    sent: [
      server(0, 60_000, SYN | ACK), client(0, '', SYN), client(0, ''), client(0, FIRST), server(BEGIN, 60_000),
      client(BEGIN + 1, FALSE, SYN | ACK), client(END, LAST), client(BEGIN, TRUE), server(END + LAST.length, 60_000),
    ],
    told: ['/1', '/true', '/2'],
  },
  {
    why: 'in another network: a tag where there was none',
    sent: [
      ...OPEN, client(0, FIRST), server(BEGIN, 60_000), tagged(5, client(BEGIN, FALSE)), client(BEGIN, TRUE + LAST),
    ],
    told: ['/1', '/true', '/2'],
  },
  {
    why: 'a tag of VLAN 0 is none',
    sent: [...OPEN, client(0, FIRST + TRUE.slice(0, 9)), tagged(0, client(BEGIN + 9, TRUE.slice(9) + LAST))],
    told: ['/1', '/true', '/2'],
  },
];

function told(sent: readonly Sent[]): { target: string; isMarked: boolean }[] {
  const found: { target: string; isMarked: boolean }[] = [];
  const pipeline = new Pipeline(REPLAY_OPTIONS, new Ledger(), {
    exchange: ({ bytes, targetStart, targetEnd, complete, reading, isFound, correction }) => {
      if (!complete) return;
      const target = Buffer.from(bytes.subarray(targetStart, targetEnd)).toString('latin1');
      found.push({ target, isMarked: reading > 1 || isFound || correction });
    },
  });
  sent.forEach(({ frame }, i) => pipeline.frame(LinkType.ethernet, frame, 0, frame.length, frame.length, i, 0));
  pipeline.flush();
  return found;
}

for (const { why, sent, told: expected } of CASES) {
  for (const [view, packets] of [['both ways', sent], ['client only', sent.filter(({ fromServer }) => fromServer !== true)]] as const) {
    test(`${why} (${view})`, () => {
      const found = told(packets);
      const targets = found.map(({ target }) => target);
      assert.deepEqual(expected.filter((one) => !targets.includes(one)), [], JSON.stringify(found));
      // Both are seen: what the server took is certain, and the other one is not.
      if (view === 'both ways' && !expected.includes('/less')) {
        assert.deepEqual(found.filter(({ target, isMarked }) => target === '/less' && !isMarked), []);
      }
    });
  }
}
