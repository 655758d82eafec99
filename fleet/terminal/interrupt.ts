/** A signal that asks the process to end, as the reason why work stopped. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** By convention 128 and the signal's number. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}: nothing was half done, and the same command goes on from here.`);
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

/**
 * Runs work that, on the first SIGINT or SIGTERM, is told to begin nothing more and to say what it did; a second one
 * ends the process at once.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const reason = new Interrupted(signal);
    if (controller.signal.aborted) process.exit(reason.exitCode);
    process.stderr.write('Waiting for the calls that are under way; again ends at once.\n');
    controller.abort(reason);
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
