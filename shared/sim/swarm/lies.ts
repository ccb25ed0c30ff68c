/**
 * Well-formed frames that say what is not so. Without signatures a member can put words into another's mouth, so
 * these are the lies that must do no lasting harm even then: what names its liar, and what its victim can refute.
 */
import type { PeerId } from '#shared/base/ids.ts';
import { bytesToPeerId, epoch, incarnation, type Epoch, type Incarnation } from '#shared/base/ids.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { WIRE_VERSIONS } from '#shared/wire/versions.ts';
import type { Draw } from './draw.ts';

type Lie = (draw: Draw) => void;

/** Others than the liar's neighbors hear of it only if those pass it on. */
export function tell({ world, tab, rng }: Draw, message: LinkMessage): void {
  const [to] = rng.sample([...world.neighborsOf(tab).keys()], 1);
  if (to !== undefined) world.forge(tab, to, message);
}

/** The present life of a member, as the liar knows it. */
export function lifeOf(
  { tab }: Draw,
  target: PeerId,
): { target: PeerId; epoch: Epoch; incarnation: Incarnation } {
  const member = tab.node.inspect().membership.members.get(target);
  return { target, epoch: member?.epoch ?? epoch(1), incarnation: member?.incarnation ?? incarnation(0) };
}

export const LIES: readonly Lie[] = [
  /** Accuses somebody who is well. */
  (draw) =>
    tell(draw, {
      kind: 'claims',
      claims: [
        {
          kind: 'accusation',
          ...lifeOf(draw, draw.other.id),
          observer: draw.tab.id,
          silentMs: 9_000,
          reached: false,
          proof: null,
        },
      ],
    }),
  /** Buries somebody who is well, with three accusers that it made up. */
  (draw) =>
    tell(draw, {
      kind: 'claims',
      claims: [
        {
          kind: 'verdict',
          ...lifeOf(draw, draw.other.id),
          accusations: draw.world
            .living()
            .filter(({ id }) => id !== draw.other.id)
            .slice(0, 3)
            .map(({ id }) => ({
              kind: 'accusation',
              ...lifeOf(draw, draw.other.id),
              observer: id,
              silentMs: 9_000,
              reached: false,
              proof: null,
            })),
        },
      ],
    }),
  /** Says that somebody has left. */
  (draw) => {
    const { target, ...life } = lifeOf(draw, draw.other.id);
    tell(draw, {
      kind: 'claims',
      claims: [{ ...nameless, id: target, ...life, left: true }],
    });
  },
  /** Greets as somebody else. */
  (draw) => {
    const { target, ...life } = lifeOf(draw, draw.other.id);
    tell(draw, {
      kind: 'hello',
      identity: { ...nameless, id: target, ...life, left: false },
      presence: [],
    });
  },
  /** Writes two days ahead. */
  (draw) =>
    tell(draw, {
      kind: 'delta',
      table: 'state',
      records: [
        {
          collection: 'notes',
          key: 'one',
          value: 'from the day after tomorrow',
          stamp: {
            wall: 1_700_000_000_000 + Math.round(draw.world.timeMs()) + 172_800_000,
            counter: 0,
            by: draw.tab.id,
          },
          proof: null,
        },
      ],
    }),
  /** Shows something in the name of one who is not here. */
  (draw) =>
    tell(draw, {
      kind: 'delta',
      table: 'presence',
      records: [
        { owner: nobody(draw), epoch: epoch(1), field: 'name', seq: 1, value: 'nobody', proof: null },
      ],
    }),
  /** Asks for all there is, again and again. */
  (draw) => {
    for (let times = 0; times < 20; times++) {
      tell(draw, {
        kind: 'graft',
        trees: [null],
        wants: [{ origin: draw.other.id, epoch: epoch(1), lane: 'reliable', first: 1, last: 1_000 }],
      });
    }
  },
  /** Acknowledges what nobody asked. */
  (draw) =>
    tell(draw, {
      kind: 'heartbeatAck',
      probe: 4_000_000,
      echo: 1,
      wall: 1,
      roots: { roster: zero, state: zero, presence: zero },
    }),
];

const nameless = {
  kind: 'identity',
  wireVersion: WIRE_VERSIONS.newest,
  card: new Uint8Array(0),
  proof: null,
} as const;

const zero = { high: 0, low: 0 };

/** The form of an id, and nobody's. */
const nobody = ({ rng }: Draw): PeerId =>
  bytesToPeerId(Uint8Array.from({ length: 16 }, () => rng.below(256)));
