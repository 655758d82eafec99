import type { Outcome } from './step.ts';

const END = 0;
const NO_OPERATION = 1;
const RECORD_ROUTE = 7;
const TIMESTAMP = 68;
const LOOSE_SOURCE_ROUTE = 131;
const STRICT_SOURCE_ROUTE = 137;
const ROUTER_ALERT = 148;

/** Of the options that are checked, the least length and the least value of the pointer (RFC 791 3.1, RFC 2113). */
const FORMS: Readonly<Record<number, { readonly length: number; readonly pointer: number }>> = {
  [RECORD_ROUTE]: { length: 3, pointer: 4 },
  [TIMESTAMP]: { length: 4, pointer: 5 },
  [ROUTER_ALERT]: { length: 4, pointer: 0 },
};

/**
 * Why a Linux host (net/ipv4/ip_options.c, accept_source_route off as by default) drops a packet with these options;
 * null = it takes it.
 */
export function ipv4Options(bytes: Uint8Array, start: number, end: number): Outcome | null {
  for (let at = start; at < end;) {
    const type = bytes[at]!;
    if (type === END) return null;
    if (type === NO_OPERATION) {
      at++;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1]! : 0;
    if (length < 2 || at + length > end) return 'wire.ipv4.invalid_options';
    if (type === LOOSE_SOURCE_ROUTE || type === STRICT_SOURCE_ROUTE) return 'wire.ipv4.source_route';
    const form = FORMS[type];
    if (form !== undefined && (length < form.length || (form.pointer > 0 && bytes[at + 2]! < form.pointer))) {
      return 'wire.ipv4.invalid_options';
    }
    at += length;
  }
  return null;
}
