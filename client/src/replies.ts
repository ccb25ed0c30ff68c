/** Promises that an event of the node settles: messages to one member, and round trips. */
import type { MeshEvent } from '#shared/mesh/messages.ts';
import { MeshError } from './errors.ts';

/** Answers awaited at one time. */
export const REPLIES_MAX: number = 1_024;

export interface Replies {
  /**
   * Sends with a new token; settles with its answer. Rejects with `LIMIT`, `UNREACHABLE` or `CLOSED`. A
   * stranger is not waited for through all tries.
   */
  readonly request: (send: (token: number) => void, to: Addressee) => Promise<void>;
  readonly answer: (event: Extract<MeshEvent, { kind: 'delivered' | 'undeliverable' }>) => void;
  /** Whoever still waits is told that the mesh is closed. */
  readonly close: () => void;
}

export interface Addressee {
  readonly id: string;
  /** On no roster: it may have joined just now, but most likely it is not here. */
  readonly stranger: boolean;
}

/** How long a stranger's answer is waited for: about one try of an unknown way. Members get them all, some 10 s. */
export const STRANGER_MS: number = 2_500;

interface Waiting {
  readonly to: string;
  readonly resolve: () => void;
  readonly reject: (error: MeshError) => void;
}

export function createReplies(later: (run: () => void, ms: number) => void): Replies {
  const waitingByToken = new Map<number, Waiting>();
  let lastToken = 0;

  const answer: Replies['answer'] = ({ kind, token }) => {
    const waiting = waitingByToken.get(token);
    if (!waiting) return;
    waitingByToken.delete(token);
    if (kind === 'delivered') waiting.resolve();
    else waiting.reject(new MeshError('UNREACHABLE', `No way to member ${waiting.to} was found.`));
  };

  return {
    request: (send, { id, stranger }) =>
      new Promise((resolve, reject) => {
        if (waitingByToken.size >= REPLIES_MAX) {
          reject(
            new MeshError('LIMIT', `At most ${REPLIES_MAX} messages wait for their answer at one time.`),
          );
          return;
        }
        const token = (lastToken += 1);
        waitingByToken.set(token, { to: id, resolve, reject });
        try {
          send(token);
        } catch (error) {
          waitingByToken.delete(token);
          throw error;
        }
        if (stranger) later(() => answer({ kind: 'undeliverable', token }), STRANGER_MS);
      }),
    answer,
    close: () => {
      for (const { reject } of waitingByToken.values()) {
        reject(new MeshError('CLOSED', 'This mesh was left before the answer came.'));
      }
      waitingByToken.clear();
    },
  };
}
