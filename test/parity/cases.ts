import { PAYLOADS } from './payloads.ts';

/** What a client sends on one connection; every request on it has its own number in its target, as `/cN`. */
export interface Case {
  readonly name: string;
  /** latin1 */
  readonly bytes: string;
}

type Place = (number: number, payload: string) => string;

const percent = (text: string): string => encodeURIComponent(text);
const json = (text: string): string => JSON.stringify({ user: { name: text }, n: 1 });
const oneLine = (text: string): string => text.replace(/[\r\n]/g, ' ');
const post = (number: number, type: string, body: string, lines = ''): string =>
  `POST /c${number} HTTP/1.1\r\nHost: app.example\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n${lines}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const get = (number: number, query: string, lines = '', version = 'HTTP/1.1'): string =>
  `GET /c${number}${query} ${version}\r\nHost: app.example\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n${lines}\r\n`;
const chunks = (body: string, size: number, extension = ''): string => {
  let text = '';
  for (let at = 0; at < body.length; at += size) {
    const part = body.slice(at, at + size);
    text += `${part.length.toString(16)}${extension}\r\n${part}\r\n`;
  }
  return `${text}0\r\n`;
};
const chunked = (number: number, body: string, size: number, extension = '', trailers = ''): string =>
  `POST /c${number} HTTP/1.1\r\nHost: app.example\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\n`
  + `Transfer-Encoding: chunked\r\n\r\n${chunks(body, size, extension)}${trailers}\r\n`;
const multipart = (payload: string): string =>
  `--b7\r\nContent-Disposition: form-data; name="q"\r\n\r\n${payload}\r\n--b7\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n`
  + 'Content-Type: text/plain\r\n\r\nhello\r\n--b7--\r\n';

/** Where a payload may stand. */
const PLACES: Readonly<Record<string, Place>> = {
  'query': (n, p) => get(n, `?q=${percent(p)}`),
  'path': (n, p) => get(n, `/${percent(p)}`),
  'cookie': (n, p) => get(n, '', `Cookie: s=${percent(p)}\r\n`),
  'User-Agent': (n, p) => get(n, '', '').replace('Mozilla/5.0', () => oneLine(p)),
  'Referer': (n, p) => get(n, '', `Referer: http://a/?${percent(p)}\r\n`),
  'own header': (n, p) => get(n, '', `X-Search: ${oneLine(p)}\r\n`),
  'form body': (n, p) => post(n, 'application/x-www-form-urlencoded', `a=1&q=${percent(p)}`),
  'JSON body': (n, p) => post(n, 'application/json', json(p)),
  'multipart body': (n, p) => post(n, 'multipart/form-data; boundary=b7', multipart(p)),
  'chunked body': (n, p) => chunked(n, `a=1&q=${percent(p)}`, 7),
};

/** Framings that are odd, and served by real servers all the same; each is tried with an attack of some classes. */
const FRAMINGS: Readonly<Record<string, Place>> = {
  'chunks of one byte': (n, p) => chunked(n, `q=${percent(p)}`, 1),
  'chunk extensions': (n, p) => chunked(n, `q=${percent(p)}`, 5, ';a="b;c"'),
  'trailers': (n, p) => chunked(n, `q=${percent(p)}`, 9, '', 'X-T: 1\r\n'),
  'HTTP/1.0': (n, p) => get(n, `?q=${percent(p)}`, '', 'HTTP/1.0'),
  'HTTP/1.0 with keep-alive': (n, p) => get(n, `?q=${percent(p)}`, 'Connection: keep-alive\r\n', 'HTTP/1.0'),
  'absolute target': (n, p) => get(n, `?q=${percent(p)}`).replace('GET /', 'GET http://app.example/'),
  'Connection: close, close': (n, p) => get(n, `?q=${percent(p)}`, 'Connection: close, close\r\n'),
  'Connection: close': (n, p) => get(n, `?q=${percent(p)}`, 'Connection: close\r\n'),
  'Connection: keep-alive, TE': (n, p) => get(n, `?q=${percent(p)}`, 'Connection: keep-alive, TE\r\nTE: trailers\r\n'),
  'two Connection lines': (n, p) => get(n, `?q=${percent(p)}`, 'Connection: keep-alive\r\nConnection: X-Search\r\nX-Search: a\r\n'),
  'a GET with a body': (n, p) => post(n, 'application/x-www-form-urlencoded', `q=${percent(p)}`).replace('POST', 'GET'),
  'Expect: 100-continue': (n, p) => post(n, 'application/x-www-form-urlencoded', `q=${percent(p)}`, 'Expect: 100-continue\r\n'),
  'PROPFIND': (n, p) => get(n, `?q=${percent(p)}`).replace('GET', 'PROPFIND'),
  'an invented method': (n, p) => get(n, `?q=${percent(p)}`).replace('GET', 'FETCH'),
  'OPTIONS': (n, p) => get(n, `?q=${percent(p)}`).replace('GET', 'OPTIONS'),
  'bare LF at a line\'s end': (n, p) => get(n, `?q=${percent(p)}`).replace('Accept: */*\r\n', 'Accept: */*\n'),
  'bare LF everywhere': (n, p) => get(n, `?q=${percent(p)}`).replaceAll('\r\n', '\n'),
  'no blank behind a colon': (n, p) => get(n, `?q=${percent(p)}`, 'X-A:b\r\n'),
  'a tab behind a colon': (n, p) => get(n, `?q=${percent(p)}`, 'X-A:\tb\r\n'),
  'an empty line before it': (n, p) => `\r\n${get(n, `?q=${percent(p)}`)}`,
  'bytes beyond ASCII': (n, p) => get(n, `?q=${percent(p)}&z=\xe4\xff`),
  'the name of a header in small letters': (n, p) => get(n, `?q=${percent(p)}`).replace('Host:', 'host:'),
  'a client\'s X-Forwarded-For': (n, p) => get(n, '', `X-Forwarded-For: ${oneLine(p)}\r\n`),
  'a client\'s X-Real-IP': (n, p) => get(n, '', `X-Real-IP: ${oneLine(p)}\r\n`),
  'a forged loop marker': (n, p) => get(n, `?q=${percent(p)}`, `X-Mirror-Id: ${'a'.repeat(32)}\r\nX-Mirror-Loop: ${'0'.repeat(32)}\r\n`),
  'a load balancer\'s User-Agent': (n, p) => get(n, `?q=${percent(p)}`).replace('Mozilla/5.0', 'ELB-HealthChecker/2.0'),
  'an Upgrade that is ignored': (n, p) => get(n, `?q=${percent(p)}`, 'Connection: Upgrade\r\nUpgrade: websocket\r\n'),
  'a name with an underscore': (n, p) => get(n, `?q=${percent(p)}`, 'X_Under: 1\r\n'),
  'the same Content-Length twice, a body': (n, p) => post(n, 'application/x-www-form-urlencoded', `q=${percent(p)}`, 'X-Pad: 1\r\n'),
  'a header of 7 KB': (n, p) => get(n, `?q=${percent(p)}`, `X-Long: ${'x'.repeat(7000)}\r\n`),
  'a target of 7 KB': (n, p) => get(n, `?q=${percent(p)}&pad=${'x'.repeat(7000)}`),
  'a body of 100 KB': (n, p) => post(n, 'application/x-www-form-urlencoded', `pad=${'x'.repeat(100_000)}&q=${percent(p)}`),
};

/**
 * At least 500 cases: every payload at three places and every place and framing with every class.
 * @param isFull every payload everywhere
 */
export function parityCases(isFull: boolean): Case[] {
  const cases: Case[] = [];
  const add = (name: string, place: Place, payload: string): void => {
    cases.push({ name: `${name}: ${payload}`, bytes: place(cases.length, payload) });
  };
  const places = Object.entries(PLACES);
  const framings = Object.entries(FRAMINGS);
  let turn = 0;
  for (const [kind, payloads] of Object.entries(PAYLOADS)) {
    for (const payload of payloads) {
      if (isFull) for (const [where, put] of [...places, ...framings]) add(`${kind}, ${where}`, put, payload);
      for (let i = 0; i < 3; i++) {
        const [place, put] = places[turn++ % places.length]!;
        add(`${kind} in ${place}`, put, payload);
      }
    }
    for (const [place, put] of places) add(`${kind} in ${place}`, put, payloads[0]!);
    for (const [framing, put] of framings) add(`${kind}, ${framing}`, put, payloads[turn++ % payloads.length]!);
  }
  for (let depth = 2; depth <= 6; depth++) {
    const first = cases.length;
    const bytes = Array.from({ length: depth }, (_, i) => PLACES[i % 2 === 0 ? 'query' : 'form body']!(first * 100 + i, PAYLOADS['SQL injection']![i]!));
    cases.push({ name: `${depth} requests, pipelined`, bytes: bytes.join('') });
  }
  return cases;
}
