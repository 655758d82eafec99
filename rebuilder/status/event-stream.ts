import type { ServerResponse } from 'node:http';

/** Pages open at a time: each gets an event a second. */
const MAX_READERS = 16;
/** A reader that does not read is let go; its browser comes back by itself. */
const MAX_UNREAD_BYTES = 4 << 20;

export interface StreamEvent { readonly event: string; readonly data: unknown }

interface Reader { readonly response: ServerResponse; cursor: number }

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) for the pages that are open. */
export class EventStream {
  readonly #readers = new Set<Reader>();

  get readers(): number {
    return this.#readers.size;
  }

  /** @returns false = there are too many already; nothing was answered */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>): boolean {
    if (this.#readers.size >= MAX_READERS) return false;
    const reader = { response, cursor: 0 };
    this.#readers.add(reader);
    response.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
    response.write('retry: 2000\n\n');
    response.on('close', () => this.#readers.delete(reader));
    return true;
  }

  /** @param events what is new for a reader that has all up to its cursor, and its next cursor */
  send(events: (cursor: number) => { readonly events: readonly StreamEvent[]; readonly cursor: number }): void {
    for (const reader of this.#readers) {
      if (reader.response.writableLength > MAX_UNREAD_BYTES) {
        reader.response.destroy();
        continue;
      }
      const { events: list, cursor } = events(reader.cursor);
      reader.cursor = cursor;
      for (const { event, data } of list) reader.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }

  close(): void {
    for (const { response } of this.#readers) response.destroy();
  }
}
