/**
 * What a neighbor may send us, and what an origin may have us deliver and pass on. Who floods is thinned first: of
 * the volatile lane, where the newest is all that counts, only what leaves a reserve to everything else is taken.
 * Then frames are dropped, with no answer and no copy, so that nothing that is dropped here costs anyone else.
 *
 * A frame has been decoded by then, so what is dropped spoils nothing of its link; gaps are asked for like any other,
 * and records come with the next comparison.
 */
import { createBoundedMap } from '../base/collections.ts';
import { checkRange } from '../base/config-check.ts';
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import { filled, type TokenBucketConfig } from '../base/token-bucket.ts';
import type { RoutingMessage } from '../routing/messages.ts';
import type { LinkMessage, RoutedPayload } from './messages.ts';

/** `burst` and `perSecond` of each. */
export interface Quota {
  /** More: a flood costs more, and lasts longer before it is stemmed; less: full links and who pastes much lose. `burst` not below `perSecond`. */
  readonly bytes: TokenBucketConfig;
  /** More: a flood of small messages costs more; less: busy rooms, and a tab that hung, lose. Likewise. */
  readonly messages: TokenBucketConfig;
}

export interface QuotaConfig {
  /** What a neighbor may send us, and again what its news may make us send. More: one link can fill ours; less: as above. Not below `origin`. */
  readonly neighbor: Quota;
  /** What an origin may say to others through us: by broadcasts, and again by packets through each neighbor and each of its neighbors. More: one member can fill everyone's links; less: as above. From 50 a second. */
  readonly origin: Quota;
  /** Peers whose use is remembered. More: memory; less: who began to speak longest ago has a fresh quota. 64 to 65,536. */
  readonly peersMax: number;
}

export const defaultQuotaConfig: QuotaConfig = {
  neighbor: {
    // guess: thirty times the presence budget a second; at once what a channel holds before it is given up, which is
    // more than a whole room's state: a comparison hands that over in one go
    bytes: { perSecond: 2_000_000, burst: 67_108_864 },
    // guess: twice the 1,890 frames of 63 pointers at 30 Hz; at once what these send to a tab that hangs for 20 s
    messages: { perSecond: 4_000, burst: 40_000 },
  },
  origin: {
    // guess: four times the presence budget, which is for all movers together; at once what the broadcast cache holds
    bytes: { perSecond: 256_000, burst: 4_194_304 },
    // guess: thirty times a pointer; at once as many entries written in one go
    messages: { perSecond: 1_000, burst: 20_000 },
  },
  peersMax: 4_096, // twice the largest room of the design
};

export function checkQuotaConfig({ neighbor, origin, peersMax }: QuotaConfig): void {
  checkRange({ peersMax }, 'peersMax', { from: 64, to: 65_536 });
  for (const unit of ['bytes', 'messages'] as const) {
    const [ours, theirs] = [origin[unit], neighbor[unit]];
    checkRange(ours, 'perSecond', { from: 50, to: theirs.perSecond });
    checkRange(ours, 'burst', { from: ours.perSecond, to: theirs.burst });
    checkRange(theirs, 'burst', { from: theirs.perSecond, to: 2 ** 40 });
  }
}

/** A frame as it came. */
export interface Arrived {
  readonly from: PeerId;
  readonly message: LinkMessage;
  /** Encoded. */
  readonly bytes: number;
}

/** Who has used up a quota, and which. */
export interface Overspent {
  readonly peer: PeerId;
  readonly reason: 'neighbor-quota' | 'origin-quota';
}

export interface QuotaSnapshot {
  /** Frames and messages dropped since the start. */
  readonly dropped: number;
}

export interface Quotas {
  /** Charges a frame; what is answered is to be told, and the frame dropped. */
  readonly take: (arrived: Arrived, at: Instant) => Overspent | undefined;
  /** The same of a frame of which no more is known, for it was refused before it got here. */
  readonly takeBad: (from: PeerId, bytes: number, at: Instant) => Overspent | undefined;
  /** Charges the broadcast message in the frame taken last to its origin; whom to blame when it is to be dropped. */
  readonly overspender: (origin: PeerId) => PeerId | undefined;
  /** Whether the frame taken last may make us send so many copies of itself. */
  readonly maySpread: (copies: number) => boolean;
  readonly inspect: () => QuotaSnapshot;
}

/** Volatile messages leave this share of a quota to all others. */
const RESERVED_SHARE = 1 / 4;

export function createQuotas(
  deps: { readonly self: PeerId; readonly isMember: (peer: PeerId) => boolean },
  config: QuotaConfig,
): Quotas {
  checkQuotaConfig(config);
  const neighbor = createMeters(config.neighbor, config.peersMax);
  const spread = createMeters(config.neighbor, config.peersMax);
  const origins = createMeters(config.origin, config.peersMax);
  const carried = createMeters(config.origin, config.peersMax);
  let latest: Charge | undefined;
  let dropped = 0;

  const pay = (meters: Meters, whose: string, charge: Charge): boolean => {
    const isPaid = meters(whose, charge);
    if (!isPaid) dropped += 1;
    return isPaid;
  };

  /** Who is no member has no quota of its own, or whoever invents names would have as many as it likes. */
  const memberOr = (origin: PeerId, from: PeerId): PeerId => (deps.isMember(origin) ? origin : from);

  const overspender = (origin: PeerId): PeerId | undefined => {
    if (latest === undefined) return undefined;
    const payer = memberOr(origin, latest.from);
    return pay(origins, payer, latest) ? undefined : payer;
  };

  /**
   * Nobody signs a packet as its origin's, so each way by which it can come has a quota for each origin: the neighbor, and
   * who handed it to that neighbor, for which an honest one stands in. Packets that are made up use up what comes by the
   * same last two steps, and acknowledgements, which keep no trail, those by the same neighbor.
   */
  const packetOverspender = (message: RoutingMessage<RoutedPayload>, charge: Charge): PeerId | undefined => {
    const { from } = charge;
    const payer = memberOr(message.origin, from);
    const before = message.kind === 'packet' ? memberOr(message.trail.at(-2) ?? message.origin, from) : 'ack';
    return pay(carried, `${from}:${before}:${payer}`, charge) ? undefined : payer;
  };

  return {
    take: ({ from, message, bytes }, at) => {
      latest = { from, bytes, at, thin: message.kind === 'gossip' && message.lane === 'volatile' };
      if (!pay(neighbor, from, latest)) return { peer: from, reason: 'neighbor-quota' };
      // First copies of gossip are charged where they are known. What two tell each other over their own link costs nobody else.
      if (message.kind === 'gossip' || !('origin' in message)) return undefined;
      const peer =
        message.origin === from && message.to === deps.self ? undefined : packetOverspender(message, latest);
      return peer && { peer, reason: 'origin-quota' };
    },
    takeBad: (from, bytes, at) => {
      const isPaid = pay(neighbor, from, { from, bytes, at, thin: false });
      return isPaid ? undefined : { peer: from, reason: 'neighbor-quota' };
    },
    overspender,
    maySpread: (copies) => !latest || pay(spread, latest.from, { ...latest, bytes: latest.bytes * copies }),
    inspect: () => Object.freeze({ dropped }),
  };
}

/** What a frame costs; `thin` leaves the reserve alone. */
interface Charge {
  readonly from: PeerId;
  readonly bytes: number;
  readonly at: Instant;
  readonly thin: boolean;
}

/** Takes a charge from what a peer has left; false when that is not enough. What is refused for its bytes still counts as one. */
type Meters = (whose: string, charge: Charge) => boolean;

/** What a peer has left of both units. One record, for each frame of each neighbor looks at it. */
interface Meter {
  messages: number;
  bytes: number;
  filledAt: Instant;
}

/** One use per name. Who is pushed out begins anew: to gain by that one must push out thousands, within the neighbor's quota. */
function createMeters(quota: Quota, peersMax: number): Meters {
  const { bytes, messages } = quota;
  const meterByName = createBoundedMap<string, Meter>(peersMax);
  return (whose, { bytes: cost, at, thin }) => {
    let meter = meterByName.get(whose);
    if (!meter) {
      meter = { messages: messages.burst, bytes: bytes.burst, filledAt: at };
      meterByName.set(whose, meter);
    }
    refill(meter, quota, at);
    const share = thin ? RESERVED_SHARE : 0;
    if (1 + share * messages.burst > meter.messages) return false;
    meter.messages -= 1;
    if (cost + share * bytes.burst > meter.bytes) return false;
    meter.bytes -= cost;
    return true;
  };
}

function refill(meter: Meter, { messages, bytes }: Quota, at: Instant): void {
  const passedMs = elapsedMs(meter.filledAt, at);
  // An earlier instant than the last adds nothing and takes nothing.
  if (passedMs <= 0) return;
  meter.messages = filled(meter.messages, messages, passedMs);
  meter.bytes = filled(meter.bytes, bytes, passedMs);
  meter.filledAt = at;
}
