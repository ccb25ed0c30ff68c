/** How much one connection may ask of the server. Pure: the time is an argument. */
import { elapsedMs, type Instant } from '#shared/base/time.ts';
import type { LimitsConfig } from './config.ts';

export interface TokenBucketConfig {
  /** Tokens at the start, and the most it ever holds. */
  readonly burst: number;
  readonly perSecond: number;
}

export interface TokenBucket {
  /** Takes `cost` tokens and says true, or takes none and says false. */
  readonly take: (cost: number, at: Instant) => boolean;
}

export function createTokenBucket(config: TokenBucketConfig, at: Instant): TokenBucket {
  let tokens = config.burst;
  let filledAt = at;

  /** An earlier instant than the last adds nothing and takes nothing. */
  const fill = (now: Instant): void => {
    const passedMs = elapsedMs(filledAt, now);
    if (passedMs <= 0) return;
    tokens = Math.min(config.burst, tokens + (passedMs * config.perSecond) / 1_000);
    filledAt = now;
  };

  return {
    take: (cost, now) => {
      fill(now);
      if (cost > tokens) return false;
      tokens -= cost;
      return true;
    },
  };
}

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
