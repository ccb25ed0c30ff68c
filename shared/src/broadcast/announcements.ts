/**
 * Announcements waiting for company, per link. Of each stream only the newest head waits; a link
 * whose queue is full is sent at once, so nothing is lost to the limit.
 */
import type { PeerId } from '../base/ids.ts';
import { after, type Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Head } from './messages.ts';
import { streamKey } from './streams.ts';

/** What one link is to be told. */
interface Announcement {
  readonly peer: PeerId;
  readonly heads: readonly Head[];
}

export interface Announcements {
  /** Says `full` when the link's queue should be taken now. */
  readonly queue: (peer: PeerId, head: Head, at: Instant) => 'queued' | 'full';
  /** The neighbor has shown that it holds `head`: it needs no word of it. */
  readonly peerHas: (peer: PeerId, head: Head) => void;
  /** Everything that waits for one link. */
  readonly takeLink: (peer: PeerId) => readonly Head[];
  /** What is due on any link. */
  readonly takeDue: (at: Instant) => readonly Announcement[];
  readonly nextDueAt: () => Instant | null;
  readonly dropPeer: (peer: PeerId) => void;
}

/**
 * Prompt: `reliable` and `record`. Second: the same where the other end announces first, which mostly spares us
 * the word. Slow: `volatile`.
 */
interface Pace {
  readonly delayMs: number;
  readonly headsByPeer: Map<PeerId, Map<string, Head>>;
  dueAt: Instant | null;
}

/** Of two neighbors the one with the lower id announces first. */
export function createAnnouncements(self: PeerId, config: BroadcastConfig): Announcements {
  const prompt = createPace(config.announceDelayMs);
  const second = createPace(config.announceSecondDelayMs);
  const slow = createPace(config.announceVolatileDelayMs);
  const paces = [prompt, second, slow] as const;
  const paceOf = (peer: PeerId, head: Head): Pace => {
    if (head.lane === 'volatile') return slow;
    return self < peer ? prompt : second;
  };

  const takeLink = (peer: PeerId): readonly Head[] => {
    const heads = paces.flatMap((pace) => [...(pace.headsByPeer.get(peer)?.values() ?? [])]);
    for (const pace of paces) pace.headsByPeer.delete(peer);
    return heads;
  };

  return {
    queue: (peer, head, at) => {
      const pace = paceOf(peer, head);
      const heads = pace.headsByPeer.get(peer) ?? new Map<string, Head>();
      const key = streamKey(head);
      const waiting = heads.get(key);
      if (waiting === undefined || waiting.seq < head.seq) heads.set(key, head);
      pace.headsByPeer.set(peer, heads);
      pace.dueAt ??= after(at, pace.delayMs);
      return heads.size >= config.headsPerFrameMax ? 'full' : 'queued';
    },
    peerHas: (peer, head) => {
      const heads = paceOf(peer, head).headsByPeer.get(peer);
      if (heads === undefined || heads.size === 0) return;
      const key = streamKey(head);
      const waiting = heads.get(key);
      if (waiting !== undefined && waiting.seq <= head.seq) heads.delete(key);
    },
    takeLink,
    takeDue: (at) => {
      const headsByPeer = new Map<PeerId, Head[]>();
      for (const pace of paces) if (pace.dueAt !== null && pace.dueAt <= at) moveDue(pace, headsByPeer);
      return [...headsByPeer].map(([peer, heads]) => ({ peer, heads }));
    },
    nextDueAt: () => paces.map(({ dueAt }) => dueAt).reduce(earlier),
    dropPeer: (peer) => {
      for (const pace of paces) pace.headsByPeer.delete(peer);
    },
  };
}

function createPace(delayMs: number): Pace {
  return { delayMs, headsByPeer: new Map(), dueAt: null };
}

function moveDue(pace: Pace, headsByPeer: Map<PeerId, Head[]>): void {
  for (const [peer, heads] of pace.headsByPeer) {
    if (heads.size > 0) headsByPeer.set(peer, [...(headsByPeer.get(peer) ?? []), ...heads.values()]);
  }
  pace.headsByPeer.clear();
  pace.dueAt = null;
}

function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
