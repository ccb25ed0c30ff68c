/**
 * What we asked of whom: the answer is no duplicate to prune for, and what was asked a moment ago is
 * not asked again of another.
 */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Head, Want } from './messages.ts';
import { type Range, type Stream, streamKey } from './streams.ts';

interface Request {
  readonly peer: PeerId;
  readonly range: Range;
  readonly at: Instant;
}

export interface Requests {
  readonly size: () => number;
  readonly note: (want: Want, peer: PeerId, at: Instant) => void;
  readonly wasAsked: (peer: PeerId, head: Head) => boolean;
  /** Requests of one stream made at `since` or later. */
  readonly since: (stream: Stream, since: Instant) => readonly Request[];
  readonly sweep: (at: Instant) => void;
}

export function createRequests(config: BroadcastConfig): Requests {
  const requestsByStream = createBoundedMap<string, readonly Request[]>(config.missingHeadsMax);
  // The name of a stream costs more to make than all else here, and nearly always nothing was asked of anyone.
  const of = (stream: Stream): readonly Request[] =>
    requestsByStream.size === 0 ? [] : (requestsByStream.get(streamKey(stream)) ?? []);
  return {
    size: () => requestsByStream.size,
    note: (want, peer, at) => {
      const request: Request = { peer, range: { first: want.first, last: want.last }, at };
      requestsByStream.set(streamKey(want), [...of(want), request].slice(-config.requestsPerStreamMax));
    },
    wasAsked: (peer, head) =>
      of(head).some(
        (asked) => asked.peer === peer && asked.range.first <= head.seq && head.seq <= asked.range.last,
      ),
    since: (stream, since) => of(stream).filter((request) => request.at >= since),
    sweep: (at) => {
      for (const [key, requests] of requestsByStream.entries()) {
        const newest = requests.at(-1);
        if (newest === undefined || elapsedMs(newest.at, at) >= config.requestMs)
          requestsByStream.delete(key);
      }
    },
  };
}
