/** Durations, sizes and addresses as people write them. null = not of that form. */

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1, b: 1, kb: 1000, mb: 1000 ** 2, gb: 1000 ** 3, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3,
};

/**
 * `5s`, `100ms`, `2m`, `1h`, `1m30s`, `1.5s` -> milliseconds, at least 0. A bare number has no unit, so only `0` is
 * one.
 */
export function parseDuration(value: unknown): number | null {
  if (value === 0 || value === '0') return 0;
  if (typeof value !== 'string' || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return null;
  let total = 0;
  for (const [, number, unit = ''] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) total += Number(number) * (DURATION_UNITS[unit] ?? NaN);
  return Number.isFinite(total) ? Math.round(total) : null;
}

/** `64MiB`, `1MB`, `4096`, `64_000` -> bytes. `M` alone is neither MB nor MiB. */
export function parseSize(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null;
  if (typeof value !== 'string') return null;
  const [, number, name = ''] = /^(\d[\d_]*(?:\.\d+)?) ?([a-z]*)$/i.exec(value) ?? [];
  const unit = SIZE_UNITS[name.toLowerCase()];
  if (number === undefined || unit === undefined) return null;
  const bytes = Number(number.replaceAll('_', '')) * unit;
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : null;
}

/** `0.0.0.0:4789`, `:9000`, `[::1]:80`, `name:80`; host without brackets, empty = every address. */
export function parseAddress(value: unknown): { host: string; port: number } | null {
  const match = typeof value === 'string' ? /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(value) : null;
  if (!match) return null;
  const port = Number(match[3]);
  return port <= 65535 ? { host: match[1] ?? match[2] ?? '', port } : null;
}

/** The way back: in the largest unit that holds it without a fraction. */
export function writtenDuration(ms: number): string {
  const [unit, length] = Object.entries(DURATION_UNITS).findLast(([, one]) => ms >= one && ms % one === 0) ?? ['ms', 1];
  return `${ms / length}${unit}`;
}

export function writtenSize(bytes: number): string | number {
  for (const [unit, length] of [['GiB', 1024 ** 3], ['MiB', 1024 ** 2], ['KiB', 1024]] as const) {
    if (bytes > 0 && bytes % length === 0) return `${bytes / length}${unit}`;
  }
  return bytes;
}

export const writtenAddress = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
