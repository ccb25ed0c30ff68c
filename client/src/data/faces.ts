/** Maps and topics by name: one face per name, made when first asked for. */
import type { PeerId } from '#shared/base/ids.ts';
import { isPeerId } from '#shared/base/ids.ts';
import type { Command, MeshEvent } from '#shared/mesh/messages.ts';
import type { Change } from '#shared/state/messages.ts';
import { MeshError } from '../errors.ts';
import type { Mesh, SharedMap, Topic, Value } from '../types.ts';
import { createMapFace, type MapFace } from './map.ts';
import { createTopicFace, type TopicFace } from './topic.ts';
import { admitName } from './values.ts';

/** Names of maps, and of topics, that one page may use; the state layer has the same limit of collections. */
export const NAMES_MAX: number = 256;

export interface DataFaces extends Pick<Mesh, 'map' | 'topic'> {
  /** Takes changes; returns what is to be told of them. */
  readonly changed: (changes: readonly Change[]) => () => void;
  readonly message: (event: Extract<MeshEvent, { kind: 'message' }>) => void;
}

export interface DataDeps {
  /** Throws `CLOSED`. */
  readonly command: (command: Command) => void;
  /** A message to one member; rejects with `UNREACHABLE`, `LIMIT` or `CLOSED`. */
  readonly sendTo: (to: PeerId, topic: string, data: Value) => Promise<void>;
  /** What a collection holds already. */
  readonly initial: (name: string) => ReadonlyMap<string, Value> | undefined;
  /** False when a new key of this collection would be over the room's limits. */
  readonly hasRoom: (name: string) => boolean;
}

export function createDataFaces({ command, sendTo, initial, hasRoom }: DataDeps): DataFaces {
  const mapByName = new Map<string, MapFace>();
  const topicByName = new Map<string, TopicFace>();

  return {
    // The caller names the type of its values; what others write is theirs to check.
    map: <V extends Value>(name: string) => mapFace(name).map as unknown as SharedMap<V>,
    topic: <T extends Value>(name: string) => topicFace(name).topic as unknown as Topic<T>,
    changed: (changes) => {
      const names = new Set(changes.map((change) => change.collection));
      const tellings = [...names].map((name) =>
        mapByName.get(name)?.apply(changes.filter((change) => change.collection === name)),
      );
      return () => {
        for (const tell of tellings) tell?.();
      };
    },
    message: ({ topic, data, from, hops }) => {
      topicByName.get(topic)?.deliver(Object.freeze({ data, from, hops }));
    },
  };

  function mapFace(name: string): MapFace {
    return face(mapByName, admitName(name, 'map'), () =>
      createMapFace({
        name,
        initial: initial(name) ?? new Map(),
        write: (key, value) => command({ kind: 'write', collection: name, key, value }),
        hasRoom: () => hasRoom(name),
      }),
    );
  }

  function topicFace(name: string): TopicFace {
    return face(topicByName, admitName(name, 'topic'), () =>
      createTopicFace({
        name,
        publish: (data) => command({ kind: 'publish', topic: name, data }),
        sendTo: (to, data) =>
          isPeerId(to)
            ? sendTo(to, name, data)
            : Promise.reject(new MeshError('UNREACHABLE', `${to} is no member's id.`)),
      }),
    );
  }
}

function face<F>(faces: Map<string, F>, name: string, create: () => F): F {
  const held = faces.get(name);
  if (held) return held;
  if (faces.size >= NAMES_MAX)
    throw new MeshError('LIMIT', `At most ${NAMES_MAX} names are used at one time.`);
  const made = create();
  faces.set(name, made);
  return made;
}
