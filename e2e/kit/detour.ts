/**
 * A way between tabs that a story can take away: each address that a page is told of the other end leads through a
 * relay of UDP packets here. What a page is told while the relays are off leads straight there.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { BrowserContext } from '@playwright/test';
import type { Line, Weather } from './weather.ts';

export interface Detour {
  /** Packets by relays that have been made so far go nowhere any more; other ways are told as they are. */
  readonly end: () => void;
  /** Packets that have been relayed so far. */
  readonly relayed: () => number;
}

interface Relay {
  readonly socket: Socket;
  readonly port: number;
}

/**
 * For all pages that are opened from now on, until their context closes; what is relayed goes through the weather, if
 * there is any.
 */
export async function makeDetour(context: BrowserContext, weather?: Weather): Promise<Detour> {
  const relayByTarget = new Map<string, Promise<Relay>>();
  let isOn = true;
  let relayed = 0;
  const addLine = (): Line => weather?.addLine() ?? ((packet, send) => send(packet));

  /** Whoever writes to the relay is written to by the target, as it seems. */
  const makeRelay = async (host: string, port: number): Promise<Relay> => {
    const socket = createSocket('udp4');
    const [there, back] = [addLine(), addLine()];
    let caller: { readonly address: string; readonly port: number } | undefined;
    socket.on('message', (packet, from) => {
      const isAnswer = from.port === port;
      if (!isAnswer) caller = from;
      const to = isAnswer ? caller : { address: host, port };
      if (!to) return;
      (isAnswer ? back : there)(packet, (given) => {
        if (!isOn) return;
        relayed += 1;
        socket.send(given, to.port, to.address);
      });
    });
    socket.bind(0, '0.0.0.0');
    await once(socket, 'listening');
    return { socket, port: socket.address().port };
  };

  await context.exposeFunction('detourOf', async (host: string, port: number): Promise<number> => {
    if (!isOn) return port;
    const target = `${host} ${port}`;
    const relay = relayByTarget.get(target) ?? makeRelay(host, port);
    relayByTarget.set(target, relay);
    return (await relay).port;
  });
  await context.addInitScript(leadAround);
  context.once('close', () => {
    isOn = false;
    for (const relay of relayByTarget.values()) void relay.then(({ socket }) => socket.close());
  });

  return {
    end: () => {
      isOn = false;
    },
    relayed: () => relayed,
  };
}

declare global {
  interface Window {
    readonly detourOf: (host: string, port: number) => Promise<number>;
  }
}

/** Runs in the page, before its own scripts. */
function leadAround(): void {
  const around = async (text: string): Promise<string> => {
    const parts = await Promise.all(
      text.split(/\r?\n/u).map(async (line) => {
        const [, head, host, port, rest] =
          /^(.*candidate:\S+ \d \w+ \d+) (\S+) (\d+)( typ .*)$/u.exec(line) ?? [];
        if (head === undefined || host === undefined) return line;
        return `${head} ${host} ${await window.detourOf(host, Number(port))}${rest}`;
      }),
    );
    return parts.join('\r\n');
  };
  window.RTCPeerConnection = class extends RTCPeerConnection {
    override async setRemoteDescription({ type, sdp = '' }: RTCSessionDescriptionInit): Promise<void> {
      return super.setRemoteDescription({ type, sdp: await around(sdp) });
    }

    override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      if (!candidate?.candidate) return super.addIceCandidate(candidate);
      const { sdpMid, sdpMLineIndex } = candidate;
      return super.addIceCandidate({
        candidate: await around(candidate.candidate),
        ...(sdpMid !== undefined && { sdpMid }),
        ...(sdpMLineIndex !== undefined && { sdpMLineIndex }),
      });
    }
  };
}
