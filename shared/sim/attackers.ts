/**
 * Members that run other software than ours: a whole node, of which some of what it says is kept back or changed. They
 * have keys of their own and join as everybody does.
 */
import type { PeerId } from '#shared/base/ids.ts';
import { epoch } from '#shared/base/ids.ts';
import { defaultMeshConfig, type MeshConfig } from '#shared/mesh/config.ts';
import type { Effect, LinkMessage } from '#shared/mesh/messages.ts';
import { createMeshNode, type MeshSnapshot } from '#shared/mesh/node.ts';
import type { SimNode } from './tab.ts';
import { createWorld, type NodeDeps, type World } from './world.ts';
import type { NetworkConditions } from './conditions.ts';

type Send = Extract<Effect, { kind: 'send' }>;

/** Makes another node of an honest one. */
export type Corrupt = (node: SimNode<MeshSnapshot>, self: PeerId) => SimNode<MeshSnapshot>;

/**
 * How a sybil forwards nothing.
 *
 * - `mute`: says nothing of others.
 * - `withhold`: announces all that it hears, and gives none of it.
 * - `prune`: makes everyone who sends it something keep that back, and says nothing of others.
 */
export type Silence = 'mute' | 'withhold' | 'prune';

export function silent(how: Silence): Corrupt {
  return (node, self) => ({
    inspect: node.inspect,
    handle: (input, now) => {
      const effects = node
        .handle(input, now)
        .flatMap((effect): readonly Effect[] =>
          effect.kind === 'send' ? keepBack(effect, self, how) : [effect],
        );
      const isFed = how === 'prune' && input.kind === 'frame' && input.message.kind === 'gossip';
      if (!isFed) return effects;
      const { origin, hot } = input.message;
      return [
        ...effects,
        { kind: 'send', to: input.from, message: { kind: 'prune', tree: hot ? origin : null } },
      ];
    },
  });
}

function keepBack(effect: Send, self: PeerId, how: Silence): readonly Effect[] {
  const { message } = effect;
  if (!speaksForOthers(message, self)) return [effect];
  if (how !== 'withhold' || message.kind !== 'gossip')
    return how === 'withhold' && message.kind === 'ihave' ? [effect] : [];
  const { origin, lane, seq } = message;
  return [{ ...effect, message: { kind: 'ihave', heads: [{ origin, epoch: message.epoch, lane, seq }] } }];
}

/** Whether something of somebody else goes on by it. */
function speaksForOthers(message: LinkMessage, self: PeerId): boolean {
  switch (message.kind) {
    case 'gossip':
    case 'packet':
    case 'packetAck':
      return message.origin !== self;
    case 'ihave':
    case 'vector':
    case 'forwardJoin':
    case 'claims':
    case 'delta':
    case 'equivocation':
      return true;
    case 'hello':
    case 'heartbeat':
    case 'heartbeatAck':
    case 'disconnect':
    case 'graft':
    case 'prune':
    case 'top':
    case 'middle':
    case 'leaves':
    case 'wantRecords':
    case 'roundDone':
      return false;
  }
}

/** A world of whole nodes in which those whose numbers, in the order of opening, `corrupt` names are not what they seem. */
export function createMixedWorld(options: {
  readonly seed: number;
  readonly conditions?: Partial<NetworkConditions>;
  readonly corrupt: (index: number) => Corrupt | undefined;
  /** Of all of them; the default's unless given. */
  readonly config?: MeshConfig | undefined;
}): World<MeshSnapshot> {
  let opened = 0;
  const { config = defaultMeshConfig } = options;
  const createNode = ({ self, rng }: NodeDeps): SimNode<MeshSnapshot> => {
    const node = createMeshNode({ self, epoch: epoch(1), rng }, config);
    const corrupt = options.corrupt(opened++);
    return corrupt ? corrupt(node, self) : node;
  };
  const { seed, conditions } = options;
  return createWorld({ seed, createNode, ...(conditions && { conditions }) });
}
