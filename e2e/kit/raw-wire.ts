/** The DevTools protocol as it is: commands, their answers, and the end of a page. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Session {
  /** Rejects where the command is refused, or the page crashes before it answers. */
  readonly send: <T>(method: string, params?: object) => Promise<T>;
  /** Resolves when the page has crashed, if `Inspector` is enabled. */
  readonly crashed: Promise<void>;
}

export interface Wire {
  /** To the browser as a whole. */
  readonly send: Session['send'];
  readonly attach: (targetId: string) => Promise<Session>;
  readonly close: () => void;
}

interface Message {
  /** Of an answer; an event has none. */
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly error?: { readonly message: string };
  readonly result?: unknown;
}

interface Waiting {
  readonly sessionId: string | undefined;
  readonly settle: (answer: Pick<Message, 'error' | 'result'>) => void;
}

export async function createWire(endpoint: string): Promise<Wire> {
  const socket = new WebSocket(endpoint);
  await once(socket, 'open');
  const waitingById = new Map<number, Waiting>();
  const crashedBySession = new Map<string, () => void>();
  let asked = 0;

  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    if (message.id !== undefined) settle(message.id, message);
    else if (message.method === 'Inspector.targetCrashed') onCrashed(message.sessionId ?? '');
  });

  function settle(id: number, answer: Pick<Message, 'error' | 'result'>): void {
    const waiting = waitingById.get(id);
    waitingById.delete(id);
    waiting?.settle(answer);
  }

  function onCrashed(sessionId: string): void {
    crashedBySession.get(sessionId)?.();
    for (const [id, waiting] of waitingById)
      if (waiting.sessionId === sessionId) settle(id, { error: { message: 'the page has crashed' } });
  }

  function send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const id = (asked += 1);
      waitingById.set(id, {
        sessionId,
        settle: ({ error, result }) => {
          if (error) reject(new Error(`${method}: ${error.message}`));
          else resolve(result as T);
        },
      });
      socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  return {
    send: (method, params) => send(method, params),
    attach: async (targetId) => {
      const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', {
        targetId,
        flatten: true,
      });
      return {
        send: (method, params) => send(method, params, sessionId),
        crashed: new Promise((resolve) => {
          crashedBySession.set(sessionId, resolve);
        }),
      };
    },
    close: () => socket.close(),
  };
}
