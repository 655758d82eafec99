import type { Settings } from '../config/settings.ts';
import type { FrameSink, FrameSource } from '../capture/frame-source.ts';
import { GeneveSocket } from '../capture/geneve-socket.ts';
import { InterfaceCapture } from '../capture/interface.ts';
import { VxlanSocket } from '../capture/vxlan-socket.ts';
import type { Ledger } from '../ledger.ts';
import { InnerFilter } from '../wire/inner-filter.ts';
import type { WorkerInputs } from './worker-share.ts';

/** The sources a configuration asks for, in one thread. */
export class Sources {
  /** Each with a filter over the inner packets; empty = none. */
  readonly #sources: (readonly [FrameSource, string])[] = [];
  readonly #bound = new Set<FrameSource>();
  readonly #ledger: Ledger;
  readonly #vxlan: VxlanSocket | null = null;

  /**
   * @param inputs sockets that the main thread has bound already; none = they are bound here
   * @param interfaces also capture from network interfaces
   * @param notice told in a sentence when an interface goes or comes back
   */
  constructor(
    settings: Settings, ledger: Ledger, inputs: WorkerInputs, interfaces: boolean, notice: (sentence: string) => void,
  ) {
    this.#ledger = ledger;
    const { fromVxlan, fromGeneve, fromInterface } = settings.tcpStream;
    type Listening = Settings['tcpStream']['fromVxlan' | 'fromGeneve'];
    const socketOptions = ({ listen, receiveBufferBytes }: Pick<Listening, 'listen' | 'receiveBufferBytes'>) => (
      { ...listen, receiveBufferBytes, ledger });
    if (fromVxlan.enabled) {
      const given = inputs.vxlan === undefined ? {} : { socket: inputs.vxlan };
      this.#vxlan = new VxlanSocket({ ...socketOptions(fromVxlan), ...given });
      this.#sources.push([this.#vxlan, fromVxlan.filter]);
    }
    if (fromGeneve.enabled) {
      const given = inputs.geneve === undefined ? {} : { socket: inputs.geneve };
      const geneve = new GeneveSocket({ ...socketOptions(fromGeneve), ...given });
      this.#sources.push([geneve, fromGeneve.filter]);
    }
    for (const { enabled, interface: device, filter, snapLenBytes, promiscuous } of interfaces ? fromInterface : []) {
      if (!enabled) continue;
      this.#sources.push([new InterfaceCapture(device, { ledger, filter, snapLengthBytes: snapLenBytes, promiscuous, onNotice: notice }), '']);
    }
  }

  /** Rejects with an Error of one sentence when a source cannot be opened; those that could are stopped again. */
  async start(sink: FrameSink): Promise<void> {
    try {
      for (const [source, filter] of this.#sources) {
        await source.start(filter === '' ? sink : await InnerFilter.create(filter, sink, this.#ledger));
        this.#bound.add(source);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const source of this.#bound) await source.stop();
    this.#bound.clear();
  }

  /** Port of the VXLAN socket; 0 = there is none. */
  get vxlanPort(): number {
    return this.#vxlan?.port ?? 0;
  }

  states(): { description: string; bound: boolean }[] {
    return this.#sources.map(([source]) => ({ description: source.describe(), bound: this.#bound.has(source) }));
  }
}
