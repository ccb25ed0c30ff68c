/** The contract that every layer and the node itself keep (sans-IO). */
import type { Now } from './time.ts';

export interface Layer<Input, Effect, Snapshot> {
  /**
   * Takes one input and answers with every consequence, in order. The caller carries the effects out
   * to the end before it gives the next input.
   */
  readonly handle: (input: Input, now: Now) => readonly Effect[];
  /** A frozen picture of the state, for checkers, tests and the topology view. */
  readonly inspect: () => Snapshot;
}
