/** Which layer an input of the node is for. Pure: no input is looked into further than its kind. */
import { unreachable } from '../base/assert.ts';
import type { PeerId } from '../base/ids.ts';
import type { Job } from './layers.ts';
import type { Command, Input, NodeTimer, RoutedPayload } from './messages.ts';

/** The jobs of an input that needs nothing but its layer; frames are the inbox's. */
export function inputToJobs(
  input: Exclude<Input, { kind: 'frame' | 'badFrame' | 'badSignal' }>,
): readonly Job[] {
  switch (input.kind) {
    case 'start':
      return [
        { layer: 'membership', input: { kind: 'start' } },
        { layer: 'state', input: { kind: 'start' } },
        { layer: 'overlay', input: { kind: 'roomSize', size: 1 } },
        { layer: 'greeters', input: { kind: 'start' } },
      ];
    case 'command':
      return [commandToJob(input.command)];
    case 'channelOpened':
    case 'channelClosed':
    case 'described':
      return [{ layer: 'overlay', input }];
    case 'congestion':
      return [{ layer: 'broadcast', input }];
    case 'serverAttached':
      return [
        { layer: 'routing', input: { kind: 'serverAttached' } },
        { layer: 'overlay', input: { kind: 'serverAttached' } },
        ...named(input.contacts),
        { layer: 'membership', input: { kind: 'greeter', greeter: true } },
        { layer: 'greeters', input: { kind: 'attached' } },
      ];
    case 'serverContacts':
      return named(input.contacts);
    case 'serverDetached':
      return [
        { layer: 'routing', input: { kind: 'serverDetached' } },
        { layer: 'overlay', input: { kind: 'serverDetached' } },
        { layer: 'membership', input: { kind: 'greeter', greeter: false } },
        { layer: 'greeters', input: { kind: 'detached' } },
      ];
    case 'serverListed':
      return [{ layer: 'overlay', input: { kind: 'listed', peers: input.ids } }];
    case 'serverNeeded':
      return [{ layer: 'greeters', input: { kind: 'need', need: input.need } }];
    case 'serverUnreachable':
      return [{ layer: 'overlay', input: { kind: 'notAttached', peer: input.to } }];
    case 'serverSignal':
      return [
        { layer: 'greeters', input: { kind: 'carried' } },
        { layer: 'routing', input: { kind: 'serverMessage', from: input.from, message: input.message } },
      ];
    case 'heard':
    case 'reached':
    case 'probe':
      return [{ layer: 'membership', input }];
    case 'signed':
      return [{ layer: 'membership', input: { kind: 'lives', peer: input.peer } }];
    case 'timer':
      return [timerToJob(input.timer)];
    default:
      return unreachable(input);
  }
}

/** Routing first: who is asked now listens at the server, whatever way the graph still shows. */
function named(peers: readonly PeerId[]): readonly Job[] {
  return [
    { layer: 'routing', input: { kind: 'serverNamed', peers } },
    { layer: 'overlay', input: { kind: 'contacts', peers } },
  ];
}

function commandToJob(command: Command): Job {
  switch (command.kind) {
    case 'publish': {
      const { topic, data } = command;
      return {
        layer: 'broadcast',
        input: { kind: 'broadcast', lane: 'reliable', payload: { kind: 'topic', topic, data } },
      };
    }
    case 'sendTo': {
      const { to, token, topic, data, receipt } = command;
      return ackedTo(to, token, { kind: 'direct', topic, data, receipt });
    }
    case 'echo':
      return ackedTo(command.to, command.token, { kind: 'echo' });
    case 'card':
      return { layer: 'membership', input: command };
    case 'present':
      return { layer: 'presence', input: { kind: 'set', fields: command.fields } };
    case 'write':
      return { layer: 'state', input: command };
    case 'goAway':
    case 'comeBack':
    case 'leave':
      return { layer: 'membership', input: { kind: command.kind } };
    default:
      return unreachable(command);
  }
}

/** What an application sends goes over the mesh or not at all: the server never carries it. */
function ackedTo(to: PeerId, token: number, payload: RoutedPayload): Job {
  return {
    layer: 'routing',
    input: { kind: 'sendTo', to, route: null, delivery: 'acked', serverMay: false, token, payload },
  };
}

function timerToJob(due: NodeTimer): Job {
  switch (due.layer) {
    case 'overlay':
      return { layer: 'overlay', input: { kind: 'timer', timer: due.timer } };
    case 'broadcast':
      return { layer: 'broadcast', input: { kind: 'timer', timer: due.timer } };
    case 'membership':
      return { layer: 'membership', input: { kind: 'timer', timer: due.timer } };
    case 'presence':
      return { layer: 'presence', input: { kind: 'timer', timer: due.timer } };
    case 'state':
      return { layer: 'state', input: { kind: 'timer', timer: due.timer } };
    case 'routing':
      return { layer: 'routing', input: { kind: 'timer', timer: due.timer } };
    case 'greeters':
      return { layer: 'greeters', input: { kind: 'timer', timer: due.timer } };
    default:
      return unreachable(due);
  }
}
