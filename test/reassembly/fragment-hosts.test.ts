import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FragmentHosts, type HeldDatagram } from '../../rebuilder/reassembly/fragment-hosts.ts';

interface Datagram extends HeldDatagram<Datagram> { readonly name: string }

test('who has most makes room, however much that is', () => {
  const hosts = new FragmentHosts<Datagram>();
  const datagram = (name: string, bytes: number): Datagram => {
    const one: Datagram = { name, host: hosts.hostOf(name, false), charged: 0, older: null, newer: null };
    hosts.add(one);
    hosts.charge(one, bytes);
    return one;
  };
  const least = datagram('least', 1);
  for (const bytes of [1000, 2 ** 31, 2 ** 32, 2 ** 36]) {
    const most = datagram(`${bytes}`, bytes);
    assert.equal(hosts.makesRoomFor(least)?.name, `${bytes}`);
    hosts.remove(most);
  }
  assert.equal(hosts.makesRoomFor(least), null, 'there is no other');
});
