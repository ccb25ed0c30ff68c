/** Promises that an event of the node settles: messages to one member, and round trips. */
import type { MeshEvent } from '#shared/mesh/messages.ts';
import { MeshError } from './errors.ts';

/** Answers awaited at one time. */
export const REPLIES_MAX: number = 1_024;

export interface Replies {
  /** Sends with a new token; settles with its answer. Rejects with `LIMIT`, `UNREACHABLE` or `CLOSED`. */
  readonly request: (send: (token: number) => void, to: string) => Promise<void>;
  readonly answer: (event: Extract<MeshEvent, { kind: 'delivered' | 'undeliverable' }>) => void;
  /** Whoever still waits is told that the mesh is closed. */
  readonly close: () => void;
}

interface Waiting {
  readonly to: string;
  readonly resolve: () => void;
  readonly reject: (error: MeshError) => void;
}

export function createReplies(): Replies {
  const waitingByToken = new Map<number, Waiting>();
  let lastToken = 0;
  return {
    request: (send, to) =>
      new Promise((resolve, reject) => {
        if (waitingByToken.size >= REPLIES_MAX) {
          reject(
            new MeshError('LIMIT', `At most ${REPLIES_MAX} messages wait for their answer at one time.`),
          );
          return;
        }
        lastToken += 1;
        waitingByToken.set(lastToken, { to, resolve, reject });
        try {
          send(lastToken);
        } catch (error) {
          waitingByToken.delete(lastToken);
          throw error;
        }
      }),
    answer: ({ kind, token }) => {
      const waiting = waitingByToken.get(token);
      if (!waiting) return;
      waitingByToken.delete(token);
      if (kind === 'delivered') waiting.resolve();
      else waiting.reject(new MeshError('UNREACHABLE', `No way to member ${waiting.to} was found.`));
    },
    close: () => {
      for (const { reject } of waitingByToken.values()) {
        reject(new MeshError('CLOSED', 'This mesh was left before the answer came.'));
      }
      waitingByToken.clear();
    },
  };
}
