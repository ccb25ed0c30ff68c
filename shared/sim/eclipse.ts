/**
 * An eclipse: members of one ring surround a victim. All ask it for links all the time, introduce each other to it, hold
 * whatever link they get without a word of anybody else on it, carry none of its signals, and name none but each other
 * as their neighbors.
 */
import { compareIds, wordsToAttemptId, type AttemptId, type PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { elapsedMs, instant, type Instant, type Now } from '#shared/base/time.ts';
import type { Effect, Input, LinkMessage, RoutedPayload } from '#shared/mesh/messages.ts';
import { silent, type Corrupt } from './attackers.ts';

export interface Ring {
  /** Who are in it, so far. */
  readonly ids: readonly PeerId[];
  readonly join: Corrupt;
  /** From here on they attack this one. */
  readonly attack: (victim: PeerId) => void;
}

/** Pause between two requests of one attacker. */
const ASK_MS = 1_000;
/** Between two whom it introduces, once it has a link. */
const INTRODUCE_MS = 5_000;

export function createRing(seed: number): Ring {
  const ids: PeerId[] = [];
  let victim: PeerId | undefined;
  return {
    ids,
    attack: (id) => {
      victim = id;
    },
    join: (node, self) => {
      const mute = silent('mute')(node, self);
      const assault = createAssault(self, createRng([seed, ids.length]));
      ids.push(self);
      return {
        inspect: node.inspect,
        handle: (input, now) => {
          if (victim === undefined)
            return mute.handle(input, now).map((effect) => nameEachOther(effect, self, ids));
          const taken = assault.take(victim, input);
          const effects = taken ?? mute.handle(input, now).map((effect) => nameEachOther(effect, self, ids));
          const isLinked = node.inspect().overlay.activeView.includes(victim);
          return isLinked ? effects : [...effects, ...assault.press(victim, ids, now)];
        },
      };
    },
  };
}

/** Its own record is a lie: no honest member is in it. */
function nameEachOther(effect: Effect, self: PeerId, ids: readonly PeerId[]): Effect {
  if (effect.kind !== 'send' || effect.message.kind !== 'gossip') return effect;
  const { payload } = effect.message;
  if (payload.kind !== 'links' || payload.id !== self) return effect;
  const neighbors = ids.filter((id) => id !== self).slice(0, 6);
  return { ...effect, message: { ...effect.message, payload: { ...payload, neighbors } } };
}

interface Assault {
  /** What is between it and the victim outside its honest half; `undefined`: none of that. */
  readonly take: (victim: PeerId, input: Input) => readonly Effect[] | undefined;
  /** Asks again, when it is time. */
  readonly press: (victim: PeerId, ring: readonly PeerId[], now: Now) => readonly Effect[];
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one attempt at the victim.
function createAssault(self: PeerId, rng: ReturnType<typeof createRng>): Assault {
  let attempt: AttemptId | undefined;
  let phase: 'asked' | 'connecting' | 'up' = 'asked';
  let pressedAt: Instant = instant(-Infinity);
  let packets = 1_000_000;

  const byServer = (to: PeerId, payload: RoutedPayload): Effect => ({
    kind: 'serverSend',
    to,
    message: {
      kind: 'packet',
      origin: self,
      to,
      id: ++packets,
      ttl: 10,
      delivery: 'once',
      flooded: false,
      serverMay: true,
      route: [],
      trail: [],
      payload,
    },
  });
  const onSignal = (victim: PeerId, payload: RoutedPayload): readonly Effect[] | undefined => {
    if (attempt === undefined || !('attempt' in payload) || payload.attempt !== attempt) return undefined;
    if (payload.kind === 'accept') {
      phase = 'connecting';
      return [{ kind: 'construct', peer: victim, attempt, initiator: compareIds(self, victim) < 0 }];
    }
    if (payload.kind !== 'description') return [];
    const { wireVersion, data } = payload;
    return [{ kind: 'describe', peer: victim, attempt, wireVersion, data }];
  };
  return {
    take: (victim, input) => {
      if (input.kind === 'frame' && input.from === victim && phase === 'up')
        return answerHeartbeat(victim, input.message);
      const isPacket = input.kind === 'serverSignal' || input.kind === 'frame';
      if (isPacket && input.message.kind === 'packet' && input.message.origin === victim)
        return onSignal(victim, input.message.payload);
      if (!('attempt' in input) || input.attempt !== attempt) return undefined;
      if (input.kind === 'described') {
        const { wireVersion, data } = input;
        return [byServer(victim, { kind: 'description', attempt: input.attempt, wireVersion, data })];
      }
      phase = input.kind === 'channelOpened' ? 'up' : 'asked';
      return [];
    },
    press: (victim, ring, now) => {
      const isUp = phase === 'up';
      if (elapsedMs(pressedAt, now.instant) < (isUp ? INTRODUCE_MS : ASK_MS)) return [];
      pressedAt = now.instant;
      const another = wordsToAttemptId(rng.word(), rng.word());
      if (isUp) return introduce(victim, rng.pick(ring.filter((id) => id !== self)) ?? self, another);
      attempt = another;
      phase = 'asked';
      return [byServer(victim, { kind: 'request', attempt, priority: 'high', forward: false })];
    },
  };

  function introduce(to: PeerId, newcomer: PeerId, walk: AttemptId): readonly Effect[] {
    const message = {
      kind: 'forwardJoin',
      newcomer,
      attempt: walk,
      priority: 'high',
      ttl: 0,
      trail: [self],
    } as const;
    return [{ kind: 'send', to, message }];
  }
}

/** In sync with whatever the victim holds, and silent otherwise. */
function answerHeartbeat(victim: PeerId, message: LinkMessage): readonly Effect[] {
  if (message.kind !== 'heartbeat') return [];
  const { probe, wall, roots } = message;
  return [{ kind: 'send', to: victim, message: { kind: 'heartbeatAck', probe, echo: wall, wall, roots } }];
}
