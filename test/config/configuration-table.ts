import { KNOWN_KEYS, type KnownKey } from '../../rebuilder/config/known-keys.ts';

/**
 * The table of docs/configuration.md: every key with its default, unit and effect, by section, from the schema itself.
 */
export function configurationTable(): string {
  const sections = new Map<string, KnownKey[]>();
  for (const known of KNOWN_KEYS.filter((it) => !it.ignored)) {
    const section = known.path.split(/[.[]/)[0]!;
    const name = section === known.path ? 'whole file' : section;
    sections.set(name, [...sections.get(name) ?? [], known]);
  }
  const parts = [...sections].map(([name, keys]) => [
    `### ${name === 'whole file' ? 'The whole file' : `\`${name}\``}`,
    '',
    '| key | default | unit | effect |',
    '|---|---|---|---|',
    ...keys.map((it) => `| \`${it.path}\` | ${cell(it.default)} | ${it.unit} | ${cell(it.effect)} |`),
  ].join('\n'));
  const ignored = KNOWN_KEYS.filter((it) => it.ignored).map((it) => `\`${it.path}\``).join(', ');
  const sentence = `They belong to the detection node; a file may hold them, and they are named once when it is read: ${ignored}.`;
  return `${parts.join('\n\n')}\n\n### Keys without effect\n\n${sentence.replace(/(.{1,119})(?: |$)/g, '$1\n')}`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
