import { readFileSync } from 'node:fs';

/**
 * Seconds of CPU that a process has used, all its threads, those that ended included (man 5 proc_pid_stat: utime and
 * stime, in ticks).
 */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The most memory it had resident, MiB. */
export function peakMebibytes(pid: number): number {
  return mebibytes(pid, /VmHWM:\s+(\d+) kB/);
}

/** Memory it has resident now, MiB. */
export function residentMebibytes(pid: number): number {
  return mebibytes(pid, /VmRSS:\s+(\d+) kB/);
}

function mebibytes(pid: number, line: RegExp): number {
  return Number(line.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
}

/** Whether some process has bound the UDP port. */
export function isBound(port: number): boolean {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/udp', '/proc/net/udp6'].some((file) => {
    return readFileSync(file, 'latin1').split('\n').some((line) => line.trim().split(/\s+/)[1]?.endsWith(suffix));
  });
}
