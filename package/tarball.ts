import { gzipSync } from 'node:zlib';

/** A file of a tarball; its bytes, and whether it may be executed. */
export interface TarEntry { readonly path: string; readonly data: Uint8Array; readonly executable?: boolean }

const BLOCK = 512;

/**
 * A gzipped POSIX ustar archive that depends on nothing but the entries: sorted by path, owned by root, dated 1970. The
 * same sources give the same bytes on any machine with the same Node. Throws if a path does not fit the format (100
 * bytes, or 155 + 100 at a slash).
 */
export function tarball(entries: readonly TarEntry[]): Buffer {
  const blocks: Uint8Array[] = [];
  for (const entry of entries.toSorted((a, b) => a.path < b.path ? -1 : 1)) {
    blocks.push(header(entry), entry.data, new Uint8Array(-entry.data.length & (BLOCK - 1)));
  }
  blocks.push(new Uint8Array(2 * BLOCK));
  const packed = gzipSync(Buffer.concat(blocks));
  // RFC 1952 2.3.1: the byte that names the operating system; 255 = unknown.
  packed[9] = 255;
  return packed;
}

function header({ path, data, executable }: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(path);
  block.write(name, 0, 100, 'utf8');
  block.write(octal(executable ? 0o755 : 0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(data.length, 12), 124);
  block.write(octal(0, 12), 136);
  block.fill(' ', 148, 156);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345, 155, 'utf8');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

function splitPath(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path];
  const slash = path.indexOf('/', path.length - 101);
  if (slash < 0 || slash > 155) throw new Error(`a tarball cannot hold a path as long as ${path}`);
  return [path.slice(0, slash), path.slice(slash + 1)];
}
