import { LinkType } from '../capture/frame-source.ts';
import type { Settings } from '../config/settings.ts';

/** What an interface may have: an expression that suits one of them is no mistake of the file. */
const LINKS_OF_INTERFACES = [LinkType.ethernet, LinkType.linuxSll, LinkType.ipv4];

interface SourceFilter { readonly path: string; readonly filter: string; readonly links: readonly number[] }

/** The filters of enabled sources, each with the link types that its source may have. */
export function sourceFilters({ tcpStream: { fromVxlan, fromGeneve, fromInterface } }: Settings): SourceFilter[] {
  return [
    { path: 'tcp_stream.from_vxlan.filter', ...fromVxlan, links: [LinkType.ethernet] },
    { path: 'tcp_stream.from_geneve.filter', ...fromGeneve, links: [LinkType.ethernet] },
    ...fromInterface.map((one, i) => ({
      path: `tcp_stream.from_interface${fromInterface.length > 1 ? `[${i}]` : ''}.filter`, ...one, links: LINKS_OF_INTERFACES,
    })),
  ].filter(({ enabled, filter }) => enabled && filter !== '');
}
