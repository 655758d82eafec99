/**
 * The tolerances a request may need: real servers accept these, RFC 9112 does not. Each has a bit while parsing and a
 * name on the request, in the exchange output and in the rules of forwarding (forward/irregular.ts says which of them
 * an ALB may see).
 */
export const IRREGULARITIES = [
  'bare_lf',
  'bare_cr',
  'obs_fold',
  'space_before_colon',
  'empty_line_before_request',
  'missing_version',
  'invalid_version',
  'te_cl_conflict',
  'duplicate_content_length',
  'differing_content_length',
  'invalid_content_length',
  'invalid_transfer_encoding',
  'transfer_encoding_1_0',
  'multiple_transfer_encoding',
  'framing_alias',
  'invalid_chunk',
  'malformed_header',
  'missing_host',
  'duplicate_host',
  'control_in_target',
  'control_in_header',
  'raw_space_in_target',
  'non_ascii',
  'body_on_get',
  'leading_whitespace_header',
  'http2_translated',
  'http2_malformed',
  'invalid_method',
  'unreadable',
] as const;

export type Irregularity = (typeof IRREGULARITIES)[number];

/** Bit of each name. */
export const Irregular = Object.fromEntries(
  IRREGULARITIES.map((name, i) => [name, 1 << i]),
) as Readonly<Record<Irregularity, number>>;

export function irregularNames(bits: number): Irregularity[] | null {
  return bits === 0 ? null : IRREGULARITIES.filter((name) => (bits & Irregular[name]) !== 0);
}
