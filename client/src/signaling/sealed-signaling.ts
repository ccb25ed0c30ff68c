/** A way to the signaling server on which every signal is sealed; all else passes as it is. */
import { assert } from '#shared/base/assert.ts';
import { base64ToBytes, bytesToBase64 } from '#shared/wire/base64.ts';
import { isolate } from '../isolate.ts';
import type { Sealer } from './sealer.ts';
import type { SignalingClient, SignalingHandlers } from './signaling-client.ts';

/** Signals that wait to be sealed, or to be opened: what a tab may say at once, and more than one hears. Guess. */
const WAITING_MAX: number = 256;

export function createSealedSignaling(
  sealer: Sealer,
  handlers: SignalingHandlers,
  createClient: (handlers: SignalingHandlers) => SignalingClient,
): SignalingClient {
  const leaving = createQueue(WAITING_MAX);
  const arriving = createQueue(WAITING_MAX);
  let attached = false;
  const client = createClient({
    ...handlers,
    onAttached: (contacts) => {
      attached = true;
      handlers.onAttached(contacts);
    },
    onDetached: () => {
      attached = false;
      handlers.onDetached();
    },
    onSignal: (from, text) => {
      const admitted = arriving.add(async () => {
        const opened = await sealer.open(from, text);
        if (opened.ok) {
          // What the server brought before it was let go of is not heard after.
          if (attached) handlers.onSignal(from, bytesToBase64(opened.value));
          return;
        }
        handlers.onRefused(opened.error);
        if (opened.error === 'not-opened') handlers.onWrongKey('not-opened');
      });
      if (!admitted) handlers.onRefused('too-many-signals');
    },
  });

  return {
    ...client,
    signal: (to, data) => {
      if (!attached) return false;
      const bytes = base64ToBytes(data);
      assert(bytes.ok, 'a packet is base64');
      return leaving.add(async () => void client.signal(to, await sealer.seal(to, bytes.value)));
    },
  };
}

interface Queue {
  /** Runs when all that was added before has ended; false when too many wait. */
  readonly add: (run: () => Promise<void>) => boolean;
}

function createQueue(limit: number): Queue {
  let last = Promise.resolve();
  let waiting = 0;
  return {
    add: (run) => {
      if (waiting >= limit) return false;
      waiting += 1;
      last = last.then(run).then(
        () => {
          waiting -= 1;
        },
        (error: unknown) => {
          waiting -= 1;
          isolate(() => {
            throw error;
          });
        },
      );
      return true;
    },
  };
}
