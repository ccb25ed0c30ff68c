/** A shell over channels, timers and a server that a test works by hand. */
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import type { Now } from '#shared/base/time.ts';
import type {
  Effect,
  Input,
  LinkMessage,
  MeshEvent,
  NodeTimer,
  RoutedPayload,
} from '#shared/mesh/messages.ts';
import type { MeshNode } from '#shared/mesh/node.ts';
import type { RoutingMessage } from '#shared/routing/messages.ts';
import { WIRE_VERSIONS, type WireVersions } from '#shared/wire/versions.ts';
import { createDoors } from '#client/shell/doors.ts';
import { createShell, type Shell } from '#client/shell/shell.ts';
import type { ChannelHandlers } from '#client/transport/transport.ts';
import { createProver, type Prover } from '../prover.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';

export const a = '0a'.repeat(16) as PeerId;
export const b = '0b'.repeat(16) as PeerId;
export const one = '11'.repeat(8) as AttemptId;
export const two = '22'.repeat(8) as AttemptId;

export const start: Input = { kind: 'start' };
export const prune: LinkMessage = { kind: 'prune', tree: null };
export const disconnect: LinkMessage = { kind: 'disconnect', reason: 'leaving' };
export const timer = (token: number): NodeTimer => ({ layer: 'overlay', timer: { kind: 'maintain', token } });
export const tell = (peer: PeerId): Effect => ({ kind: 'tell', event: { kind: 'linkOpened', peer } });
export const send = (to: PeerId, message: LinkMessage): Effect => ({ kind: 'send', to, message });
export const construct = (peer: PeerId, attempt: AttemptId, initiator: boolean = true): Effect => ({
  kind: 'construct',
  peer,
  attempt,
  initiator,
});
export const packet: RoutingMessage<RoutedPayload> = {
  kind: 'packetAck',
  origin: a,
  to: b,
  id: 7,
  ttl: 3,
  serverMay: true,
  route: [],
  receipt: null,
};

/** A channel whose other end is the test. */
export interface FakeChannel {
  readonly initiator: boolean;
  readonly handlers: ChannelHandlers;
  readonly sent: Uint8Array[];
  readonly described: string[];
  closed: number;
  /** Resolves when its last frames have left. */
  left: Promise<void>;
  /** What `send` and `describe` answer. */
  takes: boolean;
  /** What it says of its last packet. */
  quietMs: number;
}

export interface Setup {
  readonly shell: Shell;
  readonly clock: TestClock;
  /** Inputs of the node, in order. */
  readonly inputs: Input[];
  readonly times: Now[];
  /** Delays of the timers that were given up. */
  readonly givenUp: number[];
  readonly channels: FakeChannel[];
  /** Everything that was done, in order. */
  readonly log: unknown[];
  /** What the node answers to its next input, once. */
  readonly answer: (...effects: Effect[]) => void;
  /** What happens when events are told. */
  onTold: (events: readonly MeshEvent[]) => void;
}

// One world for every test: a node that says what it is told to say, and everything it can reach.
export function setUp(versions: WireVersions = WIRE_VERSIONS, { id, keys }: Prover = createProver()): Setup {
  const clock = createTestClock();
  const inputs: Input[] = [];
  const times: Now[] = [];
  const givenUp: number[] = [];
  const channels: FakeChannel[] = [];
  const log: unknown[] = [];
  const answers: (readonly Effect[])[] = [];
  const node: MeshNode = {
    handle: (input, now) => {
      inputs.push(input);
      times.push(now);
      log.push(`in ${input.kind}`);
      return answers.shift() ?? [];
    },
    inspect: () => {
      throw new Error('the shell looks into no node');
    },
    identityOf: () => undefined,
  };
  const setup: Setup = {
    clock,
    inputs,
    times,
    givenUp,
    channels,
    log,
    answer: (...effects) => answers.push(effects),
    onTold: () => {},
    shell: createShell({
      node,
      versions,
      onRefused: (reason) => log.push(`refused ${reason}`),
      doors: createDoors({
        self: id,
        keys,
        topic: () => 'test',
        now: () => clock.now().instant,
        sealer: () => undefined,
        identityOf: () => undefined,
      }),
      clock: {
        now: clock.now,
        later: (run, ms) => {
          const cancel = clock.later(run, ms);
          return () => {
            givenUp.push(ms);
            cancel();
          };
        },
      },
      doorway: {
        construct: ({ initiator }, handlers) => {
          const fake: FakeChannel = {
            initiator,
            handlers,
            sent: [],
            described: [],
            closed: 0,
            left: Promise.resolve(),
            takes: true,
            quietMs: Infinity,
          };
          const name = channels.push(fake);
          log.push(`construct ${name}`);
          return {
            describe: (data) => {
              log.push(`describe ${name}`);
              fake.described.push(data);
              return fake.takes;
            },
            quietMs: () => Promise.resolve(fake.quietMs),
            restart: () => {
              log.push(`restart ${name}`);
              return Promise.resolve(true);
            },
            send: (bytes) => {
              log.push(`send ${name}`);
              if (fake.takes) fake.sent.push(bytes.slice());
              return fake.takes;
            },
            // oxlint-disable-next-line typescript/require-await -- The shell asks for none.
            fingerprints: async () => undefined,
            report: () => ({ fault: 'ice-failed', iceErrors: [{ code: 701, url: `stun:${name}.test` }] }),
            close: () => {
              log.push(`close ${name}`);
              fake.closed += 1;
              return fake.left;
            },
          };
        },
      },
      serverSend: (to, data) => {
        log.push({ serverSend: to, data });
        return true;
      },
      wantServer: (wanted) => log.push(wanted ? 'attach' : 'detach'),
      askContacts: () => log.push('ask contacts'),
      onRelayed: () => log.push('relayed'),
      onEvents: (events) => {
        log.push({ told: events.map((event) => ('peer' in event ? event.peer : event.kind)) });
        setup.onTold(events);
      },
    }),
  };
  return setup;
}

/** An open channel to `peer`, and a clean log. */
export function open(setup: Setup, peer: PeerId, attempt: AttemptId): FakeChannel {
  setup.answer(construct(peer, attempt));
  setup.shell.handle(start);
  const channel = setup.channels.at(-1)!;
  channel.handlers.onOpened();
  setup.log.length = 0;
  setup.inputs.length = 0;
  return channel;
}
