const start = process.hrtime();
const startMs = start[0] * 1000 + start[1] / 1e6;
const origin = performance.now();

/**
 * The machine's monotonic clock in milliseconds, equal in all its processes (within the microseconds between the two
 * calls above).
 */
export function monotonicMs(): number {
  return startMs + performance.now() - origin;
}
