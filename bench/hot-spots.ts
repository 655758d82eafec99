/** `node --import tsx bench/hot-spots.ts FILE.cpuprofile [N]`: the functions of a V8 CPU profile by their own time. */
import { readFileSync } from 'node:fs';

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const [file = '', top = '40'] = process.argv.slice(2);
const profile: Profile = JSON.parse(readFileSync(file, 'utf8'));
const nameOf = new Map(profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
  id, `${functionName || '(anonymous)'} ${url.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')}:${lineNumber + 1}`,
]));
const own = new Map<string, number>();
profile.samples.forEach((id, i) => {
  const name = nameOf.get(id) ?? '?';
  own.set(name, (own.get(name) ?? 0) + profile.timeDeltas[i]!);
});
own.delete('(idle) :0');
const total = [...own.values()].reduce((a, b) => a + b, 0);
for (const [name, us] of [...own].sort((a, b) => b[1] - a[1]).slice(0, Number(top))) {
  console.log(`${(us / total * 100).toFixed(1).padStart(5)} % ${(us / 1000).toFixed(0).padStart(7)} ms  ${name}`);
}
