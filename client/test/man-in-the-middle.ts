/** Somebody who carries two tabs' descriptions and passes on others: a channel of its own to either of them. */
import type { Channel, ChannelHandlers, Transport } from '#client/transport/transport.ts';

export interface Man {
  /** Takes a description, and hands over another one in its place, which leads to itself. */
  readonly seize: (description: string, pass: (description: string) => void) => void;
  /** Every frame that it read, from whichever end. */
  readonly read: Uint8Array[];
}

/** What `rewrite` makes of a frame goes on to the other end. */
export function createMan(transport: Transport, rewrite: (bytes: Uint8Array) => Uint8Array): Man {
  const read: Uint8Array[] = [];
  const seize: Man['seize'] = (description, pass) => {
    const toReceiver = createLeg(() => toSender);
    const toSender = createLeg(() => toReceiver);
    toReceiver.open(true, pass);
    toSender.open(false, () => {}).describe(description);
  };

  function createLeg(other: () => Leg): Leg {
    let channel: Channel | undefined;
    let opened = false;
    const waiting: Uint8Array[] = [];
    const send = (bytes: Uint8Array): void => {
      if (opened) channel?.send(bytes);
      else waiting.push(bytes);
    };
    return {
      send,
      close: () => void channel?.close(),
      open: (initiator, onDescribed) => {
        const handlers: ChannelHandlers = {
          onDescribed,
          onOpened: () => {
            opened = true;
            waiting.splice(0).forEach(send);
          },
          onFrame: (bytes) => {
            read.push(bytes);
            other().send(rewrite(bytes));
          },
          onCongestion: () => {},
          onRelayed: () => {},
          onClosed: () => other().close(),
        };
        return (channel = transport.construct({ initiator }, handlers));
      },
    };
  }

  return { seize, read };
}

interface Leg {
  readonly send: (bytes: Uint8Array) => void;
  readonly close: () => void;
  readonly open: (initiator: boolean, onDescribed: (description: string) => void) => Channel;
}
