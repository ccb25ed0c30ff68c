/** What can be set about presence, with the source of each default. */
import { assert } from '../base/assert.ts';

/** Fields that an application may ever show in one epoch, those it took away included. */
export const PRESENCE_FIELDS_MAX: number = 32;
/** UTF-16 units of a field's name. */
export const PRESENCE_FIELD_LENGTH_MAX: number = 64;

export interface PresenceConfig {
  /**
   * How long a value must be left alone to be at rest. More leaves the last value of a movement
   * unconfirmed for longer; less sends a reliable frame in every pause of a hand. Above `intervalMsMin`.
   */
  readonly restMs: number;
  /** Least time between two volatile frames. More is less smooth; less costs bytes nobody sees. At least 1. */
  readonly intervalMsMin: number;
  /**
   * Greatest time between two volatile frames, whatever the budget says. More keeps the budget with large
   * values; less keeps them from expiring while they move. Between `intervalMsMin` and `expireMs`.
   */
  readonly intervalMsMax: number;
  /**
   * Bytes per second that the volatile frames of all movers of the room may cost each member. More is
   * smoother in a crowd; less spares slow links. At least 1.
   */
  readonly budgetBytesPerS: number;
  /**
   * Estimated bytes from which the fields due together go out in more than one frame. More cuts seldom;
   * less keeps clear of the wire's limit, of which it must be at most a quarter: an estimate counts a
   * character as one byte, and it may take three. From 256.
   */
  readonly frameBytesMax: number;
  /** How long an owner counts as a mover after a volatile frame. More slows others for longer. At least 1. */
  readonly moverMs: number;
  /**
   * How long an unconfirmed value is shown with nothing newer behind it. More shows what nobody vouches
   * for longer; less lets a lossy link flicker. Above `intervalMsMax` and `restMs`.
   */
  readonly expireMs: number;
  /**
   * While an owner moves, how far apart its proven frames are. More shows a forged value for longer; less costs every
   * member a verification more. Below `expireMs`.
   */
  readonly anchorMs: number;
  /**
   * An unproven value that came so long before a proven one with a lower number may have overtaken it, and stays. More
   * shows a forged value for longer; less lets a pointer jump back where lanes differ. Below `anchorMs`.
   */
  readonly overtakeMs: number;
  /**
   * An unproven value may be so many changes ahead of the last proven one. Less refuses owners that change very
   * often where an anchor was lost; more lets a forged number stand for longer.
   */
  readonly aheadMax: number;
  /** Fields of one owner in one epoch. More costs records; fewer refuses sooner. At least 1. */
  readonly fieldsMax: number;
  /** UTF-16 units of a field's name. Longer names cost bytes in every frame. At least 1. */
  readonly fieldLengthMax: number;
  /** Owners held at once. More costs memory; fewer refuses members of large rooms. At least 1. */
  readonly ownersMax: number;
}

export const defaultPresenceConfig: PresenceConfig = {
  restMs: 150, // guess: longer than the pauses of a moving hand, shorter than anyone waits
  intervalMsMin: 33, // the design: 30 Hz; tldraw's rate with others present
  intervalMsMax: 1_000, // guess: half of `expireMs`
  budgetBytesPerS: 64_000, // the design's starting point: 64 kB/s
  frameBytesMax: 8_000, // a quarter of the wire's 32 kB frame
  moverMs: 1_000, // guess
  expireMs: 2_000, // the design's starting point
  anchorMs: 1_000, // the design
  overtakeMs: 250, // guess: two ways through a room differ by less
  aheadMax: 4_096, // guess: two seconds of a mouse that tells a thousand places a second, twice over
  fieldsMax: PRESENCE_FIELDS_MAX + 1, // guess, and one that tells its activity
  fieldLengthMax: PRESENCE_FIELD_LENGTH_MAX, // guess
  ownersMax: 4_096, // the design: rooms up to about 2,000, and as many again that have just gone
};

/** Asserts bounds and relations. */
export function checkPresenceConfig(config: PresenceConfig): void {
  for (const [name, value] of Object.entries(config)) {
    assert(Number.isSafeInteger(value) && value >= 1, `${name} must be a whole number from 1, not ${value}`);
  }
  const { restMs, intervalMsMin, intervalMsMax, expireMs } = config;
  assert(config.frameBytesMax >= 256, `frameBytesMax ${config.frameBytesMax} must be at least 256`);
  assert(intervalMsMin < restMs, `intervalMsMin ${intervalMsMin} must be below restMs ${restMs}`);
  assert(
    intervalMsMin <= intervalMsMax && intervalMsMax < expireMs,
    `intervalMsMax ${intervalMsMax} must lie between intervalMsMin ${intervalMsMin} and expireMs ${expireMs}`,
  );
  assert(config.overtakeMs < config.anchorMs, `overtakeMs ${config.overtakeMs} must be below anchorMs`);
  assert(config.anchorMs < expireMs, `anchorMs ${config.anchorMs} must be below expireMs ${expireMs}`);
  assert(restMs < expireMs, `restMs ${restMs} must be below expireMs ${expireMs}`);
}
