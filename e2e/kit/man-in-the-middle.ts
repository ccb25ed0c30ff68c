/** An attacker's page: it ends the connections of two tabs, reads what they say, and passes on what it likes. */
import type { Page } from '@playwright/test';

export type Description =
  | { readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly type: 'candidate'; readonly candidate: RTCIceCandidateInit };

interface Seized {
  readonly from: string;
  readonly to: string;
  readonly descriptions: readonly Description[];
}

export interface Engine {
  /** Takes what `from` describes to `to`; gives what `to` is to be told in its place, if anything. */
  readonly seize: (seized: Seized) => Promise<Description | undefined>;
  /** Every message that it decrypted, as bytes. */
  readonly read: () => Promise<number[][]>;
}

declare global {
  interface Window {
    readonly engine: Engine;
  }
}

/** In everything that passes, one text is put in the place of another. */
export async function createEngine(
  page: Page,
  change: { readonly said: string; readonly heard: string },
): Promise<Engine> {
  await page.evaluate(installEngine, change);
  return {
    seize: (seized) => page.evaluate((one) => window.engine.seize(one), seized),
    read: () => page.evaluate(() => window.engine.read()),
  };
}

/** Runs in the page. */
function installEngine({ said, heard }: { readonly said: string; readonly heard: string }): void {
  interface Leg {
    readonly connection: RTCPeerConnection;
    readonly waiting: (string | Uint8Array<ArrayBuffer>)[];
    channel: RTCDataChannel | undefined;
  }
  interface Session {
    /** To whom made the offer, and to whom it was meant for. */
    readonly legs: ReadonlyMap<string, Leg>;
    /** For whom made the offer. */
    readonly answer: Description;
  }

  const read: number[][] = [];
  const sessions = new Map<string, Session>();

  const createLeg = (): Leg => ({
    connection: new RTCPeerConnection({ iceServers: [] }),
    waiting: [],
    channel: undefined,
  });

  /** Text and bytes alike, byte for byte. */
  const alter = (data: string | ArrayBuffer): string | Uint8Array<ArrayBuffer> => {
    if (typeof data === 'string') {
      read.push([...new TextEncoder().encode(data)]);
      return data.replaceAll(said, heard);
    }
    const bytes = [...new Uint8Array(data)];
    read.push(bytes);
    const altered = String.fromCharCode(...bytes).replaceAll(said, heard);
    return Uint8Array.from(altered, (letter) => letter.charCodeAt(0));
  };

  const send = (leg: Leg, data: string | Uint8Array<ArrayBuffer>): void => {
    if (leg.channel?.readyState !== 'open') leg.waiting.push(data);
    else if (typeof data === 'string') leg.channel.send(data);
    else leg.channel.send(data);
  };

  const join = (leg: Leg, channel: RTCDataChannel, other: Leg): void => {
    leg.channel = channel;
    channel.binaryType = 'arraybuffer';
    const flush = (): void => leg.waiting.splice(0).forEach((data) => send(leg, data));
    channel.addEventListener('open', flush);
    channel.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) =>
      send(other, alter(data)),
    );
    channel.addEventListener('close', () => other.channel?.close());
    flush();
  };

  /** With all its candidates, so that none need follow. */
  const describe = async ({ connection }: Leg): Promise<Description> => {
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== 'complete')
      await new Promise((resolve) => {
        connection.addEventListener('icegatheringstatechange', resolve, { once: true });
      });
    const { type, sdp } = connection.localDescription!;
    return { type: type as 'offer' | 'answer', sdp };
  };

  const begin = async (from: string, to: string, offer: RTCSessionDescriptionInit): Promise<Description> => {
    const [toSender, toReceiver] = [createLeg(), createLeg()];
    toSender.connection.addEventListener('datachannel', ({ channel }) => join(toSender, channel, toReceiver));
    join(toReceiver, toReceiver.connection.createDataChannel('any'), toSender);
    await toSender.connection.setRemoteDescription(offer);
    const [answer, own] = [await describe(toSender), await describe(toReceiver)];
    const legs = new Map([
      [from, toSender],
      [to, toReceiver],
    ]);
    sessions.set([from, to].toSorted().join(' '), { legs, answer });
    return own;
  };

  const seize = async ({ from, to, descriptions }: Seized): Promise<Description | undefined> => {
    let own: Description | undefined;
    for (const description of descriptions) {
      if (description.type === 'offer') own = await begin(from, to, description);
      const session = sessions.get([from, to].toSorted().join(' '));
      const connection = session?.legs.get(from)?.connection;
      if (!session || !connection || description.type === 'offer') continue;
      if (description.type === 'candidate') await connection.addIceCandidate(description.candidate);
      else {
        await connection.setRemoteDescription(description);
        own = session.answer;
      }
    }
    return own;
  };

  // oxlint-disable-next-line typescript/require-await -- The same face as from outside.
  Object.defineProperty(window, 'engine', { value: { seize, read: async () => read } });
}
