/** What our rules found out about a request and tell the detection node (docs/forwarding.md). */
export interface Envelope {
  /** The one client address: of proxy_headers, the PROXY protocol, else the packet's source. */
  clientAddress: string;
  /** `http` or `https`, as received from a trusted proxy, else `http`. */
  proto: string;
  /** Port the client used, as text: as received from a trusted proxy, else the packet's source port. */
  port: string;
  /** Replaces the Host value (`original_host`); null = leave it. */
  host: string | null;
  /** Further lines, name and value (application and partner ids of a route). */
  extra: readonly (readonly [string, string])[];
}
