import { accessSync, constants } from 'node:fs';
import type { Mistake } from './mistakes.ts';
import type { Settings } from './settings.ts';

/**
 * What a service needs beyond a file without mistakes: something to read, and somewhere to deliver. `check` shows it,
 * `run` refuses.
 */
export function runNeeds(
  { tcpStream: { fromVxlan, fromGeneve, fromInterface }, forward, exchanges }: Settings,
): Mistake[] {
  const needs: Mistake[] = [];
  if (!fromVxlan.enabled && !fromGeneve.enabled && !fromInterface.some((it) => it.enabled)) {
    needs.push({ path: 'tcp_stream', sentence: 'enables no source: set enabled: true in from_vxlan, from_geneve or from_interface' });
  }
  if (forward.endpoint === '' && forward.extProc.endpoint === '' && exchanges.file === '') {
    needs.push({ path: 'forward.endpoint', sentence: 'is missing: give the detection nodes\' address, http://host:port (or native nodes\' as forward.ext_proc.endpoint, or exchanges.file to write requests to a file)' });
  }
  if (exchanges.s3.bucket !== '' && exchanges.s3.region === '' && regionOfEnvironment() === undefined) {
    needs.push({ path: 'exchanges.s3.region', sentence: 'is missing: give the region of the bucket, such as eu-west-1 (or AWS_REGION in the environment)' });
  }
  for (const [path, file] of [['forward.loop_key_file', forward.loopKeyFile], ['forward.ext_proc.tls.ca_file', forward.extProc.caFile]] as const) {
    if (file !== '' && !isReadable(file)) needs.push({ path, sentence: `names ${file}, which is not there or may not be read by this user` });
  }
  return needs;
}

const regionOfEnvironment = (): string | undefined => process.env['AWS_REGION'];

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
