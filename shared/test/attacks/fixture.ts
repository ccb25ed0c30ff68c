/** A small room with one liar in it, and what the others make of that. */
import { bytesToPeerId, epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { MeshConfig } from '#shared/mesh/config.ts';
import type { LinkMessage, Payload } from '#shared/mesh/messages.ts';
import { createRoom, eventsOf, type Tab, type World } from '../mesh/fixture.ts';

export interface Siege {
  readonly world: World;
  readonly liar: Tab;
  readonly others: readonly Tab[];
  /** The liar says these to every neighbor, each `everyMs`, so many times; the room goes on meanwhile. */
  readonly lie: (make: (time: number) => readonly LinkMessage[], rhythm: Rhythm) => void;
}

export interface Rhythm {
  readonly times: number;
  readonly everyMs: number;
}

/** Six who all hold links to each other, calm; the first is to lie. */
export function besiege(seed: number, config?: MeshConfig): Siege {
  const world = createRoom(6, { seed, calmMs: 10_000, ...(config && { config }) });
  const [liar, ...others] = world.living() as [Tab, ...Tab[]];
  return {
    world,
    liar,
    others,
    lie: (make, { times, everyMs }) => {
      for (let time = 0; time < times; time++) {
        for (const message of make(time)) for (const { id } of others) world.forge(liar, id, message);
        world.run(everyMs);
      }
    },
  };
}

/** What these blame somebody for, each reason once, in the order of the alphabet. */
export function blameOf(tabs: readonly Tab[], peer: PeerId): readonly string[] {
  const reasons = tabs.flatMap((tab) =>
    eventsOf(tab).flatMap((event) =>
      event.kind === 'peerMisbehaved' && event.peer === peer ? [event.reason] : [],
    ),
  );
  return [...new Set(reasons)].toSorted();
}

/** Who of `tabs` holds a link to this one. */
export function linkedTo(tabs: readonly Tab[], peer: PeerId): readonly Tab[] {
  return tabs.filter((tab) => tab.node.inspect().overlay.activeView.includes(peer));
}

/** Which of `said` did not come to each of `tabs` once and in order. */
export function lacking(tabs: readonly Tab[], speaker: Tab, said: readonly string[]): readonly Tab[] {
  return tabs.filter((tab) => {
    const heard = eventsOf(tab).flatMap((event) =>
      event.kind === 'message' && event.from === speaker.id ? [event.data] : [],
    );
    return tab !== speaker && JSON.stringify(heard) !== JSON.stringify(said);
  });
}

/** Something that the liar broadcasts, first heard now. */
export const said = (origin: PeerId, seq: number, payload: Payload): LinkMessage => ({
  kind: 'gossip',
  origin,
  epoch: epoch(1),
  lane: payload.kind === 'topic' ? 'reliable' : 'record',
  seq,
  hot: true,
  round: 0,
  ageMs: 0,
  follows: null,
  payload,
  proof: null,
});

/** What a tab says of itself in its first life, unsigned. */
export const identity = (id: PeerId): IdentityRecord => ({
  kind: 'identity',
  wireVersion: 1,
  id,
  epoch: epoch(1),
  incarnation: incarnation(0),
  left: false,
  card: new Uint8Array(0),
  proof: null,
});

/** The id of nobody, one for each number. */
export function nobody(number: number): PeerId {
  const bytes = new Uint8Array(16).fill(7);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytesToPeerId(bytes);
}
