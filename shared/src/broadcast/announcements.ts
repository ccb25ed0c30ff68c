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

/** Prompt: `reliable` and `record`. Slow: `volatile`. */
interface Pace {
  readonly delayMs: number;
  readonly headsByPeer: Map<PeerId, Map<string, Head>>;
  dueAt: Instant | null;
}

export function createAnnouncements(config: BroadcastConfig): Announcements {
  const prompt: Pace = { delayMs: config.announceDelayMs, headsByPeer: new Map(), dueAt: null };
  const slow: Pace = { delayMs: config.announceVolatileDelayMs, headsByPeer: new Map(), dueAt: null };
  const paces = [prompt, slow] as const;
  const paceOf = (head: Head): Pace => (head.lane === 'volatile' ? slow : prompt);

  const takeLink = (peer: PeerId): readonly Head[] => {
    const heads = paces.flatMap((pace) => [...(pace.headsByPeer.get(peer)?.values() ?? [])]);
    for (const pace of paces) pace.headsByPeer.delete(peer);
    return heads;
  };

  return {
    queue: (peer, head, at) => {
      const pace = paceOf(head);
      const heads = pace.headsByPeer.get(peer) ?? new Map<string, Head>();
      const key = streamKey(head);
      const waiting = heads.get(key);
      if (waiting === undefined || waiting.seq < head.seq) heads.set(key, head);
      pace.headsByPeer.set(peer, heads);
      pace.dueAt ??= after(at, pace.delayMs);
      return heads.size >= config.headsPerFrameMax ? 'full' : 'queued';
    },
    peerHas: (peer, head) => {
      const heads = paceOf(head).headsByPeer.get(peer);
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
    nextDueAt: () => earlier(prompt.dueAt, slow.dueAt),
    dropPeer: (peer) => {
      for (const pace of paces) pace.headsByPeer.delete(peer);
    },
  };
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
