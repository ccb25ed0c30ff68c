/** A signaling client whose sockets and clock a test works by hand. */
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import type { Namesake, ServerMessage, SignalingErrorCode } from '#shared/signaling/messages.ts';
import { createSignalingClient, type SignalingClient } from '#client/signaling/signaling-client.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';
import { createFakeSocket, type FakeSocket } from './fake-socket.ts';

export const self = '0a'.repeat(16) as PeerId;
export const a = '0b'.repeat(16) as PeerId;
export const b = '0c'.repeat(16) as PeerId;
export const url = 'wss://server.test/';
export const welcome: ServerMessage = { kind: 'welcome', contacts: [a, b], starting: false };
export const refusal = (code: SignalingErrorCode): ServerMessage => ({ kind: 'error', code, message: 'no' });

export interface Setup {
  readonly client: SignalingClient;
  readonly clock: TestClock;
  readonly sockets: FakeSocket[];
  /** Everything the client told, in order. */
  readonly told: unknown[];
  /** When it told that a dial or a connection was lost. */
  readonly lost: number[];
  /** Reasons for which something was dropped. */
  readonly refused: string[];
  /** What its errors say to people. */
  readonly sentences: string[];
  readonly last: () => FakeSocket;
  /** Opens the last socket and lets it in. */
  readonly letIn: () => void;
}

export function setUp({
  fraction = 1,
  room = 'room',
  forbidden = false,
  namesake,
}: {
  fraction?: number;
  room?: string;
  forbidden?: boolean;
  namesake?: () => Promise<Namesake>;
} = {}): Setup {
  const clock = createTestClock();
  const sockets: FakeSocket[] = [];
  const told: unknown[] = [];
  const lost: number[] = [];
  const refused: string[] = [];
  const sentences: string[] = [];
  const client = createSignalingClient(
    { url, room: room as RoomId, id: self, namesake },
    {
      onStatus: (status) => told.push(status),
      onAttached: (contacts) => told.push({ attached: contacts }),
      onContacts: (contacts) => told.push({ contacts }),
      onListed: (ids) => told.push({ listed: ids }),
      onSignal: (from, data) => told.push({ from, data }),
      onUnreachable: (to) => told.push(['unreachable', to]),
      onWrongKey: (sign) => told.push({ wrongKey: sign }),
      onDetached: () => told.push('detached'),
      onDialLost: () => lost.push(clock.now().instant),
      onRefused: (reason) => refused.push(reason),
      onError: ({ code, message }) => {
        told.push({ error: code });
        sentences.push(message);
      },
    },
    {
      createSocket: (address) => {
        if (forbidden) throw new Error('SecurityError');
        const fake = createFakeSocket(address);
        sockets.push(fake);
        return fake.socket;
      },
      instant: () => clock.now().instant,
      fraction: () => fraction,
      later: (run, ms) => void clock.later(run, ms),
    },
  );
  const last = (): FakeSocket => sockets.at(-1)!;
  const letIn = (): void => {
    last().open();
    last().say(welcome);
  };
  return { client, clock, sockets, told, lost, refused, sentences, last, letIn };
}

export const taken = (told: unknown[]): unknown[] => told.splice(0);
export const errorsIn = (told: readonly unknown[]): unknown[] =>
  told.flatMap((one) => (typeof one === 'object' && one !== null && 'error' in one ? [one.error] : []));
