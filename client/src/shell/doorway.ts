/**
 * Between the transport and the shell: a channel counts as open when its other end has proven itself. Until
 * then nothing but the handshake leaves by it, and nothing that comes by it is handed on.
 */
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import { importVerifier, type KeyPair, type Verify } from '../identity/ed25519.ts';
import {
  createHandshake,
  encodeProof,
  NONCE_BYTES,
  type Handshake,
  type HandshakeProblem,
  type Proof,
} from '../identity/handshake.ts';
import type { Channel, ChannelHandlers, Transport } from '../transport/transport.ts';
import { createVouching, isVouched, type Vouching } from './vouching.ts';

/** What a member of a room knows and others need not. */
export interface LinkSecrets {
  /** The room's name as the server knows it. */
  readonly topic: RoomId;
  /** An HMAC key for signing and verifying; rooms without a key have none. */
  readonly linkKey: CryptoKey | undefined;
}

export interface DoorwayDeps {
  readonly transport: Transport;
  /** Returns a way to give it up. */
  readonly later: (run: () => void, ms: number) => () => void;
  readonly keys: KeyPair;
  /** Asked when a channel opens: by then it is known. */
  readonly room: () => LinkSecrets;
  /**
   * A channel was given up before it was open, or what was described for an open one was not used. Not always its peer's
   * doing: whoever introduced it may sit between.
   */
  readonly onRefused: (peer: PeerId, problem: HandshakeProblem | DescriptionProblem) => void;
}

/**
 * - `forged-description`: it was not signed by the other end of this channel.
 * - `bad-description`: it was, and yet is of no use, or names another certificate.
 */
type DescriptionProblem = 'forged-description' | 'bad-description';

/** A channel whose `describe` takes what its other end has described at any time: that an open one needs a signature is seen to. */
export type ProvenChannel = Omit<Channel, 'redescribe'>;

export interface DoorwayHandlers extends ChannelHandlers {
  /** The other end of the open channel has signed something by another way: it lives, whatever became of the channel. */
  readonly onSigned: () => void;
}

/** A transport whose channels lead to a certain peer. */
export interface Doorway {
  readonly construct: (
    options: { readonly peer: PeerId; readonly initiator: boolean },
    handlers: DoorwayHandlers,
  ) => ProvenChannel;
}

/** For the whole handshake, from the open channel on; it takes one round trip. */
export const HANDSHAKE_MS: number = 5_000;
/** Signed descriptions that are verified at a time; beyond they are dropped, and told again if they were honest. */
const OPENING_MAX = 4;

export function createDoorway(deps: DoorwayDeps): Doorway {
  return {
    construct: ({ peer, initiator }, handlers) => openDoor(deps, peer, initiator, handlers),
  };
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is the life of one channel.
function openDoor(
  deps: DoorwayDeps,
  peer: PeerId,
  initiator: boolean,
  handlers: DoorwayHandlers,
): ProvenChannel {
  const handshake = createHandshake({
    peer,
    publicKey: deps.keys.publicKey,
    nonce: crypto.getRandomValues(new Uint8Array(NONCE_BYTES)),
  });
  let phase: 'opening' | 'shaking' | 'judging' | 'open' | 'closed' = 'opening';
  let cancelTimeout: (() => void) | undefined;
  let isSilent = true;
  /** Of our own proof. */
  let proving: Promise<Proven> | undefined;
  /** It closed while its proof was judged. What came before is handed on all the same. */
  let lost = false;
  /** Made when it is needed first, which most channels never do. */
  let vouching: Promise<Vouching> | undefined;
  let opening = 0;

  const channel = deps.transport.construct(
    { initiator },
    {
      onDescribed: (data) => {
        if (phase === 'opening') handlers.onDescribed(data);
        else void describeSigned(data);
      },
      onOpened: () => {
        phase = 'shaking';
        // Who says nothing at all has crashed, or was frozen, behind the channel that its browser opened: no fault of anybody's.
        cancelTimeout = deps.later(() => (isSilent ? giveUp() : refuse('handshake-timeout')), HANDSHAKE_MS);
        channel.send(handshake.hail);
      },
      onFrame: (bytes) => {
        isSilent = false;
        if (phase === 'open') handlers.onFrame(bytes);
        else take(bytes);
      },
      onCongestion: (congested) => {
        if (phase === 'open') handlers.onCongestion(congested);
      },
      // It may be known before the other end has proven itself, and is not told twice.
      onRelayed: handlers.onRelayed,
      onClosed: () => {
        if (phase === 'judging') lost = true;
        else end();
      },
    },
  );

  return {
    describe: (data) => {
      if (!isVouched(data)) return channel.describe(data);
      if (phase !== 'open') return false;
      void takeSigned(data);
      return true;
    },
    quietMs: channel.quietMs,
    restart: () => (phase === 'open' ? channel.restart() : Promise.resolve(false)),
    send: (bytes) => phase === 'open' && (lost || channel.send(bytes)),
    fingerprints: channel.fingerprints,
    report: channel.report,
    close: () => {
      phase = 'closed';
      cancelTimeout?.();
      return channel.close();
    },
  };

  function vouch(): Promise<Vouching> {
    return (vouching ??= proving!.then(({ verify }) =>
      createVouching({ handshake, sign: deps.keys.sign, verify }),
    ));
  }

  async function describeSigned(data: string): Promise<void> {
    const signed = await (await vouch()).sign(data);
    if (phase === 'open') handlers.onDescribed(signed);
  }

  async function takeSigned(data: string): Promise<void> {
    if (opening >= OPENING_MAX) return;
    opening += 1;
    const opened = await (await vouch()).open(data);
    opening -= 1;
    if (phase !== 'open' || (!opened.ok && opened.error === 'stale')) return;
    if (!opened.ok) return deps.onRefused(peer, 'forged-description');
    handlers.onSigned();
    if (!channel.redescribe(opened.value)) deps.onRefused(peer, 'bad-description');
  }

  function take(bytes: Uint8Array): void {
    if (phase === 'closed') return;
    const step = handshake.receive(bytes);
    switch (step.kind) {
      case 'prove':
        proving = prove(deps, { handshake, channel, theirKey: step.theirKey });
        // A proof of the other end is judged behind our own; where none comes, nobody else would hear of this.
        proving.catch(() => refuse('cannot-prove'));
        return;
      case 'judge':
        phase = 'judging';
        void judge(step.proof);
        return;
      case 'hold':
        return;
      case 'refuse':
        return refuse(step.problem);
    }
  }

  /** Ours has left before theirs is judged, so that of two ends with somebody between them both can tell. */
  async function judge(proof: Proof): Promise<void> {
    const problem = await problemOf(proof, proving!).catch(() => 'cannot-prove' as const);
    if (phase !== 'judging') return;
    if (problem) refuse(problem);
    else open();
  }

  function open(): void {
    phase = 'open';
    cancelTimeout?.();
    handlers.onOpened();
    for (const bytes of handshake.release()) if (phase === 'open') handlers.onFrame(bytes);
    if (lost) end();
  }

  function refuse(problem: HandshakeProblem): void {
    if (phase === 'closed' || phase === 'open') return;
    deps.onRefused(peer, problem);
    giveUp();
  }

  function giveUp(): void {
    void channel.close();
    end();
  }

  function end(): void {
    if (phase === 'closed') return;
    phase = 'closed';
    cancelTimeout?.();
    handlers.onClosed();
  }
}

/** What the other end's proof is held against, once our own has left. */
interface Proven {
  readonly statement: Uint8Array<ArrayBuffer>;
  readonly verify: Verify;
  readonly linkKey: CryptoKey | undefined;
}

/** Sends our proof. */
async function prove(
  { keys, room }: DoorwayDeps,
  {
    handshake,
    channel,
    theirKey,
  }: { readonly handshake: Handshake; readonly channel: Channel; readonly theirKey: Uint8Array },
): Promise<Proven> {
  const { topic, linkKey } = room();
  const verifier = importVerifier(theirKey);
  const fingerprints = await channel.fingerprints();
  if (!fingerprints) throw new Error('The certificates of this connection cannot be told.');
  const { own, theirs } = handshake.statements({ topic, fingerprints });
  const [signature, mac] = await Promise.all([
    keys.sign(own),
    linkKey && crypto.subtle.sign('HMAC', linkKey, own),
  ]);
  channel.send(encodeProof(signature, mac));
  return { statement: theirs, verify: await verifier, linkKey };
}

async function problemOf(
  { signature, mac }: Proof,
  proving: Promise<Proven>,
): Promise<HandshakeProblem | undefined> {
  const { statement, verify, linkKey } = await proving;
  if (!(await verify(signature, statement))) return 'not-proven';
  // Compared in constant time, by the browser.
  const isMember = linkKey
    ? mac !== undefined && (await crypto.subtle.verify('HMAC', linkKey, mac, statement))
    : mac === undefined;
  return isMember ? undefined : 'wrong-room-key';
}
