import type { ExchangeFileSettings } from '../config/settings.ts';
import type { Ledger } from '../ledger.ts';
import type { LineWriter } from './exchange-lines.ts';
import { checkWritable, pathError } from './named-path.ts';
import { NumberedFiles } from './numbered-files.ts';
import { OWNER_ONLY, OWNER_ONLY_FOLDER, RotatingFile } from './rotating-file.ts';
import { UploadSpool } from './upload-spool.ts';

interface ExchangeFiles {
  readonly write: LineWriter;
  /** Writes what is left; uploads it, where that is wanted, for at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

const HOUR_MS = 3_600_000;

/**
 * `exchanges.file`, and what becomes of it when it is full. Rejects with an Error of one sentence. null = not wanted.
 */
export async function openExchangeFiles(
  settings: ExchangeFileSettings, ledger: Ledger, notice: (sentence: string) => void,
): Promise<ExchangeFiles | null> {
  const { file } = settings;
  if (file === '') return null;
  const onFault = (error: Error | null): void => notice(error === null
    ? `exchanges.file ${file} is written again`
    : `exchanges.file ${file} cannot be written, requests are left out of it until it can: ${error.message}`);
  try {
    return await (settings.s3.bucket === '' ? openNumbered(settings, notice, onFault) : openUploaded(settings, ledger, notice, onFault));
  } catch (error) {
    throw pathError('exchanges.file', file, error);
  }
}

/** Throws an Error of one sentence when `exchanges.file` cannot be written; empty = not wanted. */
export function checkExchangeFile(file: string): void {
  if (file !== '') checkWritable('exchanges.file', file, OWNER_ONLY, OWNER_ONLY_FOLDER);
}

type OnFault = (error: Error | null) => void;

async function openNumbered(
  settings: ExchangeFileSettings, notice: (sentence: string) => void, onFault: OnFault,
): Promise<ExchangeFiles> {
  const { file, maxSizeBytes, maxFiles, gzip } = settings;
  const full = new NumberedFiles({
    file, maxFiles, gzip, onFault: (error) => notice(`exchanges.gzip: a full file cannot be compressed and stays as it is: ${error.message}`),
    onRemoved: (name) => notice(`exchanges.file: the disk is full, and ${name}, the oldest file, was removed for what is new`),
  });
  const rotating = await RotatingFile.open({ file, maxSizeBytes, full, onFault });
  await full.resume();
  return {
    write: (lines) => rotating.append(lines),
    close: async () => {
      await rotating.close();
      await full.close();
    },
  };
}

async function openUploaded(
  settings: ExchangeFileSettings, ledger: Ledger, notice: (sentence: string) => void, onFault: OnFault,
): Promise<ExchangeFiles> {
  const { file, maxSizeBytes, s3 } = settings;
  // Loaded when it is wanted: the SDK takes longer to load than all the rest.
  const { openS3Upload } = await import('./s3-upload.ts');
  const bucket = openS3Upload(s3);
  const spool = await UploadSpool.open({ file, folder: `${file}.upload`, limitBytes: s3.spoolBytes, ledger, notice, upload: bucket.upload });
  const rotating = await RotatingFile.open({ file, maxSizeBytes, full: spool, onFault });
  // Of an earlier run: it goes to the hour in which it was written.
  ledger.count('exchanges.resumed', rotating.lines);
  await rotating.rotate();
  let timer: NodeJS.Timeout;
  /** Files end at each full hour, so that the folder of an hour has what was written in it. */
  const next = (): void => {
    timer = setTimeout(() => {
      void rotating.rotate();
      next();
    }, Math.min(s3.intervalMs, HOUR_MS - Date.now() % HOUR_MS));
  };
  next();
  return {
    write: (lines) => rotating.append(lines),
    close: async (timeoutMs) => {
      clearTimeout(timer);
      await rotating.rotate();
      ledger.count('exchanges.left_behind', rotating.lines);
      await rotating.close();
      await spool.close(timeoutMs);
      bucket.close();
    },
  };
}
