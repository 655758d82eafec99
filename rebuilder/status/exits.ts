import { COUNTERS, COUNTER_NAMES, type CounterName } from '../ledger.ts';

/** The stages of a packet's way, as a person sees them. */
export type StageName = 'packets' | 'streams' | 'requests' | 'rules' | 'nodes';

/**
 * Why something went no further, in the words of a person. `not_http`: there was nothing for us in it, such as TLS or
 * DNS. `left_out`: by a rule of the configuration, or because it was a second view, or what its receiver drops too.
 * `lost`: it should have gone on.
 */
export type ExitKind = 'not_http' | 'left_out' | 'lost';

interface Exit { readonly name: CounterName; readonly stage: StageName; readonly kind: ExitKind }

const NOT_HTTP: ReadonlySet<CounterName> = new Set<CounterName>([
  'wire.ethernet.unknown_type', 'wire.vlan.unknown_type', 'wire.mpls.unknown_payload_type', 'wire.pppoe.not_ip', 'wire.sll.unknown_type',
  'wire.null.unsupported_type', 'wire.raw.wrong_ip_version', 'wire.ip.not_tcp', 'wire.udp.not_a_tunnel', 'wire.geneve.control_packet',
  'wire.geneve.unknown_payload_type', 'wire.gre.unknown_payload_type', 'wire.own_tunnel', 'http.skipped_bytes', 'http.response_skipped_bytes', 'http.tls_bytes',
  'http.tunnel_bytes',
]);

const LEFT_OUT: ReadonlySet<CounterName> = new Set<CounterName>([
  'defrag.duplicate_fragment', 'tcp.invalid_checksum', 'tcp.invalid_checksum_bytes', 'tcp.pkt_out_of_window_bytes', 'tcp.refused_bytes', 'http.ignored_bytes',
  'http.duplicate_view',
]);

/** Notes in the ledger, since nothing of it reached us; to a person they are losses. */
const LOST_BEFORE_US: ReadonlySet<CounterName> = new Set<CounterName>(['capture.kernel_drops', 'capture.interface_drops']);

function kindOf(name: CounterName): ExitKind | null {
  const { role } = COUNTERS[name];
  if (LOST_BEFORE_US.has(name)) return 'lost';
  if (name.startsWith('rules.') && role !== 'note') return 'left_out';
  if (role !== 'lost') return null;
  return NOT_HTTP.has(name) ? 'not_http' : LEFT_OUT.has(name) ? 'left_out' : 'lost';
}

function stageOf(name: CounterName): StageName {
  const { unit } = COUNTERS[name];
  if (unit === 'packets') return 'packets';
  if (unit === 'bytes') return 'streams';
  return name.startsWith('rules.') ? 'rules' : name.startsWith('http.') ? 'requests' : 'nodes';
}

/** Every counter under which something goes no further. */
export const EXITS: readonly Exit[] = COUNTER_NAMES.flatMap((name) => {
  const kind = kindOf(name);
  return kind === null ? [] : [{ name, stage: stageOf(name), kind }];
});
