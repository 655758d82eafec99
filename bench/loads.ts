import { type LoadOptions, NO_FAULTS } from './load.ts';

const base: LoadOptions = {
  seed: 1, kind: 'get', requests: 400_000, connections: 200, requestsPerConnection: 20, mtu: 1500, responses: false, faults: NO_FAULTS,
};

/**
 * The loads of the speed table. As many requests as last about three seconds at the highest rate, one for chunked
 * bodies: memory.
 */
export const LOADS: Readonly<Record<string, { readonly title: string; readonly options: LoadOptions }>> = {
  'get': { title: 'GETs ~500 B, MTU 1500', options: base },
  'mix': { title: '60 % GET, 40 % POST 1-64 KB, MTU 1500', options: { ...base, kind: 'mix', requests: 80_000 } },
  'jumbo': { title: 'the same, MTU 9001', options: { ...base, kind: 'mix', requests: 60_000, mtu: 9001 } },
  'keepalive': { title: '1,000 requests per connection', options: { ...base, requestsPerConnection: 1000 } },
  'flows': { title: '100,000 connections open at a time', options: { ...base, connections: 100_000, requestsPerConnection: 8 } },
  'few-flows': { title: 'as many requests a connection, 1,000 open', options: { ...base, connections: 1000, requestsPerConnection: 8 } },
  'responses': { title: 'responses mirrored too', options: { ...base, responses: true, requests: 150_000 } },
  'chunked': { title: 'chunked POSTs', options: { ...base, kind: 'chunked', requests: 30_000 } },
};

const faulty: LoadOptions = { ...base, kind: 'mix', requests: 80_000 };

/** One fault each; what is expected is every request that lost no byte on the way. */
export const FAULTS: Readonly<Record<string, LoadOptions>> = {
  'none': faulty,
  'pipelining': { ...faulty, faults: { ...NO_FAULTS, pipelined: 8 } },
  'inner VLAN': { ...faulty, faults: { ...NO_FAULTS, vlan: true } },
  'zero-filled bodies': { ...faulty, faults: { ...NO_FAULTS, zeroFilled: true } },
  'chunk data like its end': { ...faulty, kind: 'chunked', requests: 30_000, faults: { ...NO_FAULTS, endLookalikes: true } },
  'jumbo': { ...faulty, mtu: 9001 },
  'IP fragments': { ...faulty, faults: { ...NO_FAULTS, fragmentBytes: 800 } },
  'heads cut at any byte': { ...faulty, faults: { ...NO_FAULTS, cutAnywhere: true } },
  'sequence wrap': { ...faulty, faults: { ...NO_FAULTS, sequenceWrap: true } },
  '2 % retransmission': { ...faulty, faults: { ...NO_FAULTS, retransmitted: 0.02 } },
  '5 % reordering': { ...faulty, faults: { ...NO_FAULTS, reordered: 0.05 } },
  'mirrored at two interfaces': { ...faulty, faults: { ...NO_FAULTS, doubled: true } },
  'mid-stream start': { ...faulty, faults: { ...NO_FAULTS, midstream: true } },
  '0.1 % lost': { ...faulty, faults: { ...NO_FAULTS, lost: 0.001 } },
  'frames cut to 1,200 bytes': { ...faulty, faults: { ...NO_FAULTS, cutTo: 1200 } },
};
