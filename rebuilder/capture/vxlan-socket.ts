import { DatagramReceiver, type DatagramReceiverOptions } from './datagram-receiver.ts';
import { LinkType } from './frame-source.ts';

/**
 * VXLAN (RFC 7348) over UDP, as AWS traffic mirroring and NLBs deliver it on port 4789; frames begin with the VXLAN
 * header.
 */
export class VxlanSocket extends DatagramReceiver {
  constructor(options: DatagramReceiverOptions) {
    super('vxlan', LinkType.vxlan, options);
  }
}
