/** Shorthand for tests of the overlay: ids by letter, a layer that is fed and answers, its usual inputs. */
import { createRng } from '#shared/base/rng.ts';
import { bytesToPeerId, wordsToAttemptId, type AttemptId, type PeerId } from '#shared/base/ids.ts';
import { now } from '#shared/base/time.ts';
import { defaultOverlayConfig, type OverlayConfig } from '#shared/overlay/config.ts';
import type {
  OverlayEffect,
  OverlayInput,
  OverlayMessage,
  OverlaySignal,
  OverlayTimer,
  Priority,
} from '#shared/overlay/messages.ts';
import { createOverlay, type Overlay } from '#shared/overlay/overlay.ts';

/** Id number `index`; a lower index is a lower id. */
export function peer(index: number): PeerId {
  const bytes = new Uint8Array(16);
  bytes[14] = index >> 8;
  bytes[15] = index & 255;
  return bytesToPeerId(bytes);
}

export const attempt = (index: number): AttemptId => wordsToAttemptId(0, index);

/** One layer under test; `m` sits in the middle of the alphabet, so that there are lower and higher ids. */
export interface Bench {
  readonly overlay: Overlay;
  /** Every effect of one input. */
  readonly feed: (input: OverlayInput, atMs?: number) => readonly OverlayEffect[];
  /** The same without the tick of upkeep, which may come with any input. */
  readonly effects: (input: OverlayInput, atMs?: number) => readonly OverlayEffect[];
  /** The maintain timer under way comes due. */
  readonly tick: (atMs?: number) => readonly OverlayEffect[];
  /** A channel to each of these, opened on their request, which each sent by a way of its own. */
  readonly linkTo: (...peers: readonly PeerId[]) => void;
}

/** Whoever asks may have every slot, so that `linkTo` can fill them, and nobody doubts: `choices.test.ts` is about that. */
const TRUSTING = {
  ownChoicesMin: 0,
  othersChoicesMax: defaultOverlayConfig.degreeMax,
  doubtMs: 3_600_000,
  newcomerMs: 0,
};

export function createBench(self: PeerId, config: Partial<OverlayConfig> = {}, seed: number = 1): Bench {
  const overlay = createOverlay(
    { self, rng: createRng([seed]) },
    { ...defaultOverlayConfig, ...TRUSTING, ...config },
  );
  let tick: OverlayTimer = { kind: 'maintain', token: 0 };
  const feed = (input: OverlayInput, atMs: number = 0): readonly OverlayEffect[] => {
    const effects = overlay.handle(input, now(atMs));
    if (effects.some(isTick)) tick = tickIn(effects).timer;
    return effects;
  };
  return {
    overlay,
    feed,
    tick: (atMs) => feed(timer(tick), atMs),
    effects: (input, atMs) => feed(input, atMs).filter((effect) => !isTick(effect)),
    linkTo: (...peers) => {
      for (const other of peers) {
        const id = linkAttempt(other);
        feed(signal(other, request(id, 'high'), [peer(Number.parseInt(other.slice(-4), 16) + 1_000)]));
        feed({ kind: 'channelOpened', peer: other, attempt: id });
      }
    },
  };
}

/** The attempt by which `linkTo` linked to a peer. */
export function linkAttempt(other: PeerId): AttemptId {
  return wordsToAttemptId(7, Number.parseInt(other.slice(-4), 16));
}

export function isTick(effect: OverlayEffect): boolean {
  return effect.kind === 'schedule' && effect.timer.kind === 'maintain';
}

export const request = (id: AttemptId, priority: Priority, forward: boolean = false): OverlaySignal => ({
  kind: 'request',
  attempt: id,
  priority,
  forward,
});

/** What one is told whose `accept` nobody waits for. */
export const takenBack = (to: PeerId, id: AttemptId): OverlayEffect => ({
  kind: 'signal',
  to,
  route: [],
  signal: { kind: 'refuse', attempt: id, reason: 'busy' },
});

export const signal = (
  from: PeerId,
  carried: OverlaySignal,
  trail: readonly PeerId[] = [],
): OverlayInput => ({ kind: 'signal', from, trail, signal: carried });

export const message = (from: PeerId, carried: OverlayMessage): OverlayInput => ({
  kind: 'message',
  from,
  message: carried,
});

export const timer = (due: OverlayTimer): OverlayInput => ({ kind: 'timer', timer: due });

export const contacts = (...peers: readonly PeerId[]): OverlayInput => ({ kind: 'contacts', peers });

/** The request among these effects: whom it goes to and its attempt. */
export function requestIn(effects: readonly OverlayEffect[]): {
  readonly to: PeerId;
  readonly attempt: AttemptId;
  readonly priority: Priority;
  readonly forward: boolean;
  readonly route: readonly PeerId[] | null;
} {
  for (const effect of effects) {
    if (effect.kind === 'signal' && effect.signal.kind === 'request') {
      const { attempt: id, priority, forward } = effect.signal;
      return { to: effect.to, attempt: id, priority, forward, route: effect.route };
    }
  }
  throw new Error(`no request in ${JSON.stringify(effects)}`);
}

/** How many requests are among these effects. */
export function requestsIn(effects: readonly OverlayEffect[]): number {
  return effects.filter((effect) => effect.kind === 'signal' && effect.signal.kind === 'request').length;
}

/** The maintain timer among these effects. */
export function tickIn(effects: readonly OverlayEffect[]): {
  readonly timer: OverlayTimer;
  readonly afterMs: number;
} {
  for (const effect of effects) {
    if (effect.kind === 'schedule' && effect.timer.kind === 'maintain') return effect;
  }
  throw new Error(`no tick in ${JSON.stringify(effects)}`);
}
