/** A WebSocket whose other end is a test: it opens, speaks and closes when told to. */
import type { ServerMessage } from '#shared/signaling/messages.ts';

export interface FakeSocket {
  readonly url: string;
  /** What the page sent, parsed. */
  readonly sent: unknown[];
  /** Codes with which the page has hung up. */
  readonly hungUp: (number | undefined)[];
  readonly open: () => void;
  /** The server says this. */
  readonly say: (message: ServerMessage) => void;
  /** The server says this, whatever it is. */
  readonly sayRaw: (data: unknown) => void;
  /** The connection is over. */
  readonly drop: () => void;
  /** As the platform shows it. */
  readonly socket: WebSocket;
}

export function createFakeSocket(url: string): FakeSocket {
  const target = new EventTarget();
  const sent: unknown[] = [];
  const hungUp: (number | undefined)[] = [];
  const face = Object.assign(target, {
    readyState: 0,
    send: (text: string): void => {
      if (face.readyState !== 1) throw new Error('InvalidStateError');
      sent.push(JSON.parse(text));
    },
    close: (code?: number): void => {
      hungUp.push(code);
      face.readyState = 2;
    },
  });
  const sayRaw = (data: unknown): void => {
    target.dispatchEvent(Object.assign(new Event('message'), { data }));
  };
  return {
    url,
    sent,
    hungUp,
    open: () => {
      face.readyState = 1;
      target.dispatchEvent(new Event('open'));
    },
    say: (message) => sayRaw(JSON.stringify(message)),
    sayRaw,
    drop: () => {
      face.readyState = 3;
      target.dispatchEvent(new Event('error'));
      target.dispatchEvent(new Event('close'));
    },
    socket: face as unknown as WebSocket,
  };
}
