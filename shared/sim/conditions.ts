/** What the simulated network and server are like, and what each figure stands for. */
import type { Rng } from '#shared/base/rng.ts';

/** Drawn evenly from the first to the second. */
export type Range = readonly [min: number, max: number];

export const drawFrom = (rng: Rng, [min, max]: Range): number => min + rng.fraction() * (max - min);

export interface NetworkConditions {
  /** One-way latency of a link; one draw per link, the same both ways. */
  readonly latencyMs: Range;
  /** Added to each frame anew. A channel keeps its order, so a slow frame holds up those behind it. */
  readonly jitterMs: number;
  /** Share of packets lost. A reliable channel sends them again, so loss is seen as delay. 0 to 0.9. */
  readonly loss: number;
  /** What is said while a lost packet is sent again goes with it, as SCTP has one in flight then; else it may be lost in turn. */
  readonly oneInFlight: boolean;
  /** Share of frames that arrive a second time. */
  readonly duplication: number;
  /** What one direction of a link carries; `Infinity`: as much as comes. */
  readonly bytesPerMs: number;
  /** From the answer's arrival to the open channel. */
  readonly setupMs: Range;
  /** Share of connections that never open. */
  readonly setupFailure: number;
  /** How long a connection lives on without a sign of the other end. */
  readonly iceGivesUpMs: Range;
  /** From the end of a cut until a channel sends again what that held back, a draw for each way of a link. */
  readonly resumeMs: Range;
  /** One way between a tab and the server. */
  readonly serverLatencyMs: Range;
  /** Added to each signal anew at the server: one may overtake another, even of the same sender. */
  readonly serverJitterMs: number;
  /** From opening a tab to its socket. */
  readonly attachMs: Range;
  /** First and longest pause before a tab dials again; each is cut to a random half to whole of itself. */
  readonly backoffMs: Range;
  /** Members that the server names to one who asks. */
  readonly contacts: number;
  /** Of how many it draws them: always the same, while none of them detaches. `Infinity`: of all. */
  readonly contactsOf: number;
}

export const defaultConditions: NetworkConditions = {
  latencyMs: [10, 50], // the bench's anchor figures were taken so
  jitterMs: 0,
  loss: 0,
  oneInFlight: false, // sterner than SCTP where much is said: of many frames one is always lost again and again
  duplication: 0,
  bytesPerMs: Infinity,
  setupMs: [300, 1_500], // real tabs over real NATs
  setupFailure: 0.05, // as above
  iceGivesUpMs: [8_000, 15_000], // Chromium: 'disconnected' after 5 s, 'failed' after up to 15 s
  resumeMs: [0, 0], // kinder than SCTP, which tries again ever more rarely, in Chromium each 3 s at last
  serverLatencyMs: [10, 40],
  serverJitterMs: 0,
  attachMs: [20, 150],
  backoffMs: [500, 6_000], // as the library does it
  contacts: 3, // the server's default
  contactsOf: Infinity, // as the server does it
};

/** Bytes waiting above which a channel counts as congested, as the transport has it. */
export const CONGESTED_BYTES: number = 65_536;
/** Bytes waiting below which it has drained, as the transport has it: far enough below that one frame does not matter. */
export const DRAINED_BYTES: number = CONGESTED_BYTES / 2;
/** Bytes waiting at which a channel is given up, as the transport has it. */
export const OVERRUN_BYTES: number = 67_108_864;
