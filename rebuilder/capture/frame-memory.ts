/** Of WebAssembly's memory. */
const PAGE_BYTES = 65_536;
const memories = new WeakMap<ArrayBufferLike, WebAssembly.Memory>();

/**
 * Memory for captured frames, zeroed, of which the system hands out pages at their first use. WebAssembly can read it,
 * which sums bytes four times as fast as JavaScript (wire/block-sum.ts).
 */
export function frameMemory(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    memories.set(memory.buffer, memory);
    return new Uint8Array(memory.buffer, 0, bytes);
  } catch {
    // It reserves gigabytes of addresses, which a process may not have (ulimit -v).
    return new Uint8Array(bytes);
  }
}

/** @returns undefined: the buffer is none of frameMemory */
export function memoryOf(buffer: ArrayBufferLike): WebAssembly.Memory | undefined {
  return memories.get(buffer);
}
