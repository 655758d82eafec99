import { closest } from 'fastest-levenshtein';
import type { InterfaceSettings } from './settings.ts';

/**
 * The older form's capture (`mode: tcp-capture`): `goreplay.filter` is one `-input-raw`, `goreplay.extra_args` may hold
 * more of them and the arguments below. Translated to what the newer form's sources say.
 */
interface GoreplayCapture {
  readonly interfaces: readonly InterfaceSettings[];
  /** null = capture from interfaces. */
  readonly vxlan: {
    readonly port: number;
    readonly vniFilter: readonly number[];
    readonly vniExclude: readonly number[];
  } | null;
  /** With VXLAN, whose socket knows no interface: the inner TCP ports; empty = all. */
  readonly onlyPorts: readonly number[];
  readonly receiveBufferBytes: number | null;
  /** -input-raw-track-response */
  readonly trackResponse: boolean;
  readonly realIpHeader: string | null;
  readonly ignoredArguments: readonly string[];
  readonly warnings: readonly string[];
  /** `argument` = index in extra_args, null = the filter. */
  readonly mistakes: readonly { readonly argument: number | null; readonly sentence: string }[];
}

const TAKES_VALUE = [
  'input-raw', 'input-raw-vlan-vid', 'input-raw-engine', 'input-raw-vxlan-port', 'input-raw-vxlan-vni', 'input-raw-bpf-filter',
  'input-raw-buffer-size', 'input-raw-realip-header', 'input-raw-expire', 'input-raw-buffer-timeout', 'input-raw-timestamp-type', 'input-raw-protocol',
  'copy-buffer-size', 'verbose',
];
const SWITCHES = [
  'input-raw-vlan', 'input-raw-promisc', 'input-raw-track-response', 'input-raw-override-snaplen', 'input-raw-immediate-mode', 'input-raw-monitor',
  'input-raw-stats', 'input-raw-ignore-interface', 'input-raw-allow-incomplete', 'stats', 'debug',
];
const WITHOUT_EFFECT = new Set([
  'input-raw-expire', 'input-raw-buffer-timeout', 'input-raw-timestamp-type', 'input-raw-override-snaplen', 'input-raw-immediate-mode', 'input-raw-monitor',
  'input-raw-stats', 'input-raw-allow-incomplete', 'copy-buffer-size', 'verbose', 'stats', 'debug',
]);

interface Input { readonly interface: string; readonly ports: readonly number[] }

export function translateGoreplay(filter: string | undefined, extraArguments: readonly string[]): GoreplayCapture {
  const warnings: string[] = [];
  const mistakes: { argument: number | null; sentence: string }[] = [];
  const inputs: Input[] = [];
  const ignoredArguments: string[] = [];
  const vlanIds: number[] = [];
  const vniFilter: number[] = [];
  const vniExclude: number[] = [];
  const bpf: string[] = [];
  let vlan = false;
  let vxlan = false;
  let vxlanPort = 4789;
  let receiveBufferBytes: number | null = null;
  let promiscuous = true;
  let trackResponse = false;
  let realIpHeader: string | null = null;

  const input = (value: string, argument: number | null): void => {
    const parsed = parseInput(value);
    if (typeof parsed === 'string') mistakes.push({ argument, sentence: parsed });
    else inputs.push(parsed);
  };
  const number = (value: string, min: number, max: number, argument: number): number | null => {
    if (/^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    mistakes.push({ argument, sentence: `'${value}' is not a whole number from ${min} to ${max}` });
    return null;
  };

  if (filter !== undefined && /^<.*>$/.test(filter)) {
    warnings.push('goreplay.filter is still the placeholder of the documentation; taken as \':\' (every interface and port)');
    inputs.push({ interface: 'any', ports: [] });
  } else if (filter !== undefined) {
    input(filter, null);
  }
  for (let i = 0; i < extraArguments.length; i++) {
    const argument = extraArguments[i] ?? '';
    if (argument === '...') {
      warnings.push('goreplay.extra_args: \'...\' is a placeholder of the documentation and left out');
      continue;
    }
    const [, name, written] = /^--?([a-z][a-z-]*)(?:=(.*))?$/.exec(argument) ?? [];
    if (name === undefined) {
      mistakes.push({ argument: i, sentence: `unexpected value '${argument}': no option before it takes one` });
      continue;
    }
    let given = written;
    const at = i;
    if (TAKES_VALUE.includes(name) && given === undefined) {
      const next = extraArguments[i + 1];
      if (next !== undefined && !/^--?[a-z]/.test(next)) {
        given = next;
        i++;
      }
    }
    if (WITHOUT_EFFECT.has(name)) {
      ignoredArguments.push(`-${name}`);
      continue;
    }
    if (TAKES_VALUE.includes(name) && given === undefined) {
      // The documentation's own example ends with these, their value in a comment.
      if (name === 'input-raw-vlan-vid' || name === 'input-raw-vxlan-vni') warnings.push(`goreplay.extra_args: -${name} has no number after it, so all are captured`);
      else mistakes.push({ argument: at, sentence: `-${name} needs a value after it` });
      continue;
    }
    // Of an argument that takes none it is empty.
    const value = given ?? '';
    switch (name) {
      case 'input-raw': input(value, at); break;
      case 'input-raw-vlan': vlan = value !== 'false'; break;
      case 'input-raw-vlan-vid': {
        const id = number(value, 0, 4095, at);
        if (id !== null) vlanIds.push(id);
        break;
      }
      case 'input-raw-engine':
        if (value === 'vxlan') vxlan = true;
        else if (value !== 'libpcap' && value !== 'raw_socket' && value !== 'af_packet') {
          mistakes.push({ argument: at, sentence: `the engine '${value}' is not known here: use libpcap or vxlan (for capture files, \`rebuilder replay\`)` });
        }
        break;
      case 'input-raw-vxlan-port': vxlanPort = number(value, 1, 65535, at) ?? vxlanPort; break;
      case 'input-raw-vxlan-vni': {
        const vni = number(value, -0xffffff, 0xffffff, at);
        if (vni !== null) (value.startsWith('-') ? vniExclude : vniFilter).push(Math.abs(vni));
        break;
      }
      case 'input-raw-bpf-filter': bpf.push(value); break;
      case 'input-raw-buffer-size': {
        const bytes = /^(\d+)(b|kb|mb|gb)?$/i.exec(value);
        if (bytes) receiveBufferBytes = Number(bytes[1]) * 1024 ** ['b', 'kb', 'mb', 'gb'].indexOf((bytes[2] ?? 'b').toLowerCase());
        else mistakes.push({ argument: at, sentence: `'${value}' is not a size such as 64mb` });
        break;
      }
      case 'input-raw-promisc': promiscuous = value !== 'false'; break;
      case 'input-raw-track-response': trackResponse = value !== 'false'; break;
      case 'input-raw-realip-header': realIpHeader = value; break;
      case 'input-raw-protocol':
        if (value !== 'http') mistakes.push({ argument: at, sentence: `the protocol '${value}' cannot be rebuilt, only http` });
        break;
      case 'input-raw-ignore-interface':
        mistakes.push({
          argument: at, sentence: '-input-raw-ignore-interface has no equivalent here: name the interfaces to capture from',
        });
        break;
      default: mistakes.push({ argument: at, sentence: unknownArgument(name) });
    }
  }
  if (inputs.length === 0) inputs.push({ interface: 'any', ports: [] });
  if (vlanIds.length > 0) vlan = true;
  if (vlan && !vxlan && inputs.some((it) => it.interface === 'any')) {
    warnings.push('VLAN tags cannot be distinguished on \'any\': frames without a tag and with other ids are captured too; name the interface in goreplay.filter');
  }
  if (bpf.length > 0 && vxlan) mistakes.push({ argument: null, sentence: '-input-raw-bpf-filter has no effect with the vxlan engine: use mode tcp-capture-v2 and tcp_stream.from_vxlan.filter' });
  return {
    interfaces: vxlan ? [] : interfaces(inputs, vlan, vlanIds, bpf, promiscuous),
    vxlan: vxlan ? { port: vxlanPort, vniFilter, vniExclude } : null,
    onlyPorts: vxlan && inputs.every((it) => it.ports.length > 0) ? [...new Set(inputs.flatMap((it) => it.ports))] : [],
    receiveBufferBytes, trackResponse, realIpHeader, ignoredArguments, warnings, mistakes,
  };
}

function unknownArgument(name: string): string {
  if (/^http-(allow|disallow)/.test(name)) return `-${name} is written as input_filters here (inspect, bypass)`;
  if (/^(output|http|middleware)/.test(name)) return `-${name} has no effect here: remove it (delivery is under 'forward')`;
  return `-${name} is not known; did you mean -${closest(name, [...TAKES_VALUE, ...SWITCHES])}?`;
}

/**
 * `eth0:80`, `eth0:`, `:80`, `:80,8080`, `:`; an address in place of the name = all interfaces, only that host. A
 * string = the mistake.
 */
function parseInput(value: string): Input | string {
  const [, name, list] = /^(\[[0-9a-fA-F:.]+\]|[^:\s/]*):([\d,]*)$/.exec(value) ?? [];
  if (name === undefined || list === undefined) return `'${value}' is not an interface and port such as 'eth0:', 'eth0:80', ':80' or ':'`;
  const ports = list === '' ? [] : list.split(',').map(Number);
  if (ports.some((port) => port < 1 || port > 65535)) return `'${list}' is not a port from 1 to 65535`;
  return { interface: name.replace(/^\[|\]$/g, '') || 'any', ports };
}

/**
 * One entry for each interface and VLAN id: in BPF a second `vlan` in one expression would look one tag deeper
 * (pcap-filter(7)).
 */
function interfaces(
  inputs: readonly Input[], vlan: boolean, vlanIds: readonly number[], bpf: readonly string[], promiscuous: boolean,
): InterfaceSettings[] {
  const ports = new Map<string, readonly number[]>();
  for (const { interface: name, ports: some } of inputs) {
    const before = ports.get(name);
    const all = before?.length === 0 || some.length === 0;
    ports.set(name, all ? [] : [...new Set([...before ?? [], ...some])]);
  }
  return [...ports].flatMap(([name, some]) => {
    const isAddress = /^[\d.]+$|:/.test(name);
    const anywhere = name === 'any' || isAddress;
    const tags = !vlan || anywhere ? [null] : vlanIds.length > 0 ? vlanIds : ['any' as const];
    return tags.map((tag) => ({
      enabled: true, interface: anywhere ? 'any' : name, snapLenBytes: 65535, promiscuous,
      filter: bpf.length > 0 ? bpf.join(' or ') : portFilter(some, tag, anywhere, isAddress ? name : null),
    }));
  });
}

/**
 * BPF for TCP ports in untagged, VLAN and QinQ frames. Later fragments of a packet carry no ports, and behind extension
 * headers of IPv6 a filter finds none, so all of them are taken. On `any` libpcap knows no `vlan`; there the kernel has
 * taken the first tag off already.
 */
function portFilter(ports: readonly number[], tag: number | 'any' | null, anywhere: boolean, host: string | null): string {
  const port = ports.map((it) => `tcp port ${it}`).join(' or ');
  const hosts = host === null ? '' : `host ${host}`;
  const some = `(${port} or ip[6:2] & 0x1fff != 0 or (ip6[6] != 6 and ip6[6] != 17))`;
  const one = port === '' ? hosts : hosts === '' ? some : `${hosts} and ${some}`;
  const inVlan = tag === null || tag === 'any' ? 'vlan' : `vlan ${tag}`;
  if (one === '') return tag === null ? '' : inVlan;
  if (anywhere) return one;
  const tagged = `${inVlan} and (${one} or (vlan and ${one}))`;
  return tag === null ? `${one} or (${tagged})` : tagged;
}
