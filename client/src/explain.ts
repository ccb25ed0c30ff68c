/** Why there is no link to a member: what the overlay remembers of the pair, and the transport of its last channel. */
import type { WhyNoLink } from '#shared/overlay/messages.ts';
import type { ChannelReport } from './transport/transport.ts';
import type { LinkExplanation } from './link-types.ts';

const NOTHING: readonly [] = Object.freeze([]);

/** The same whoever is meant. */
export const explainNobody = (reason: 'self' | 'unknown'): LinkExplanation =>
  Object.freeze({ reason, restMs: 0, last: undefined });

/** `report` is of the last channel to that member that ended. */
export function explainLink(
  why: Omit<WhyNoLink, 'isKnown'>,
  report: ChannelReport | undefined,
): LinkExplanation {
  const { ending, restMs } = why;
  const last = ending && Object.freeze({ agoMs: ending.agoMs, ...explainEnding(ending.reason, report) });
  const reason = why.reason === 'failed' ? (last?.reason ?? 'timed-out') : why.reason;
  return Object.freeze({ reason, restMs, last });
}

/** Only an attempt that was built has a channel to tell of. */
function explainEnding(
  reason: NonNullable<WhyNoLink['ending']>['reason'],
  report: ChannelReport | undefined,
): Pick<NonNullable<LinkExplanation['last']>, 'reason' | 'iceErrors'> {
  if (reason === 'not-opened' || reason === 'channel-failed')
    return { reason: report?.fault ?? 'timed-out', iceErrors: report?.iceErrors ?? NOTHING };
  return { reason: reason === 'no-answer' ? 'timed-out' : reason, iceErrors: NOTHING };
}
