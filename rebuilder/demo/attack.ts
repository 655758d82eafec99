const ROUNDS_OF_DECODING = 3;

/**
 * What the stand-in flags, after the percent-encodings are taken off. It is no detection: just enough to show that the
 * attack of the installation guide (`curl http://<host>/etc/passwd`) arrives as it was sent.
 */
const SIGNS: readonly (readonly [name: string, sign: RegExp])[] = [
  ['path traversal', /\/etc\/passwd|(?:^|[/\\=])\.\.(?:[/\\]|$)/i],
  ['SQL injection', /['"]\s{0,9}(?:or|and|\|\||&&)\s{0,9}[\w'"(]{1,40}\s{0,9}(?:=|<|>|like\b|--|#)|\bunion\s+(?:all\s+)?select\b|['"]\s*;\s*(?:drop|insert|update|delete)\b|\bsleep\s*\(\s*\d/i],
  ['XSS', /<script\b|\bon(?:error|load|click|mouseover|focus)\s*=|javascript:/i],
  ['log4shell', /\$\{(?:jndi:|[^{}]{0,30}\$\{(?:lower|upper|env|date|::-))/i],
];

/** Name of the attack that a target or body shows; null = none. */
export function attackIn(text: string): string | null {
  let decoded = text;
  for (let round = 0; ; round++) {
    const found = SIGNS.find(([, sign]) => sign.test(decoded));
    if (found) return found[0];
    const next = decoded.replace(/\+/g, ' ').replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    if (next === decoded || round === ROUNDS_OF_DECODING) return null;
    decoded = next;
  }
}
