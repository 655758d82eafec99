import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { SettingError } from '../config/mistakes.ts';

/**
 * Makes a folder and those above it, as far as they are missing. Throws the system's error.
 *
 * Not `recursive` of mkdir: where a file system answers "no such file" to mkdir itself, as /proc does, Node tries again
 * for ever.
 */
export function makeFolder(path: string, mode?: number): void {
  if (existsSync(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above, mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Another thread was first.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Errors of the system that no waiting mends, in words. */
const MISTAKES: Readonly<Record<string, string>> = {
  ENOENT: 'its folder is not there, and cannot be made',
  ENOTDIR: 'what it names as its folder is a file',
  EEXIST: 'what it names as its folder is a file',
  EISDIR: 'it is a folder: name a file in it',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'this file system can only be read',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
};

/**
 * Why a file cannot be written that a key of the configuration names, in one sentence.
 * @returns a SettingError, or, of what may pass (a full disk), an Error
 */
export function pathError(key: string, path: string, cause: unknown): Error {
  const mistake = MISTAKES[codeOf(cause)];
  const sentence = `${key}: ${path} cannot be written: ${mistake ?? (cause instanceof Error ? cause.message : String(cause))}`;
  return mistake === undefined ? new Error(sentence, { cause }) : new SettingError(sentence, { cause });
}

/** Makes the file if it is missing. Throws what `pathError` makes of it when it cannot be written. */
export function checkWritable(key: string, path: string, mode: number, folderMode?: number): void {
  try {
    makeFolder(dirname(path), folderMode);
    closeSync(openSync(path, 'a', mode));
  } catch (error) {
    throw pathError(key, path, error);
  }
}

const codeOf = (error: unknown): string => error instanceof Error && 'code' in error ? String(error.code) : '';
