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
import { instant, type Instant } from '../base/time.ts';
import { createTokenBucket } from '../base/token-bucket.ts';
import type { LinkMessage } from './messages.ts';

export interface QuotaConfig {
  /** Bytes a second from one neighbor; the same again for what its news may make us send. More: a flood costs more; less: full links lose. From 64 kB. */
  readonly neighborBytesPerS: number;
  /** Bytes at once from one neighbor. More: a longer flood before it is stemmed; less: a tab that hung loses what waited. At least `neighborBytesPerS`. */
  readonly neighborBytesBurst: number;
  /** Frames a second from one neighbor. More: a flood of small frames costs more; less: busy rooms lose. From 100. */
  readonly neighborFramesPerS: number;
  /** Frames at once from one neighbor. As its bytes. At least `neighborFramesPerS`. */
  readonly neighborFramesBurst: number;
  /** Bytes a second that one origin may say to others through us. More: one member can fill everyone's links; less: fast speakers are cut. From 16 kB. */
  readonly originBytesPerS: number;
  /** The same at once. More: a longer flood; less: who pastes much is cut. At least `originBytesPerS`, at most `neighborBytesBurst`. */
  readonly originBytesBurst: number;
  /** Its messages a second. More: a flood of small ones costs more; less: fast speakers are cut. From 50. */
  readonly originFramesPerS: number;
  /** The same at once. At least `originFramesPerS`, at most `neighborFramesBurst`. */
  readonly originFramesBurst: number;
  /** Members and neighbors whose use is remembered. More: memory; beyond, who began to speak longest ago has a fresh quota. 64 to 65,536. */
  readonly peersMax: number;
}

export const defaultQuotaConfig: QuotaConfig = {
  neighborBytesPerS: 2_000_000, // guess: thirty times the presence budget, and what a channel carries between two tabs
  neighborBytesBurst: 8_000_000, // guess: 2,000 members with all their records, or twice the broadcast cache
  neighborFramesPerS: 4_000, // guess: twice the 1,890 frames of 63 pointers at 30 Hz
  neighborFramesBurst: 40_000, // guess: what 63 pointers send to a tab that hangs for 20 s
  originBytesPerS: 256_000, // guess: four times the presence budget, which is for all movers together
  originBytesBurst: 4_194_304, // as the broadcast cache, which holds no more of anyone
  originFramesPerS: 1_000, // guess: thirty times a pointer
  originFramesBurst: 20_000, // guess: as many entries written in one go
  peersMax: 4_096, // twice the largest room of the design
};

export function checkQuotaConfig(config: QuotaConfig): void {
  checkRange(config, 'neighborBytesPerS', { from: 64_000, to: 2 ** 40 });
  checkRange(config, 'neighborBytesBurst', { from: config.neighborBytesPerS, to: 2 ** 40 });
  checkRange(config, 'neighborFramesPerS', { from: 100, to: 2 ** 40 });
  checkRange(config, 'neighborFramesBurst', { from: config.neighborFramesPerS, to: 2 ** 40 });
  checkRange(config, 'originBytesPerS', { from: 16_000, to: 2 ** 40 });
  checkRange(config, 'originBytesBurst', { from: config.originBytesPerS, to: config.neighborBytesBurst });
  checkRange(config, 'originFramesPerS', { from: 50, to: 2 ** 40 });
  checkRange(config, 'originFramesBurst', { from: config.originFramesPerS, to: config.neighborFramesBurst });
  checkRange(config, 'peersMax', { from: 64, to: 65_536 });
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
  const { peersMax } = config;
  const neighbor = createMeters(peersMax, {
    bytes: { burst: config.neighborBytesBurst, perSecond: config.neighborBytesPerS },
    frames: { burst: config.neighborFramesBurst, perSecond: config.neighborFramesPerS },
  });
  const spread = createMeters(peersMax, {
    bytes: { burst: config.neighborBytesBurst, perSecond: config.neighborBytesPerS },
    frames: { burst: config.neighborFramesBurst, perSecond: config.neighborFramesPerS },
  });
  const origins = createMeters(peersMax, {
    bytes: { burst: config.originBytesBurst, perSecond: config.originBytesPerS },
    frames: { burst: config.originFramesBurst, perSecond: config.originFramesPerS },
  });
  let latest: { readonly from: PeerId; readonly bytes: number; readonly thin: boolean } | undefined;
  let latestAt = instant(0);
  let dropped = 0;

  const count = <T>(overspent: T): T => {
    dropped += 1;
    return overspent;
  };

  /** Who is no member has no quota of its own, or whoever invents names would have as many as it likes. */
  const overspender = (origin: PeerId): PeerId | undefined => {
    if (latest === undefined) return undefined;
    const payer = deps.isMember(origin) ? origin : latest.from;
    return origins.take(payer, latest, latestAt) ? undefined : count(payer);
  };

  return {
    take: (arrived, at) => {
      const { from, message, bytes } = arrived;
      latest = { from, bytes, thin: message.kind === 'gossip' && message.lane === 'volatile' };
      latestAt = at;
      if (!neighbor.take(from, latest, at)) return count({ peer: from, reason: 'neighbor-quota' });
      if (!isCarried(message, from, deps.self)) return undefined;
      const peer = overspender(message.origin);
      return peer === undefined ? undefined : { peer, reason: 'origin-quota' };
    },
    overspender,
    maySpread: (copies) =>
      latest === undefined ||
      spread.take(latest.from, { bytes: latest.bytes * copies, thin: false }, latestAt) ||
      count(false),
    inspect: () => Object.freeze({ dropped }),
  };
}

/** Routed by others, or to others: what two neighbors tell each other over their own link costs nobody else. */
function isCarried(
  message: LinkMessage,
  from: PeerId,
  self: PeerId,
): message is Extract<LinkMessage, { kind: 'packet' | 'packetAck' }> {
  const isRouted = message.kind === 'packet' || message.kind === 'packetAck';
  return isRouted && !(message.origin === from && message.to === self);
}

interface Meters {
  readonly take: (
    peer: PeerId,
    cost: { readonly bytes: number; readonly thin: boolean },
    at: Instant,
  ) => boolean;
}

type Rate = Parameters<typeof createTokenBucket>[0];

/** One use per peer. A peer holds one entry, so that none can push another out. */
function createMeters(
  peersMax: number,
  { bytes, frames }: { readonly bytes: Rate; readonly frames: Rate },
): Meters {
  const meterByPeer = createBoundedMap<
    PeerId,
    Record<'bytes' | 'frames', ReturnType<typeof createTokenBucket>>
  >(peersMax);
  return {
    take: (peer, cost, at) => {
      let meter = meterByPeer.get(peer);
      if (meter === undefined) {
        meter = { bytes: createTokenBucket(bytes, at), frames: createTokenBucket(frames, at) };
        meterByPeer.set(peer, meter);
      }
      const share = cost.thin ? RESERVED_SHARE : 0;
      return (
        meter.frames.take(1, at, share * frames.burst) &&
        meter.bytes.take(cost.bytes, at, share * bytes.burst)
      );
    },
  };
}
