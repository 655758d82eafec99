/**
 * Sum of the `drops` column of /proc/net/udp or udp6 over the sockets bound to `port`. Columns (man 5 proc_net, plus
 * three newer ones): sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode ref pointer drops
 */
export function dropsOfPort(table: string, port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.endsWith(suffix)) drops += Number(columns[12] ?? 0);
  }
  return drops;
}
