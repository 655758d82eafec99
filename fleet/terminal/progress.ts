import yoctoSpinner from 'yocto-spinner';

/** Shows that something is being done, on a terminal only, while `work` runs; stderr, so that stdout stays the answer. */
export async function whileShowing<T>(text: string, work: () => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work();
  const spinner = yoctoSpinner({ text, stream: process.stderr }).start();
  try {
    return await work();
  } finally {
    spinner.clear().stop();
  }
}
