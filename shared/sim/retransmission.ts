/** How late a packet comes that is lost and sent again, as SCTP does it (RFC 9260, 6.3.3). */
import type { Rng } from '#shared/base/rng.ts';

/** The usual timeout after which SCTP sends a lost packet again; it doubles. */
const RETRANSMIT_MS = 400;
/** What Chromium lets that double to; heeded where there is one packet in flight. */
export const RETRANSMIT_MS_MAX: number = 3_000;
/** Sendings after which a packet that is always lost is let through: the fault is loss, not a cut. */
const RETRANSMITS_MAX = 6;

/** By a share of packets lost; no timeout is over `timeoutMsMax`. */
export function retransmitMs(rng: Rng, loss: number, timeoutMsMax: number): number {
  let waitMs = 0;
  for (let times = 0; times < RETRANSMITS_MAX && rng.fraction() < loss; times++) {
    waitMs += Math.min(RETRANSMIT_MS * 2 ** times, timeoutMsMax);
  }
  return waitMs;
}
