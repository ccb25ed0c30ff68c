/** What a claim must be before it is looked at. Everything here is refused with a reason and changes nothing. */
import { unreachable } from '../base/assert.ts';
import type { MembershipConfig } from './config.ts';
import {
  CARD_BYTES_MAX,
  type Accusation,
  type Claim,
  type IdentityRecord,
  type LinksRecord,
  type Verdict,
} from './messages.ts';
import { compareLives, type Life } from './roster.ts';

/** Above this no incarnation is taken. */
export const INCARNATION_MAX: number = 2 ** 32 - 1;
/** Above this no life may be accused or ended, so that a refutation always has room. */
export const ACCUSED_INCARNATION_MAX: number = INCARNATION_MAX - 1;
export const EPOCH_MAX: number = 2 ** 48;
export const SEQ_MAX: number = 2 ** 48;
/** The greatest version that a frame's first byte can name; 0 is none. */
export const WIRE_VERSION_MAX: number = 255;
/** A slower tick than this is no tick. */
export const TICK_MS_MAX: number = 60_000;

/** The reason to refuse this claim, or `null`. */
export function claimFault(claim: Claim, config: MembershipConfig): string | null {
  switch (claim.kind) {
    case 'identity':
      return identityFault(claim);
    case 'objection':
      return lifeFault(claim);
    case 'links':
      return linksFault(claim, config);
    case 'accusation':
      return accusationFault(claim);
    case 'verdict':
      return verdictFault(claim, config);
    default:
      return unreachable(claim);
  }
}

export function isTick(tickMs: number): boolean {
  return isNatural(tickMs, TICK_MS_MAX);
}

function lifeFault(life: Life): string | null {
  const sound = isNatural(life.epoch, EPOCH_MAX) && isNatural(life.incarnation, INCARNATION_MAX);
  return sound ? null : 'malformed-claim';
}

function identityFault(record: IdentityRecord): string | null {
  const { wireVersion, card } = record;
  const isSound =
    wireVersion > 0 && isNatural(wireVersion, WIRE_VERSION_MAX) && card.length <= CARD_BYTES_MAX;
  return isSound ? lifeFault(record) : 'malformed-claim';
}

function linksFault(links: LinksRecord, config: MembershipConfig): string | null {
  const { epoch, seq, neighbors, stability, id } = links;
  if (!isNatural(epoch, EPOCH_MAX) || !isNatural(seq, SEQ_MAX)) return 'malformed-claim';
  if (!Number.isFinite(stability) || stability < 0) return 'malformed-claim';
  if (neighbors.length > config.neighborsMax) return 'too-many-links';
  const isSound = neighbors.every((peer, at) => peer !== id && neighbors.indexOf(peer) === at);
  return isSound ? null : 'malformed-claim';
}

function accusationFault(accusation: Accusation): string | null {
  if (accusation.observer === accusation.target) return 'malformed-claim';
  if (!Number.isFinite(accusation.silentMs) || accusation.silentMs < 0) return 'malformed-claim';
  return isNatural(accusation.incarnation, ACCUSED_INCARNATION_MAX)
    ? lifeFault(accusation)
    : 'malformed-claim';
}

/** A verdict stands on accusations of the very life that it ends, each by another observer. */
function verdictFault(verdict: Verdict, config: MembershipConfig): string | null {
  const { accusations, target } = verdict;
  if (accusations.length > config.accusationsMax) return 'malformed-claim';
  const fitting = accusations.every(
    (one) => one.target === target && compareLives(one, verdict) === 0 && accusationFault(one) === null,
  );
  const observers = new Set(accusations.map((one) => one.observer)).size;
  if (!fitting || observers < accusations.length || observers === 0) return 'hollow-verdict';
  return lifeFault(verdict);
}

function isNatural(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}
