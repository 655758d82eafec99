import { memoryOf } from '../capture/frame-memory.ts';

/** Sums blocks of so many bytes. */
export const BLOCK_BYTES = 32;

/**
 * Sum of the 16-bit words, in little-endian order, of the bytes [at, end) of a memory: one block or more, at most 64
 * KiB. Unsigned numbers of 32 bits, of which the result may come as a signed one.
 */
type BlockSum = (at: number, end: number) => number;

const I32 = 0x7f;
const V128 = 0x7b;
const [AT, END, SUM] = [0, 1, 2];
const GET = 0x20;
const SET = 0x21;
const TEE = 0x22;
const ADD = 0x6a;
/** Sixteen bytes are loaded, their eight words added in pairs, and the four sums to those so far. */
const addSixteen = (offset: number): number[] => [
  GET, AT,
  0xfd, 0x00, 0, offset, // v128.load
  0xfd, 0x7f, // i32x4.extadd_pairwise_i16x8_u
  0xfd, 0xae, 0x01, // i32x4.add
];
const lane = (i: number): number[] => [GET, SUM, 0xfd, 0x1b, i]; // i32x4.extract_lane
const FUNCTION = [
  1, 1, V128, // a local variable: SUM
  0x03, 0x40, // loop
  GET, SUM, ...addSixteen(0), ...addSixteen(16), SET, SUM,
  GET, AT, 0x41, BLOCK_BYTES, ADD, TEE, AT, // i32.const
  GET, END, 0x49, // i32.lt_u
  0x0d, 0, // br_if: to the loop
  0x0b, // end
  ...lane(0), ...lane(1), ADD, ...lane(2), ADD, ...lane(3), ADD,
  0x0b, // end
];
const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];
/** Of the names of import and export: `m` and `s`. */
const [M, S] = [0x6d, 0x73];
/** A module of WebAssembly (its specification, 5.5), which is given the memory and has one function. */
const MODULE = Uint8Array.of(
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
  ...section(1, 1, 0x60, 2, I32, I32, 1, I32), // types: the function's
  ...section(2, 1, 1, M, 1, M, 0x02, 0x00, 1), // imports: a memory of a page or more
  ...section(3, 1, 0), // functions: one of that type
  ...section(7, 1, 1, S, 0x00, 0), // exports: the function
  ...section(10, 1, FUNCTION.length, ...FUNCTION), // code
);

let module: WebAssembly.Module | null = null;
const sums = new WeakMap<WebAssembly.Memory, BlockSum>();

/** What sums the bytes of a buffer; null = nothing does, as it is none of frameMemory. */
export function blockSum(buffer: ArrayBufferLike): BlockSum | null {
  const memory = memoryOf(buffer);
  if (memory === undefined || !WebAssembly.validate(MODULE)) return null;
  let sum = sums.get(memory);
  if (sum === undefined) {
    module ??= new WebAssembly.Module(MODULE);
    const { exports } = new WebAssembly.Instance(module, { m: { m: memory } });
    sums.set(memory, sum = exports['s'] as BlockSum);
  }
  return sum;
}
