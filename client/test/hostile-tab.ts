/**
 * A tab that can lie: a whole mesh whose frames are opened on their way out, so that a test may change
 * them, and may say what no node would say. What it says counts as the link's own frames do.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { HANDSHAKE_MARK } from '#client/identity/handshake.ts';
import type { Channel, Transport } from '#client/transport/transport.ts';

export interface HostileTab {
  /** For `Room.join`. */
  readonly wrap: (transport: Transport) => Transport;
  /** One for each open channel, in the order in which they opened. */
  readonly links: HostileLink[];
  /** Every honest message passes here; what is returned is sent in its place. */
  rewrite: (message: LinkMessage) => LinkMessage;
}

export interface HostileLink {
  /** Whom it leads to, once that one has greeted. */
  readonly peer: () => PeerId | undefined;
  readonly say: (message: LinkMessage) => void;
  /** The frame of a message, counted as sent. */
  readonly frame: (message: LinkMessage) => Uint8Array;
  readonly sayBytes: (bytes: Uint8Array) => void;
}

export function createHostileTab(): HostileTab {
  const tab: HostileTab = {
    links: [],
    rewrite: (message) => message,
    wrap: (transport) => ({
      construct: (options, handlers) => {
        const incoming = createLinkDecoder();
        let peer: PeerId | undefined;
        const channel = transport.construct(options, {
          ...handlers,
          onOpened: () => {
            tab.links.push(link);
            handlers.onOpened();
          },
          onFrame: (bytes) => {
            const message = incoming.decode(bytes);
            if (message.ok && message.value.kind === 'hello') peer ??= message.value.identity.id;
            handlers.onFrame(bytes);
          },
        });
        const { face, link } = lie(channel, tab, () => peer);
        return face;
      },
    }),
  };
  return tab;
}

function lie(
  channel: Channel,
  tab: HostileTab,
  peer: () => PeerId | undefined,
): { readonly face: Channel; readonly link: HostileLink } {
  const honest = createLinkDecoder();
  const { encode } = createLinkEncoder();
  const link: HostileLink = {
    peer,
    frame: encode,
    say: (message) => void channel.send(encode(message)),
    sayBytes: (bytes) => void channel.send(bytes),
  };
  const send = (bytes: Uint8Array): boolean => {
    if (bytes[0] === HANDSHAKE_MARK) return channel.send(bytes);
    const message = honest.decode(bytes);
    return message.ok && channel.send(encode(tab.rewrite(message.value)));
  };
  return { link, face: { ...channel, send } };
}
