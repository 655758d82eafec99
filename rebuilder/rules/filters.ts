import { RE2JS } from 're2js';
import type { InputFilter, InputFilterSettings } from '../config/settings.ts';
import type { Request } from '../http/message.ts';
import { HeaderName, valueText } from './header-name.ts';
import { wordsOf } from '../address/ip-address.ts';
import { Networks } from '../address/networks.ts';
import { hasOddLines } from './odd-lines.ts';
import { MAX_PATTERN_INPUT, requestPath, type RequestPath } from './request-path.ts';

interface CompiledHeader {
  readonly name: HeaderName;
  readonly pattern: RE2JS;
  readonly isHost: boolean;
}

interface CompiledFilter {
  readonly path: RE2JS | null;
  readonly headers: readonly CompiledHeader[];
  readonly addresses: Networks | null;
}

const SLASH = 0x2f;

/**
 * `input_filters`: which requests go on. Patterns are RE2, whose time is linear in the input. Where a path or a
 * repeated header can be read in two ways, `bypass` needs both readings to match and `inspect` one, so that no spelling
 * of a request takes it out of inspection; nor does its length, nor lines that servers read differently.
 */
export class InputFilters {
  readonly #inspect: readonly CompiledFilter[];
  readonly #bypass: readonly CompiledFilter[];

  constructor(settings: InputFilterSettings) {
    this.#inspect = settings.inspect.map(compile);
    this.#bypass = settings.bypass.map(compile);
  }

  get isEmpty(): boolean {
    return this.#inspect.length === 0 && this.#bypass.length === 0;
  }

  judge(request: Request, clientAddress: string): 'inspect' | 'bypass' | 'not_inspected' {
    if (hasOddLines(request)) return 'inspect';
    const path = requestPath(request);
    if (this.#bypass.some((filter) => matches(filter, request, path, clientAddress, true))) return 'bypass';
    if (this.#inspect.length === 0 || this.#inspect.some((filter) => matches(filter, request, path, clientAddress, false))) return 'inspect';
    return 'not_inspected';
  }
}

function compile(filter: InputFilter): CompiledFilter {
  return {
    path: filter.path === null ? null : RE2JS.compile(filter.path),
    headers: filter.headers.map(([name, value]) => ({
      name: new HeaderName(name), pattern: RE2JS.compile(value), isHost: name.toLowerCase() === 'host',
    })),
    addresses: filter.ipAddresses.length === 0 ? null : new Networks(filter.ipAddresses),
  };
}

/** `strict`: every reading must match. */
function matches(
  filter: CompiledFilter,
  request: Request,
  path: RequestPath,
  clientAddress: string,
  strict: boolean,
): boolean {
  if (filter.addresses !== null) {
    const words = wordsOf(clientAddress);
    if (words === null || !filter.addresses.hasWords(words)) return false;
  }
  if (filter.path !== null && !pathMatches(filter.path, path, strict)) return false;
  return filter.headers.every((header) => headerMatches(request, header, strict));
}

function pathMatches(pattern: RE2JS, { raw, normalised }: RequestPath, strict: boolean): boolean {
  if (raw.length > MAX_PATTERN_INPUT) return !strict;
  if (strict) return normalised !== null && pattern.test(raw) && (normalised === raw || pattern.test(normalised));
  return pattern.test(raw) || normalised === null || (normalised !== raw && pattern.test(normalised));
}

function headerMatches(request: Request, { name, pattern, isHost }: CompiledHeader, strict: boolean): boolean {
  // A host in the target goes before the Host line (RFC 9112, 3.2.2).
  if (isHost && request.bytes[request.targetStart] !== SLASH) return !strict;
  let found = false;
  for (let line = name.lastLine(request, request.lineCount); line >= 0; line = name.lastLine(request, line)) {
    const value = valueText(request, line);
    const isMatch = value.length > MAX_PATTERN_INPUT ? !strict : pattern.test(value);
    if (isMatch !== strict) return isMatch;
    found = true;
  }
  return found && strict;
}
