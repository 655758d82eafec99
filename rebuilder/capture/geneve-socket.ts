import { DatagramReceiver, type DatagramReceiverOptions } from './datagram-receiver.ts';
import { LinkType } from './frame-source.ts';

/**
 * GENEVE (RFC 8926) over UDP 6081, as an AWS Gateway Load Balancer sends it; frames begin with the GENEVE header.
 * Nothing is sent back: mirrored packets are copies. The GWLB's health checks come over TCP or HTTP to another port.
 */
export class GeneveSocket extends DatagramReceiver {
  constructor(options: DatagramReceiverOptions) {
    super('geneve', LinkType.geneve, options);
  }
}
