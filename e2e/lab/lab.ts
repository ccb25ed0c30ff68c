/** A whole lab for one story file: a network, the signaling server, coturn, and a browser for each site. */
import { CHROMIUM_ARGS } from '../kit/chromium-args.ts';
import { startServer, type Server } from '../kit/server.ts';
import { createNetwork, SERVER_ADDRESS, type NatKind, type Network, type Site } from './network.ts';
import { openBrowser, type JoinOptions, type LabTab, type SiteBrowser } from './tabs.ts';
import { startTurn, type TurnServer } from './turn.ts';

export interface LabSite extends Site {
  /** Opens a tab there and joins the room. */
  readonly join: (options: Omit<JoinOptions, 'signaling'>) => Promise<LabTab>;
}

export interface Lab {
  readonly addSite: (kind: NatKind) => Promise<LabSite>;
  readonly close: () => Promise<void>;
}

export async function openLab(): Promise<Lab> {
  const network: Network = createNetwork();
  const closings: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closings.splice(0).map((one) => one()));
    network.close();
  };
  try {
    const server: Server = await startServer(0, { namespace: network.servers, host: SERVER_ADDRESS });
    closings.push(server.kill);
    const turn: TurnServer = await startTurn(network.servers);
    closings.push(turn.stop);
    return {
      addSite: async (kind) => {
        const site = network.addSite(kind);
        const program = process.env['GOSSAMER_CHROMIUM'];
        const args = [...CHROMIUM_ARGS];
        const browser: SiteBrowser = await openBrowser(
          site,
          program ? { executablePath: program, args } : { args },
        );
        closings.push(browser.close);
        return { ...site, join: (options) => browser.join({ ...options, signaling: server.url }) };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
