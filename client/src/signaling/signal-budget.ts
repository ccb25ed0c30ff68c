/**
 * What a tab allows itself to say to the server, a little less than the server takes: whoever makes it answer
 * much must not get it thrown off for saying too much. What is left free is for pongs, which cost the same,
 * and for messages that were said apart and arrive together.
 */
import type { Instant } from '#shared/base/time.ts';
import { createTokenBucket } from '#shared/base/token-bucket.ts';
import {
  BYTES_BURST,
  BYTES_PER_SECOND,
  MESSAGES_BURST,
  MESSAGES_PER_SECOND,
} from '#shared/signaling/messages.ts';

/** Guess: the burst forgives a network that holds all back for most of a second. */
const SHARE_USED = 5 / 6;

export interface SignalBudget {
  /** Whether one more message of `bytes` may be said now. */
  readonly admit: (bytes: number, at: Instant) => boolean;
}

/** For one connection: the server counts each by itself. */
export function createSignalBudget(at: Instant): SignalBudget {
  const messages = createTokenBucket(
    { burst: MESSAGES_BURST * SHARE_USED, perSecond: MESSAGES_PER_SECOND * SHARE_USED },
    at,
  );
  const bytes = createTokenBucket(
    { burst: BYTES_BURST * SHARE_USED, perSecond: BYTES_PER_SECOND * SHARE_USED },
    at,
  );
  return { admit: (size, now) => messages.take(1, now) && bytes.take(size, now) };
}
