/** A mistake in the flags, in one sentence. */
export class UsageError extends Error {}

/** A flag's value, or a mistake that is kept in the list, so that those of the other flags are said with it. */
export function told<T>(mistakes: string[], read: (text: string) => T): (text: string) => T | undefined {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      mistakes.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
}

/** Reads the value of a flag that is a number of seconds, up to a day. */
export function seconds(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value > 0 && value <= 86_400)) throw new UsageError(`${flag}: '${text}' is not a number of seconds up to 86400`);
    return value;
  };
}

/** Reads the value of a flag that is a port of this machine. */
export function port(flag: string): (text: string) => number {
  return (text) => {
    if (!/^\d+$/.test(text) || Number(text) > 65_535) {
      throw new UsageError(`${flag}: '${text}' is not a port: give a number up to 65535, 0 = any free one`);
    }
    return Number(text);
  };
}
