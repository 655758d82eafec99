// What a real receiver read of packets made to mislead whoever watches (../shared/evasion, where it is at hand), and
// whether what was told is that.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, '../../../shared/evasion');

interface Truth {
  readonly requests: readonly (readonly [method: string, target: string, body: string])[];
  readonly phantoms?: readonly (readonly [string, string])[];
}

/** One telling. */
export interface Told {
  /** Method, target and body, each a blank apart. */
  readonly name: string;
  readonly complete: boolean;
  readonly reading: number;
  readonly correction: boolean;
}

/** Captures of packets' cases; those of framing (h…) have a test of their own. */
export const EVASIONS = existsSync(FOLDER)
  ? readdirSync(FOLDER).filter((name) => /^[efr].*\.pcap$/.test(name) && name !== 'r_longmethod.oneway.pcap').sort() : [];

export const evasionFile = (name: string): string => path.join(FOLDER, name);

/** Fails when the capture's connections were not told as their server read them. */
export function assertTold(name: string, seen: readonly Told[]): void {
  const truths = JSON.parse(readFileSync(evasionFile(`${name.replace(/(\.oneway)?\.pcap$/, '')}.truth.json`), 'utf8')) as Truth[];
  const first = seen.filter(({ complete, reading, correction }) => complete && reading === 1 && !correction);
  for (const { requests, phantoms = [] } of truths) {
    const wanted = requests.map(([method, target, body]) => `${method} ${target} ${body}`);
    const whole = seen.filter(({ complete }) => complete).map((one) => one.name);
    assert.deepEqual(wanted.filter((one) => !whole.includes(one)), [], `${name}: not told; told: ${JSON.stringify(seen)}`);
    const isPhantom = (one: Told): boolean => phantoms.some(([method, target]) => one.name.startsWith(`${method} ${target} `));
    assert.deepEqual(seen.filter(isPhantom), [], `${name}: phantoms`);
    assert.deepEqual(first.filter((one) => !wanted.includes(one.name)).map((one) => one.name), [], `${name}: not read, and not marked`);
    assert.equal(new Set(first.map((one) => one.name)).size, first.length, `${name}: told twice`);
  }
}
