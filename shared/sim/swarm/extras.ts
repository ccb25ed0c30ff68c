/**
 * More faults, with a stream of chance of their own: what is drawn here shifts no draw of `faults.ts`, though the tabs
 * that they fall on are those of one room.
 */
import type { PeerId } from '#shared/base/ids.ts';
import { epoch } from '#shared/base/ids.ts';
import type { Rng } from '#shared/base/rng.ts';
import { WALL_START_MS } from '../tab.ts';
import type { MeshWorld } from './checker.ts';
import { sendDirect } from './directs.ts';
import type { Draw } from './draw.ts';
import { say } from './faults.ts';
import { lifeOf, tell } from './lies.ts';

/** How often, of all steps. */
const SHARE = 0.5;
/** Keys that the first tab has written before it meets anybody: over all seeds they fall on every leaf of the tree. */
const OLD_KEYS = 300;
/** More than a member keeps for others to ask for, so that who lags behind misses some. */
const MUCH = 2_500;
/** It is dear to simulate. */
const MUCH_SHARE = 0.05;
const MET_MS = 2_000;
/** Time for a message to be heard, before one is away. */
const HEARD_MS = 500;
/** Over the time that messages are kept. */
const AWAY_MS = 35_000;
const WRITERS_MAX = 4;
/** Members who write to a newcomer the moment they hear of it. */
const GREETERS_MAX = 3;

export interface ExtrasDeps {
  readonly rng: Rng;
  readonly tabsMax: number;
  readonly trace: ((line: string) => void) | undefined;
}

interface Extra {
  readonly name: string;
  /** `later`: unless all is calm by then. */
  readonly happen: (draw: Draw, later: Later) => void;
}

type Later = (ms: number, run: () => void) => void;

export interface Extras {
  /** Before anything runs. */
  readonly begin: () => void;
  /** At each step. */
  readonly give: () => void;
  /** All is to be calm: what was begun is not gone on with. */
  readonly end: () => void;
}

export function createExtras(world: MeshWorld, { rng, tabsMax, trace }: ExtrasDeps): Extras {
  /** Newcomers, and how many may yet write to them. */
  let over = false;
  const later: Later = (ms, run) =>
    world.later(ms, () => {
      if (!over) run();
    });
  const greetersLeft = new Map<PeerId, number>();
  const welcome = (): void => {
    if (world.living().length < tabsMax) greetersLeft.set(world.open().id, GREETERS_MAX);
  };
  world.observe({
    told: (tab, event) => {
      if (event.kind !== 'memberJoined') return;
      const left = greetersLeft.get(event.id) ?? 0;
      greetersLeft.set(event.id, left - 1);
      // Its links are known to nobody yet.
      if (left > 0) world.later(0, () => sendDirect(world, tab, event.id));
    },
  });
  const all: readonly Extra[] = [...EXTRAS, { name: 'welcome', happen: welcome }];
  return {
    begin: () => {
      const [first] = world.living();
      const isOld = rng.fraction() < 0.5;
      const name = rng.word();
      if (!isOld || !first) return;
      for (let key = 0; key < OLD_KEYS; key++)
        world.command(first, { kind: 'write', collection: 'old', key: `${name}-${key}`, value: key });
    },
    give: () => {
      if (rng.fraction() >= SHARE) return;
      const [tab, other] = rng.sample(world.living(), 2);
      const extra = rng.pick(all);
      trace?.(`--- and ${extra?.name}`);
      if (tab && other) extra?.happen({ world, tab, other, rng, tabsMax }, later);
    },
    end: () => {
      over = true;
    },
  };
}

const EXTRAS: readonly Extra[] = [
  /** Several write one key in one millisecond. */
  {
    name: 'write at once',
    happen: ({ world, rng }) => {
      const key = `at once ${Math.round(world.timeMs())}`;
      for (const writer of rng.sample(world.living(), WRITERS_MAX))
        world.command(writer, { kind: 'write', collection: 'notes', key, value: writer.index });
    },
  },
  /** Nothing gets to one any more, though it is heard. */
  {
    name: 'deafen',
    happen: ({ world, tab }) => {
      for (const other of world.living()) if (other !== tab) world.cut(other, tab);
    },
  },
  /** A message is lost with the link that it left by. */
  {
    name: 'lose with link',
    happen: ({ world, tab, other, rng }) => {
      sendDirect(world, tab, other.id);
      const neighbors = [...world.neighborsOf(tab).keys()].flatMap((id) => world.tabOf(id) ?? []);
      for (const neighbor of rng.sample(neighbors, 1)) world.failLink(tab, neighbor);
    },
  },
  /** Says more at once than anybody keeps; something first, for nobody can miss the first words of a stranger. */
  {
    name: 'say much',
    happen: ({ world, tab, rng }, later) => {
      if (rng.fraction() >= MUCH_SHARE) return;
      say(world, tab);
      later(MET_MS, () => {
        for (let said = 0; said < MUCH; said++) say(world, tab);
      });
    },
  },
  /** Is away, awake, for longer than others keep what is said meanwhile, unless something heals the room before. */
  {
    name: 'isolate',
    happen: ({ world, tab, other }, later) => {
      say(world, other);
      later(HEARD_MS, () => {
        world.part([world.living(), [tab]]);
        say(world, other);
      });
      later(AWAY_MS, () => world.heal());
    },
  },
  /** Shows something in another's name: of a life that is over, of one to come, of long ago, of what is far off. */
  {
    name: 'show as another',
    happen: (draw) => {
      const life = lifeOf(draw, draw.other.id).epoch;
      const [when, seq] = draw.rng.pick(VERSIONS) ?? [0, 1];
      tell(draw, {
        kind: 'delta',
        table: 'presence',
        records: [
          {
            owner: draw.other.id,
            epoch: epoch(Math.max(0, life + when)),
            field: draw.rng.pick(['name', 'color', 'cursor']) ?? 'name',
            seq,
            value: 'a lie',
            proof: null,
          },
        ],
      });
    },
  },
  /** Writes far ahead, but not too far to be taken. */
  {
    name: 'write far ahead',
    happen: (draw) =>
      tell(draw, {
        kind: 'delta',
        table: 'state',
        records: [
          {
            collection: 'notes',
            key: 'three',
            value: 'from after the break',
            stamp: {
              wall: WALL_START_MS + Math.round(draw.world.timeMs()) + 1_200_000,
              counter: 0,
              by: draw.tab.id,
            },
            proof: null,
          },
        ],
      }),
  },
];

/** Lives from the present one, and the sequence in it. */
const VERSIONS: readonly (readonly [life: number, seq: number])[] = [
  [-1, 50],
  [1_000_000, 1],
  [0, 1],
  [0, 2 ** 40],
];

/** Signals through the server may overtake one another; channels keep their order. */
export function drawServerJitter(rng: Rng): number {
  return rng.pick([0, 0, 500, 3_000]) ?? 0;
}
