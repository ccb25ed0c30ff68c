/** A way to the signaling server that must be prepared before the first dial; until then it is only wanted or not. */
import type { MeshError } from '../errors.ts';
import type { SignalingClient, SignalingHandlers } from './signaling-client.ts';

/**
 * `prepared` gives the client. What is asked of it meanwhile is done then: attached, it dials. Where the preparing
 * fails it never does, and that is told like any other trouble, once.
 */
export function createPreparedSignaling(
  prepared: Promise<SignalingClient>,
  handlers: Pick<SignalingHandlers, 'onStatus' | 'onError'>,
  toError: (cause: unknown) => MeshError,
): SignalingClient {
  let phase: 'preparing' | 'failed' | SignalingClient = 'preparing';
  let wanted = false;

  prepared.then(
    (client) => {
      phase = client;
      if (wanted) client.attach();
    },
    (cause: unknown) => {
      phase = 'failed';
      handlers.onError(toError(cause));
      if (wanted) handlers.onStatus('closed');
    },
  );

  const client = (): SignalingClient | undefined => (typeof phase === 'string' ? undefined : phase);
  return {
    attach: () => {
      wanted = true;
      if (typeof phase !== 'string') phase.attach();
      else handlers.onStatus(phase === 'failed' ? 'closed' : 'connecting');
    },
    detach: () => {
      wanted = false;
      if (typeof phase !== 'string') phase.detach();
      else handlers.onStatus('closed');
    },
    hurry: () => client()?.hurry(),
    renew: () => client()?.renew(),
    signal: (to, data) => client()?.signal(to, data) ?? false,
    askContacts: () => client()?.askContacts(),
    traffic: () => client()?.traffic() ?? { sentBytes: 0, receivedBytes: 0, quietMs: undefined },
  };
}
