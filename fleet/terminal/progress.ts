import yoctoSpinner from 'yocto-spinner';

/**
 * Shows that something is being done, on a terminal only, while `work` runs; stderr, so that stdout stays the answer.
 * `handlesSignals`: the work itself answers for Ctrl-C, which otherwise ends the process.
 */
export async function whileShowing<T>(text: string, work: () => Promise<T>, handlesSignals = false): Promise<T> {
  if (!process.stderr.isTTY) return work();
  const spinner = yoctoSpinner({ text, stream: process.stderr, handleSignals: !handlesSignals }).start();
  try {
    return await work();
  } finally {
    spinner.clear().stop();
  }
}
