import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Answer { readonly status: number; readonly type: string; readonly body: string }

/** null = the route has answered by itself. */
export type Route = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) =>
  Answer | null | Promise<Answer | null>;
export type Routes = Readonly<Record<string, Route>>;

/** What goes with every answer. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export const plain = (status: number, sentence: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body: `${sentence}\n` });
export const json = (value: unknown): Answer => ({ status: 200, type: 'application/json; charset=utf-8', body: JSON.stringify(value) });
