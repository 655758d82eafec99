import { createHash } from 'node:crypto';
import { AgingMap } from '../reassembly/aging-map.ts';
import type { HttpRequest } from '../http/http-request.ts';

interface View {
  readonly vni: number | null;
  readonly complete: boolean;
  /** Of the body. */
  readonly digest: string;
  readonly timeMs: number;
}

/** Two network interfaces mirror a packet within moments. */
const WINDOW_MS = 10_000;
const MAX_VIEWS = 50_000;
/** So many requests are remembered before a second VNI is seen: its copies of the first ones may come late. */
const FIRST_VIEWS = 64;

/**
 * Recognises a request that two network interfaces mirrored with different VNIs. Only a copy equal in addresses, ports,
 * sequence number, IP id and every byte is a second view: address ranges of two VPCs may be the same, and requests in
 * them alike.
 */
export class DuplicateViews {
  readonly #views = new AgingMap<string, View>();
  /** A second VNI was seen. */
  #several = false;

  /** Packets of more than one VNI come: from now on all requests are compared. */
  severalVnis(): void {
    this.#several = true;
  }

  /** @returns true when this request went on before, seen from elsewhere, and this view brings nothing new */
  isSecondView(request: HttpRequest, nowMs: number): boolean {
    if (!this.#several && this.#views.size >= FIRST_VIEWS) return false;
    const { vni } = request.endpoints;
    const key = `${request.id} ${request.ipId} ${request.reading}`;
    const digest = digestOf(request);
    const view = this.#views.get(key);
    if (view !== undefined && view.vni !== vni && view.complete && nowMs - view.timeMs < WINDOW_MS) {
      if (!request.complete || view.digest === digest) return true;
    }
    if (view === undefined || request.complete) {
      this.#views.set(key, { vni, complete: request.complete, digest, timeMs: nowMs });
    }
    for (let { oldest } = this.#views; oldest !== undefined; { oldest } = this.#views) {
      if (this.#views.size <= MAX_VIEWS && nowMs - oldest.timeMs < WINDOW_MS) break;
      this.#views.deleteOldest();
    }
    return false;
  }
}

function digestOf(request: HttpRequest): string {
  if (request.end === request.headEnd) return '';
  return createHash('sha256').update(request.bytes.subarray(request.headEnd, request.end)).digest('base64');
}
