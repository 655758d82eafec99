import ipaddr from 'ipaddr.js';
import { RE2JS } from 're2js';
import { z } from 'zod';
import { parseAddress, parseDuration, parseSize } from './units.ts';
import type { Address } from './settings.ts';

/**
 * The kinds of value a key can have. Each checks by itself and answers with one sentence that says how to fix it,
 * so that every mistake of a file is found in one pass.
 */

/** Shown in docs/configuration.md: what a key does, its unit and, where `prefault` does not tell, its default. */
interface KeyMeta { readonly effect: string; readonly unit?: string; readonly default?: string }

/** Keeps `effect` and `unit` beside the schema of a key. */
export function key<T extends z.ZodType>(schema: T, meta: KeyMeta): T {
  return schema.meta({ ...meta });
}

/** Belongs to the detection node: any value is accepted, and named once as having no effect. */
export const ignored = () => z.unknown().optional().meta({ ignored: true });

function kind<T extends boolean | number | object>(parse: (value: unknown) => T | string | null, expected: string) {
  return z.unknown().transform((value, context): T => {
    const result = value === undefined ? `is missing: write ${expected}` : parse(value);
    if (result === null || typeof result === 'string') {
      context.addIssue({ code: 'custom', message: result ?? `${shown(value)} is not ${expected}` });
      return z.NEVER;
    }
    return result;
  });
}

/** A value as it is quoted in a sentence, cut to be read. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? `'${value}'` : JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

interface Text { readonly text: string }
const asText = (parse: (value: unknown) => string | null, expected: string) =>
  kind<Text>((value) => {
    const text = parse(value);
    return text === null ? null : { text };
  }, expected).transform((it) => it.text);

export const text = () => asText((value) => typeof value === 'string' ? value : null, 'text (put it in quotes)');

/** Where lines go. */
export const logFile = () => asText((value) => typeof value === 'string' && value.trim() !== '' ? value : null,
  'the name of a file: give stdout, stderr or a path, or leave the key out');

/** Text, or a number that is taken as text (ids). */
export const label = () => asText(
  (value) => typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null, 'a number or text',
);

export const flag = () => kind<boolean>((value) => typeof value === 'boolean' ? value : null, 'true or false');

export const integer = (min: number, max: number) => kind<number>((value) => {
  if (typeof value !== 'number' || !Number.isInteger(value)) return null;
  return value < min || value > max ? `${value} is outside ${min} to ${max}` : value;
}, `a whole number from ${min} to ${max}`);

/** `auto` = `automatic()`. */
export const workers = (automatic: () => number) => kind<number>((value) => {
  if (value === 'auto') return automatic();
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 256 ? value : null;
}, '`auto` or a whole number from 0 to 256');

export const fraction = () => kind<number>(
  (value) => typeof value === 'number' && value >= 0 && value <= 1 ? value : null, 'a share from 0 to 1 (0.1 = one connection in ten)',
);

export const duration = (minMs: number, maxMs: number) => kind<number>((value) => {
  const ms = parseDuration(value);
  if (ms === null) return typeof value === 'number' ? `${value} has no unit: write ${value}s or ${value}ms` : null;
  return ms < minMs || ms > maxMs ? `${shown(value)} is outside ${minMs}ms to ${maxMs / 1000}s` : ms;
}, 'a duration such as 5s, 100ms or 2m');

export const size = (min: number, max: number) => kind<number>((value) => {
  const bytes = parseSize(value);
  if (bytes === null) return null;
  return bytes < min || bytes > max ? `${shown(value)} is outside ${min} to ${max} bytes` : bytes;
}, 'a size such as 64MiB, 1MB or 4096 (bytes)');

export const choice = <const T extends string>(...values: readonly T[]) => kind<{ value: T }>((value) => {
  const found = values.find((one) => one === value);
  return found === undefined ? null : { value: found };
}, values.length > 1 ? `one of ${values.join(', ')}` : `'${values[0]}'`).transform((it) => it.value);

export const listenAddress = () => kind<Address>(parseAddress, 'an address and port such as 0.0.0.0:4789 or :9000');

/** An address or CIDR of IPv4 or IPv6. */
export const network = () => asText((value) => typeof value === 'string' && isNetwork(value) ? value : null,
  'an IP address or network such as 10.0.0.0/8, 203.0.113.7 or 2001:db8::/32');

/** A bare address is a network of one. */
function isNetwork(value: string): boolean {
  const [address = ''] = value.split('/');
  if (!ipaddr.IPv6.isValid(address) && !ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
  return !value.includes('/') || ipaddr.IPv6.isValidCIDR(value) || ipaddr.IPv4.isValidCIDRFourPartDecimal(value);
}

/** Field names are tokens (RFC 9110 5.1). */
export const headerName = () => asText((value) => typeof value === 'string' && isToken(value) ? value : null,
  'a header name such as X-Forwarded-For');

/** Header whose value may be masked: not one that says where a message ends or goes. */
const NEEDED = /^(content-length|transfer-encoding|connection|host|upgrade|expect|te|trailer|keep-alive)$/i;

export const redactableName = () => asText((value) => typeof value === 'string' && isToken(value) && !NEEDED.test(value) ? value : null,
  'a header whose value may be masked: it is not a header name, or it frames the message');

export const isToken = (value: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value);

/** A pattern in RE2 syntax; its mistake is RE2's own. */
export const pattern = () => kind<Text>((value) => {
  if (typeof value !== 'string') return null;
  const mistake = patternMistake(value);
  return mistake === null ? { text: value } : `${shown(value)} is no RE2 pattern: ${mistake}`;
}, 'a pattern in RE2 syntax (put it in quotes)').transform((it) => it.text);

/** `http://host:port`, or empty. */
export const endpoint = () => endpointText().transform((it) => it.text);
const endpointText = () => kind<Text>((value) => {
  if (value === '') return { text: '' };
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (url?.protocol === 'https:') return 'is https, but requests are written in plain HTTP: use an http:// listener inside the VPC';
  if (url?.protocol !== 'http:') return null;
  if (url.pathname !== '/' || url.search !== '' || url.username !== '') return 'may hold host and port only: each request keeps its own target';
  return { text: String(value) };
}, 'of the form http://host:port');

/** `https://host:port` or `http://host:port`, or empty: gRPC, which is HTTP/2, with TLS or without. */
export const grpcEndpoint = () => kind<Text>((value) => {
  if (value === '') return { text: '' };
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  if (url.pathname !== '/' || url.search !== '' || url.username !== '' || !/:\d+\/?$/.test(String(value))) {
    return 'must hold host and port, and nothing else';
  }
  return { text: String(value) };
}, 'of the form https://host:port (or http://host:port without TLS)').transform((it) => it.text);

/** A bucket's name (docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html), or empty. */
export const bucketName = () => kind<Text>((value) => {
  if (typeof value !== 'string') return null;
  const bare = /^s3:\/\/([^/]+)/.exec(value)?.[1];
  if (bare !== undefined) return `${shown(value)} is an address: write ${bare} here, and what follows it as prefix`;
  return value === '' || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) ? { text: value } : null;
}, 'the name of a bucket (3 to 63 small letters, digits, dots and hyphens)').transform((it) => it.text);

/** A folder in a bucket: empty, or with a slash at its end. */
export const objectPrefix = () => kind<Text>((value) => {
  if (typeof value !== 'string' || !/^[\w!.*'()/=-]*$/.test(value)) return null;
  const bare = value.replace(/^\/+|\/+$/g, '');
  return { text: bare === '' ? '' : `${bare}/` };
}, 'a folder such as exchanges/ (letters, digits, and ! - _ . * \' ( ) = between slashes)').transform((it) => it.text);

/** `https://host:port`, or `http://…` for a store on this machine; or empty. */
export const s3Endpoint = () => kind<Text>((value) => {
  if (value === '') return { text: '' };
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  if (url.pathname !== '/' || url.search !== '' || url.username !== '') return 'may hold host and port only: the bucket has a key of its own';
  if (url.protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) return 'is http, but exchanges hold what clients sent: write https';
  return { text: String(value) };
}, 'of the form https://host:port').transform((it) => it.text);

/** A name that a certificate can have, or empty. */
export const serverName = () => asText(
  (value) => typeof value === 'string' && /^([a-z0-9_-]+(\.[a-z0-9_-]+)*)?$/i.test(value) ? value : null, 'a host name such as node.example.com',
);

/** `host:port`, also written `http://host:port` as an endpoint is; or empty. */
export const hostAndPort = () => asText((value) => {
  if (typeof value !== 'string') return null;
  const bare = value.replace(/^http:\/\//, '').replace(/\/$/, '');
  return bare === '' || (parseAddress(bare)?.host ?? '') !== '' ? bare : null;
}, 'of the form host:port');

/** Linux: at most 15 characters. */
export const interfaceName = () => asText(
  (value) => typeof value === 'string' && /^[^\s/]{1,15}$/.test(value) ? value : null, 'the name of an interface (see `ip addr`)',
);

export const method = () => asText((value) => typeof value === 'string' && isToken(value) ? value : null, 'a method such as GET');

export const target = () => asText(
  (value) => typeof value === 'string' && /^\S+$/.test(value) ? value : null, 'a request target as the balancer sends it, such as /health',
);

export const headerLine = () => asText(
  (value) => typeof value === 'string' && isToken(value.slice(0, Math.max(value.indexOf(':'), 0))) ? value : null, 'of the form \'Name: value\'',
);

/** A path with an NGINX-like prefix. */
export const routePath = () => kind<Text>((value) => {
  if (typeof value !== 'string') return null;
  const expression = /^~\*?\s*(.*)$/s.exec(value)?.[1];
  const mistake = expression === undefined ? null : patternMistake(expression);
  if (mistake !== null) return `${shown(value)} is no RE2 pattern: ${mistake}`;
  return expression !== undefined || /^(=|\^~)?\s*\//.test(value) ? { text: value } : null;
}, 'a path with nothing, =, ^~, ~ or ~* before it').transform((it) => it.text);

/** null = the pattern compiles. */
function patternMistake(value: string): string | null {
  try {
    RE2JS.compile(value);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
  }
}

export const list = <T extends z.ZodType>(entry: T) => z.array(entry, {
  error: (issue) => issue.input === undefined ? 'is missing: write a list' : `${shown(issue.input)} is not a list (write - before each entry)`,
});

/** A list, or its only entry. */
export const oneOrMore = <T extends z.ZodType>(entry: T) => z
  .preprocess((value) => Array.isArray(value) ? value : [value], z.array(entry));

export const section = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape, {
  error: (issue) => issue.code === 'unrecognized_keys' ? undefined : `${shown(issue.input)} is not a section of keys`,
});
