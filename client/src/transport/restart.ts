/**
 * Another way for an open connection: ICE restarted in place, which keeps the connection, its encryption and its
 * channel. Only the initiator offers; the other end asks it to, so that no two offers ever cross, which a browser could
 * not undo. An offer and its answer each travel whole, with every address in it: whatever is lost is simply told again.
 */
import type { Redescription, SessionDescription } from './descriptions.ts';
import { fingerprintsOf, sdpToFingerprint } from './fingerprints.ts';

/** What is not gathered by then is left out. Guess: a TURN server that answers at all does so sooner. */
const GATHER_MS_MAX = 1_000;
/**
 * Both ends notice silence at about the same time: who asks so soon after a restart wanted that one. And no neighbor
 * can keep us gathering addresses, for each of which servers are asked.
 */
const SETTLES_MS = 1_000;

export interface Restarts {
  readonly begin: () => void;
  /** False: it was not fit to be used, and was not. */
  readonly take: (descriptions: readonly Redescription[]) => boolean;
  /** What simple-peer would tell the other end of an open connection. */
  readonly onSignal: (data: unknown) => void;
}

export interface RestartDeps {
  readonly initiator: boolean;
  /** `null` once it is gone. */
  readonly connection: () => RTCPeerConnection | null;
  /** Has an offer made that restarts ICE; `onSignal` hears of it. */
  readonly offer: () => void;
  /** Hands over what the other end described; `onSignal` hears of an answer. */
  readonly use: (description: SessionDescription) => void;
  /** As of now: credentials of TURN servers expire. */
  readonly config: () => RTCConfiguration;
  /** Carries descriptions to the other end. */
  readonly tell: (description: Redescription) => void;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is the negotiation of one connection.
export function createRestarts({ initiator, connection, offer, use, config, tell }: RestartDeps): Restarts {
  /** Our offer is out, or about to be; the same one is told again until its answer is here. */
  let isOffered = false;
  /** An offer is being answered; others wait to be told again. */
  let isAnswering = false;
  /** When we last offered, took an answer or answered another offer. */
  let actedAt = -Infinity;
  /** Names the offer that was answered last. */
  let answered: string | undefined;

  return { begin, take, onSignal };

  function begin(): void {
    if (!connection()) return;
    if (!initiator) return tell({ type: 'renegotiate' });
    if (isOffered) return tellLocal();
    isOffered = true;
    actedAt = performance.now();
    renewServers();
    offer();
  }

  function take(descriptions: readonly Redescription[]): boolean {
    const [description, ...others] = descriptions;
    if (!description || others.length > 0) return false;
    switch (description.type) {
      case 'renegotiate':
        if (initiator && isSettled()) begin();
        return initiator;
      case 'offer':
        return !initiator && isProven(description.sdp) && answer(description);
      case 'answer':
        if (!initiator || !isProven(description.sdp)) return false;
        // A second answer to one offer is no mistake, the offer was told twice; used for the next one it would lead nowhere.
        if (!isOffered || description.offer !== nameOfOurs()) return true;
        isOffered = false;
        actedAt = performance.now();
        use({ type: 'answer', sdp: description.sdp });
        return true;
    }
  }

  /** An offer that comes again is answered again: its answer was lost. */
  function answer(description: SessionDescription): boolean {
    const name = nameOf(description);
    if (name === undefined) return false;
    const isAgain = name === answered;
    if (isAnswering || (!isAgain && !isSettled())) return true;
    isAnswering = true;
    answered = name;
    if (!isAgain) {
      actedAt = performance.now();
      renewServers();
    }
    use(description);
    return true;
  }

  function isSettled(): boolean {
    return performance.now() - actedAt >= SETTLES_MS;
  }

  /** The certificate is that of the end that has proven itself, or the channel would no longer lead to it. */
  function isProven(sdp: string): boolean {
    const made = connection();
    const proven = made ? fingerprintsOf(made)?.other : undefined;
    const named = sdpToFingerprint(sdp);
    return proven !== undefined && named?.every((byte, at) => byte === proven[at]) === true;
  }

  /** Addresses that are gathered one by one travel in the description. */
  function onSignal(data: unknown): void {
    const { type }: { readonly type?: unknown } = Object(data);
    const made = connection();
    if ((type !== 'offer' && type !== 'answer') || !made) return;
    const told = new AbortController();
    const tellOnce = (): void => {
      if (told.signal.aborted) return;
      told.abort();
      clearTimeout(timer);
      isAnswering = false;
      tellLocal();
    };
    // Until the first address is there, the state may still be that of the gathering before.
    const look = (): void => {
      const isBegun = made.localDescription?.sdp.includes('\na=candidate:') === true;
      if (isBegun && made.iceGatheringState === 'complete') tellOnce();
    };
    const timer = setTimeout(tellOnce, GATHER_MS_MAX);
    made.addEventListener('icegatheringstatechange', look, { signal: told.signal });
    look();
  }

  function tellLocal(): void {
    const made = connection();
    const sdp = made?.localDescription?.sdp;
    if (!made || sdp === undefined) return;
    const offered = nameOf(made.remoteDescription);
    if (!initiator && offered !== undefined) tell({ type: 'answer', sdp, offer: offered });
    else if (initiator && nameOfOurs() !== undefined) tell({ type: 'offer', sdp });
  }

  /** Names the offer that waits for an answer: until a new one is made the local description is that of before. */
  function nameOfOurs(): string | undefined {
    const made = connection();
    return made?.signalingState === 'have-local-offer' ? nameOf(made.localDescription) : undefined;
  }

  function renewServers(): void {
    try {
      connection()?.setConfiguration(config());
    } catch {
      // What cannot be changed any more stays as it was made.
    }
  }
}

/** All its ICE credentials: a change of any begins a restart (RFC 8839, 4.4.1.1.1), and nothing else does. */
function nameOf(description: { readonly sdp: string } | null | undefined): string | undefined {
  const lines = description?.sdp.match(/^a=ice-(?:ufrag|pwd):\S{1,256}(?=\s*$)/gmu) ?? [];
  return lines.length === 0 ? undefined : [...new Set(lines)].toSorted().join(' ');
}
