/** A topic: messages under a name, to everyone here now or to one member. */
import { unlessAborted } from '../abort.ts';
import { isolate } from '../isolate.ts';
import { createUnsubscribe } from '../readable.ts';
import type { Message, Topic, Value } from '../types.ts';
import { admitValue } from './values.ts';

export interface TopicDeps {
  readonly name: string;
  /** Hands to the links. Throws `CLOSED`. */
  readonly publish: (data: Value) => void;
  /** Resolves when that member has it; rejects with `UNREACHABLE`, `LIMIT` or `CLOSED`. */
  readonly sendTo: (to: string, data: Value) => Promise<void>;
}

export interface TopicFace {
  readonly topic: Topic;
  readonly deliver: (message: Message) => void;
}

export function createTopicFace({ name, publish, sendTo }: TopicDeps): TopicFace {
  const listeners = new Set<(message: Message) => void>();
  return {
    topic: {
      name,
      send: async (data, { to, signal } = {}) => {
        signal?.throwIfAborted();
        const admitted = admitValue(data);
        if (to === undefined) return publish(admitted);
        return unlessAborted(sendTo(to, admitted), signal);
      },
      on: (run, options = {}) => {
        const listener = (message: Message): void => isolate(() => run(message));
        if (!options.signal?.aborted) listeners.add(listener);
        return createUnsubscribe(() => listeners.delete(listener), options);
      },
    },
    deliver: (message) => {
      for (const listener of Array.from(listeners)) if (listeners.has(listener)) listener(message);
    },
  };
}
