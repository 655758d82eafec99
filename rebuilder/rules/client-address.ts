import type { ProxyHeaderRule } from '../config/settings.ts';
import { wordsOf } from '../address/ip-address.ts';
import { type Endpoints, LINE_STRIDE, type Request, valueEndOf, valueStartOf } from '../http/message.ts';
import { addressText } from '../address/address-text.ts';
import { HOST, lastElement, lastUntrusted, parameter, PROTO } from './address-chain.ts';
import type { Envelope } from './envelope.ts';
import { HeaderName, latin1 } from './header-name.ts';
import { Networks } from '../address/networks.ts';

interface Rule {
  /** null = every network. */
  readonly trusted: Networks | null;
  readonly realIp: readonly HeaderName[];
  readonly originalHost: readonly HeaderName[];
}

/** What is the same for all requests of a connection. */
interface Sender {
  readonly address: string;
  readonly port: string;
  /** The first rule that trusts the sender. */
  readonly rule: Rule | null;
}

const FORWARDED = new HeaderName('Forwarded');
const FORWARDED_PROTO = new HeaderName('X-Forwarded-Proto');
const FORWARDED_PORT = new HeaderName('X-Forwarded-Port');
const NOTHING: readonly (readonly [string, string])[] = [];

/**
 * Who sent a request: the packet's source, or the one a PROXY header names; and if the first rule whose networks hold
 * that address has headers for it, the last address in them that is not trusted. Headers of a sender that no rule
 * trusts are not looked at.
 */
export class ClientAddress {
  readonly #rules: readonly Rule[];
  readonly #senders = new WeakMap<Endpoints, Sender>();
  readonly #words = new Int32Array(4);

  constructor(rules: readonly ProxyHeaderRule[]) {
    this.#rules = rules.map((rule) => ({
      trusted: rule.trustedNetworks === null ? null : new Networks(rule.trustedNetworks),
      realIp: rule.realIp.map((name) => new HeaderName(name)),
      originalHost: rule.originalHost.map((name) => new HeaderName(name)),
    }));
  }

  envelope(request: Request): Envelope {
    const { endpoints } = request;
    if (this.#rules.length === 0) {
      const { clientAddress, clientPort } = endpoints.proxied ?? endpoints;
      return { clientAddress, proto: 'http', port: String(clientPort), host: null, extra: NOTHING };
    }
    let sender = this.#senders.get(endpoints);
    // A connection joined in the middle may turn out to be the other way round.
    if (sender === undefined || sender.address !== (endpoints.proxied ?? endpoints).clientAddress) {
      sender = this.#sender(endpoints);
      this.#senders.set(endpoints, sender);
    }
    const { rule } = sender;
    // What a search found may be what a client wrote into a body: a proxy's lines in it are the client's.
    if (rule === null || request.isFound) return { clientAddress: sender.address, proto: 'http', port: sender.port, host: null, extra: NOTHING };
    return {
      clientAddress: this.#realIp(request, rule) ?? sender.address,
      proto: proto(request),
      port: port(request) ?? sender.port,
      host: host(request, rule),
      extra: NOTHING,
    };
  }

  #sender(endpoints: Endpoints): Sender {
    const { clientAddress, clientPort } = endpoints.proxied ?? endpoints;
    const words = wordsOf(clientAddress);
    const rule =
      this.#rules.find(({ trusted }) => trusted === null || (words !== null && trusted.hasWords(words))) ?? null;
    return { address: clientAddress, port: String(clientPort), rule };
  }

  #realIp(request: Request, rule: Rule): string | null {
    const words = this.#words;
    for (const name of rule.realIp) {
      if (lastUntrusted(request, name, isForwarded(name), rule.trusted, words)) {
        return addressText(words[0]!, words[1]!, words[2]!, words[3]!);
      }
    }
    return null;
  }
}

const isForwarded = (name: HeaderName): boolean => name.text.length === 9 && name.text.toLowerCase() === 'forwarded';

/** `https` if the nearest proxy says so, in X-Forwarded-Proto or Forwarded. */
function proto(request: Request): string {
  const said = nearestWord(request, FORWARDED_PROTO) ?? nearestWord(request, FORWARDED, PROTO);
  return said !== null && /^(https|wss)$/i.test(said) ? 'https' : 'http';
}

function port(request: Request): string | null {
  const said = nearestWord(request, FORWARDED_PORT);
  return said !== null && /^\d{1,5}$/.test(said) && Number(said) <= 65535 ? said : null;
}

/** Of a value that no host can have, nothing is taken: it will be written as a Host line. */
function host(request: Request, rule: Rule): string | null {
  for (const name of rule.originalHost) {
    const said = isForwarded(name) ? nearestWord(request, name, HOST) : nearestWord(request, name);
    if (said !== null && /^(\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+;=-]+)(:\d{1,5})?$/i.test(said)) return said;
  }
  return null;
}

/** The last element of the last line of that name; in Forwarded, its parameter. */
function nearestWord(request: Request, name: HeaderName, inForwarded: Uint8Array | null = null): string | null {
  const line = name.lastLine(request, request.lineCount);
  if (line < 0) return null;
  const { bytes, lines } = request;
  let [start, end] = lastElement(
    bytes,
    valueStartOf(lines, line * LINE_STRIDE),
    valueEndOf(lines, line * LINE_STRIDE),
    inForwarded !== null,
  );
  if (inForwarded !== null) {
    const value = parameter(bytes, start, end, inForwarded);
    if (value === null) return null;
    [start, end] = value;
  }
  return end - start > 255 ? null : latin1(bytes, start, end).replace(/^"(.*)"$/, '$1');
}
