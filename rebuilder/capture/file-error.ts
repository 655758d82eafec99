/** What is wrong with a capture file, in one sentence for its user. */
export class FileError extends Error {
  override readonly name = 'FileError';
}
