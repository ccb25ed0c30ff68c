/** What of the greeters may be tuned, what it costs, and where each default comes from. */
import { assert } from '../base/assert.ts';

export interface GreetersConfig {
  /** Others that must be attached before anybody lets go. More: newcomers find more of them; each is a socket. 1 to 64. */
  readonly greetersWanted: number;
  /** Links below which nobody lets go, and who has let go attaches. The overlay's minimum. More: more sockets. At least 1. */
  readonly linksMin: number;
  /** So much later attaches each next one in the order. More: fewer at once where one is lacking; less: newcomers wait less. Over 0. */
  readonly rankMs: number;
  /**
   * How long a newcomer stays attached after its first link. Less: it lets go before it has asked the server often enough
   * whether those whom it met keep the room from it. At least 0.
   */
  readonly newcomerStayMs: number;
  /** How long who needed the server stays once it needs it no more. Less: dials again the next moment. At least 0. */
  readonly needStayMs: number;
  /** Who has too few links waits up to so long before it attaches, so that a room that lost many does not do it as one. At least 0. */
  readonly poorWaitMsMax: number;
  /** Who lets go has carried nothing for so long: an introduction ends with the socket that it goes through. At least 0. */
  readonly quietMs: number;
  /** But it does not wait for longer than that. More: in a stream of newcomers more sockets. At least `quietMs`. */
  readonly quietWaitMsMax: number;
  /** Without a live greeter on the roster for so long, newcomers find nobody. More: it is told later. Over 0. */
  readonly unseenMs: number;
  /** Pause between two looks at who comes first, while more are attached than need be. Over 0. */
  readonly lookMs: number;
}

export const defaultGreetersConfig: GreetersConfig = {
  greetersWanted: 4, // the design's starting point
  linksMin: 4, // the overlay's degreeMin
  rankMs: 500, // the design's starting point: a quarter of 2 s
  newcomerStayMs: 50_000, // five seconds more than the overlay's last doubt, 45 s after the first link
  needStayMs: 10_000, // guess: a connection that opens at all does so in the overlay's openTimeoutMs
  poorWaitMsMax: 2_000, // guess: links lost by a crash are mostly made up for by then
  quietMs: 5_000, // the overlay's answerTimeoutMs
  quietWaitMsMax: 30_000, // guess
  unseenMs: 10_000, // the design's starting point
  lookMs: 1_000, // guess: links records are a second apart
};

/** Asserts every bound above. */
export function checkGreetersConfig(config: GreetersConfig): void {
  const { greetersWanted } = config;
  assert(greetersWanted >= 1 && greetersWanted <= 64, `greetersWanted ${greetersWanted}`);
  atLeast('linksMin', config.linksMin, 1);
  atLeast('rankMs', config.rankMs, 1);
  atLeast('newcomerStayMs', config.newcomerStayMs, 0);
  atLeast('needStayMs', config.needStayMs, 0);
  atLeast('poorWaitMsMax', config.poorWaitMsMax, 0);
  atLeast('quietMs', config.quietMs, 0);
  atLeast('quietWaitMsMax', config.quietWaitMsMax, config.quietMs);
  atLeast('unseenMs', config.unseenMs, 1);
  atLeast('lookMs', config.lookMs, 1);
}

function atLeast(name: string, value: number, min: number): void {
  assert(value >= min, `${name} must be at least ${min}, not ${value}`);
}
