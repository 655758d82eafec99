import type { Settings } from '../config/settings.ts';
import type { Request } from '../http/message.ts';
import { INDEX, type CounterName, type Ledger } from '../ledger.ts';
import { ClientAddress } from './client-address.ts';
import type { Envelope } from './envelope.ts';
import { InputFilters } from './filters.ts';
import { HealthChecks, looksLikeHealthCheck } from './health-checks.ts';
import { Loops, type LoopJudge } from './loop.ts';
import { Redaction, type RetainableRequest } from './redaction.ts';
import { Routes } from './routes.ts';
import { Sampling } from './sampling.ts';

/**
 * Decides about each request. Everything is compiled once: without configured rules a request is judged in well under a
 * microsecond.
 */
export class Rules {
  readonly #clientAddress: ClientAddress;
  readonly #filters: InputFilters;
  readonly #routes: Routes;
  readonly #healthChecks: HealthChecks;
  readonly #redaction: Redaction;
  readonly #sampling: Sampling;
  readonly #loops: Loops;
  readonly #ledger: Ledger;

  /** @param key secret of the deployment (that of the loop marker), for the choice of samples */
  constructor(settings: Settings, loop: LoopJudge, key: Uint8Array, ledger: Ledger) {
    this.#clientAddress = new ClientAddress(settings.proxyHeaders);
    this.#filters = new InputFilters(settings.inputFilters);
    this.#routes = new Routes(settings.routeConfig);
    this.#healthChecks = new HealthChecks(settings.healthChecks);
    this.#redaction = new Redaction(settings.forward.redact);
    this.#sampling = new Sampling(settings.forward.sample, key);
    this.#loops = new Loops(loop, ledger);
    this.#ledger = ledger;
  }

  /** Who sent a request and what goes with it; or the counter (already counted) under which it ends here. */
  decide(request: Request): Envelope | CounterName {
    const envelope = this.#clientAddress.envelope(request);
    const end = this.#end(request, envelope);
    if (end !== null) {
      this.#ledger.values[INDEX[end]]!++;
      return end;
    }
    if (looksLikeHealthCheck(request)) this.#ledger.values[INDEX['rules.looks_like_health_check']]!++;
    return envelope;
  }

  /**
   * Masks what `forward.redact` names, in a request (that then owns its bytes) and its response, before anything leaves
   * the process.
   * @returns how many values
   */
  redact(request: RetainableRequest): number {
    if (this.#redaction.isEmpty) return 0;
    let masked = this.#redaction.request(request);
    if (request.response !== null) masked += this.#redaction.response(request.response);
    this.#ledger.values[INDEX['rules.redacted']]! += masked;
    return masked;
  }

  #end(request: Request, envelope: Envelope): CounterName | null {
    if (this.#loops.has(request)) return 'rules.loop';
    if (!this.#healthChecks.isEmpty && this.#healthChecks.has(request)) return 'rules.health_check';
    if (!this.#sampling.takes(request.endpoints)) return 'rules.sampled_out';
    if (!this.#filters.isEmpty) {
      const judgement = this.#filters.judge(request, envelope.clientAddress);
      if (judgement === 'bypass') return 'rules.filter_bypass';
      if (judgement === 'not_inspected') return 'rules.filter_not_inspected';
    }
    if (this.#routes.isTrivial) return null;
    const routing = this.#routes.route(request);
    if (routing.off) return 'rules.route_off';
    envelope.extra = routing.extra;
    return null;
  }
}
