/** Messages to one member, as they pass the doors: sealed on their way out, opened where they were going. */
import type { PeerId } from '#shared/base/ids.ts';
import type { DirectMessage, LinkMessage } from '#shared/mesh/messages.ts';
import { bytesToDirect, directToBytes } from '#shared/wire/direct-codec.ts';
import type { Directory } from './directory.ts';
import { SEAL_KEY_BYTES, type Opened, type Sealer } from './seal.ts';

export type LetterProblem =
  /** It travelled in clear, where everyone on the way could read and change it. */
  | 'unsealed'
  /** It is not for us, not from whom it names, damaged, or of somebody who is not known here. */
  | 'not-opened';

export interface LettersDeps {
  readonly self: PeerId;
  readonly directory: Directory;
  /** Made before the first link; none where the browser knows no X25519. */
  readonly sealer: () => Sealer | undefined;
}

export interface Letters {
  /** The message with its letter sealed; `undefined` where it holds none of ours. Resolves with `null` where it cannot be. */
  readonly seal: (message: LinkMessage) => Promise<LinkMessage | null> | undefined;
  /** The letter in a message, or why it is none that could be opened; `undefined` where it holds none for us. */
  readonly find: (message: LinkMessage) => LetterProblem | Letter | undefined;
}

/** A letter for us, still closed. To open it costs some four times what verifying a signature does. */
export interface Letter {
  /** Who sealed it, if it can be opened. */
  readonly origin: PeerId;
  /** Who brought it to our neighbor, which has seen to that: whoever made it is there or before. */
  readonly before: PeerId;
  /** The message with its letter opened; `undefined`: it cannot be; `late`: its writer wrote it, long ago. */
  readonly open: () => Promise<LinkMessage | 'late' | undefined>;
}

export function createLetters({ self, directory, sealer }: LettersDeps): Letters {
  /** One letter goes out again by another way when it seems lost, and must then be the same. */
  const sealedByLetter = new WeakMap<DirectMessage, Promise<Uint8Array | undefined>>();

  const isHere = (id: PeerId): boolean => directory.cardOf(id) !== undefined;

  const sealFor = async (to: PeerId, letter: DirectMessage): Promise<Uint8Array | undefined> => {
    const sealKey = directory.cardOf(to)?.sealKey;
    if (!sealKey || isNoKey(sealKey)) return undefined;
    return sealer()?.seal({ id: to, sealKey }, directToBytes(letter));
  };

  const sealOnce = (to: PeerId, letter: DirectMessage): Promise<Uint8Array | undefined> => {
    const held = sealedByLetter.get(letter);
    if (held) return held;
    const sealed = sealFor(to, letter).catch(() => undefined);
    sealedByLetter.set(letter, sealed);
    // Its card may come yet: then the next try finds it.
    void sealed.then((bytes) => bytes === undefined && sealedByLetter.delete(letter));
    return sealed;
  };

  return {
    seal: (message) => {
      if (message.kind !== 'packet' || message.payload.kind !== 'direct') return undefined;
      const { payload, to } = message;
      if (message.origin !== self) return Promise.resolve(null);
      return sealOnce(to, payload).then((bytes) =>
        bytes ? { ...message, payload: { kind: 'sealed', bytes } } : null,
      );
    },
    find: (message) => {
      if (message.kind !== 'packet') return undefined;
      if (message.payload.kind === 'direct') return 'unsealed';
      if (message.payload.kind !== 'sealed' || message.to !== self) return undefined;
      const { origin, payload, trail } = message;
      const sealKey = directory.cardOf(origin)?.sealKey;
      const opener = sealer();
      if (!sealKey || !opener) return 'not-opened';
      const open = async (): Promise<LinkMessage | 'late' | undefined> => {
        const opened = await opener.open({ id: origin, sealKey }, payload.bytes, isHere);
        return opened === 'late' ? opened : withLetter(message, payload.bytes, opened);
      };
      return { origin, before: trail.at(-2) ?? origin, open };
    },
  };
}

function withLetter(
  message: LinkMessage & { readonly kind: 'packet' },
  bytes: Uint8Array,
  opened: Opened | undefined,
): LinkMessage | undefined {
  const letter = opened && bytesToDirect(opened.content);
  if (!letter) return undefined;
  // Closed, as it came: its sender has not heard that it arrived, and the node tells it so, and nobody else.
  const { receipt } = letter;
  return { ...message, payload: opened.isRepeated ? { kind: 'sealed', bytes, receipt } : letter };
}

/** What a card holds whose owner's browser knows no X25519. */
function isNoKey(sealKey: Uint8Array): boolean {
  return sealKey.byteLength === SEAL_KEY_BYTES && sealKey.every((byte) => byte === 0);
}
