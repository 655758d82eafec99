import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilter } from '../../rebuilder/capture/filter-compiler.ts';
import { LinkType } from '../../rebuilder/capture/frame-source.ts';
import { loadLibpcap } from '../../rebuilder/capture/libpcap.ts';
import { absent } from '../installed.ts';

// What the programs do is tested against tcpdump in test/wire/bpf.test.ts.

test('an expression becomes instructions of eight bytes that end with a return', async (t) => {
  if (await loadLibpcap() === null) {
    absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    return;
  }
  const program = await compileFilter('tcp port 80', LinkType.ethernet);
  assert.equal(program.length % 8, 0);
  assert.equal(program[program.length - 8], 0x06);
  assert.deepEqual([...await compileFilter('', LinkType.ethernet)].slice(0, 2), [0x06, 0]);
});

test('what libpcap says of a wrong expression is passed on', async (t) => {
  if (await loadLibpcap() === null) {
    absent(t, 'libpcap is not installed: apt-get install libpcap0.8');
    return;
  }
  await assert.rejects(compileFilter('port 99999', LinkType.ethernet), { name: 'InterfaceError', message: /^filter "port 99999": illegal port/ });
  await assert.rejects(compileFilter('(tcp', LinkType.ethernet), { name: 'InterfaceError', message: /^filter "\(tcp": / });
});
