/** How much one connection may ask of the server. Pure: the time is an argument. */
import type { Instant } from '#shared/base/time.ts';
import { createTokenBucket } from '#shared/base/token-bucket.ts';
import type { LimitsConfig } from './config.ts';

export interface ConnectionLimits {
  /** Whether a frame of `bytes` fits the budgets; one that does not still costs its message token. */
  readonly admit: (bytes: number, at: Instant) => boolean;
  /** Whether one more error is tolerated. */
  readonly tolerate: (at: Instant) => boolean;
}

export function createConnectionLimits(config: LimitsConfig, at: Instant): ConnectionLimits {
  const messages = createTokenBucket(
    { burst: config.messagesBurst, perSecond: config.messagesPerSecond },
    at,
  );
  const bytes = createTokenBucket({ burst: config.bytesBurst, perSecond: config.bytesPerSecond }, at);
  const errors = createTokenBucket(
    { burst: config.errorsTolerated, perSecond: 1_000 / config.errorForgivenMs },
    at,
  );
  return {
    admit: (size, now) => messages.take(1, now) && bytes.take(size, now),
    tolerate: (now) => errors.take(1, now),
  };
}
