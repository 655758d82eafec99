import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SettingError } from '../../config/mistakes.ts';

const KEY = 'forward.ext_proc.tls.ca_file';
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates of `forward.ext_proc.tls.ca_file`; undefined = those that Node.js knows, when `path` is empty.
 * Throws a SettingError of one sentence when the file cannot be read or holds none.
 */
export function readTrustedCertificates(path: string): readonly string[] | undefined {
  if (path === '') return undefined;
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : 'unknown error';
    throw new SettingError(`${KEY}: ${path} cannot be read (${reason}); give a readable file of certificates, or leave the `
      + 'key empty for the public ones');
  }
  const certificates = text.match(PEM) ?? [];
  if (certificates.length === 0) {
    throw new SettingError(`${KEY}: ${path} holds no certificate; give PEM, which begins with -----BEGIN CERTIFICATE-----`);
  }
  for (const [i, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch {
      throw new SettingError(`${KEY}: certificate ${i + 1} of ${path} is broken; write the file again from its source`);
    }
  }
  return certificates;
}
