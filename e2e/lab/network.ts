/**
 * A small internet in network namespaces of Linux: a public segment with the servers in it, and sites behind a NAT each.
 *
 *     site A: lan 10.1.0.2 -- router -- 203.0.113.21 \
 *     site B: lan 10.2.0.2 -- router -- 203.0.113.22 -- public segment -- 203.0.113.10 (servers)
 *                                        203.0.113.254 (the rest of the internet: answers nothing) /
 *
 * Addresses are those set aside for documentation (RFC 5737). Everything lives in namespaces of its own, so that nothing
 * of the machine's network is touched, and goes with them.
 */
import { spawnSync } from 'node:child_process';

/** How a router maps and filters UDP (RFC 4787); `blocked`: it lets none through. */
export type NatKind = 'full-cone' | 'port-restricted' | 'symmetric' | 'blocked';

/** Which packets a fault takes, seen from the site. */
export type Direction = 'out' | 'in' | 'both';

export const SERVER_ADDRESS: string = '203.0.113.10';
const REST_OF_THE_INTERNET: string = '203.0.113.254';

export interface Site {
  /** The namespace in which its tabs run. */
  readonly namespace: string;
  /** Where others see it. */
  readonly address: () => string;
  /** Loses this share, from 0 to 1, of the UDP packets that pass its router. */
  readonly lose: (share: number, direction?: Direction) => void;
  /** Lets no UDP packet pass until `heal`, or none to or from this one other site. */
  readonly cut: (direction?: Direction, other?: Site) => void;
  /** Lets nothing at all pass until `heal`, TCP neither: as if there were no network. */
  readonly blackOut: () => void;
  readonly heal: () => void;
  /** Packets that the fault there is now has taken so far. */
  readonly taken: () => number;
  /** Moves its tabs behind another router, with other addresses inside and out, as from one Wi-Fi to the next. */
  readonly switchNetwork: () => void;
}

export interface Network {
  /** The namespace of the servers. */
  readonly servers: string;
  readonly addSite: (kind: NatKind) => Site;
  /** Takes all namespaces away, which the test's processes must have left. */
  readonly close: () => void;
}

/** Sites of one network; each takes two numbers, for it may switch. */
const SITES_MAX: number = 60;

export function createNetwork(): Network {
  sweep();
  const prefix = `gossamer-${process.pid}`;
  const namespaces: string[] = [];
  const add = (name: string): string => {
    const namespace = `${prefix}-${name}`;
    run('ip', 'netns', 'add', namespace);
    namespaces.push(namespace);
    within(namespace, 'ip', 'link', 'set', 'lo', 'up');
    return namespace;
  };
  const servers = add('servers');
  within(servers, 'ip', 'link', 'add', 'segment', 'type', 'bridge');
  within(servers, 'ip', 'link', 'set', 'segment', 'up');
  within(servers, 'ip', 'address', 'add', `${SERVER_ADDRESS}/24`, 'dev', 'segment');

  const plugIn = (namespace: string, address: string, port: string): void => {
    run(
      'ip',
      'link',
      'add',
      'wan',
      'netns',
      namespace,
      'type',
      'veth',
      'peer',
      'name',
      port,
      'netns',
      servers,
    );
    within(servers, 'ip', 'link', 'set', port, 'master', 'segment', 'up');
    within(namespace, 'ip', 'address', 'add', `${address}/24`, 'dev', 'wan');
    within(namespace, 'ip', 'link', 'set', 'wan', 'up');
  };
  plugIn(add('rest'), REST_OF_THE_INTERNET, 'rest');
  // A relay that finds no route to a browser's private address gives up altogether (coturn 4.6.1).
  within(servers, 'ip', 'route', 'add', 'default', 'via', REST_OF_THE_INTERNET);

  let count = 0;
  /** A router behind which a site is to be plugged in. */
  const addRouter = (kind: NatKind): Router => {
    count += 1;
    if (count > SITES_MAX) throw new Error(`a network holds ${SITES_MAX} routers`);
    const router = add(`router${count}`);
    const [outside, inside] = [`203.0.113.${20 + count}`, `10.${count}.0`];
    plugIn(router, outside, `router${count}`);
    within(router, 'ip', 'route', 'add', 'default', 'via', REST_OF_THE_INTERNET);
    within(router, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    for (const rule of rulesOf(kind, { outside, inside: `${inside}.2` })) within(router, 'iptables', ...rule);
    return { namespace: router, outside, inside };
  };
  const plugInSite = (site: string, { namespace: router, inside }: Router): void => {
    run('ip', 'link', 'add', 'lan', 'netns', router, 'type', 'veth', 'peer', 'name', 'lan', 'netns', site);
    within(router, 'ip', 'address', 'add', `${inside}.1/24`, 'dev', 'lan');
    within(router, 'ip', 'link', 'set', 'lan', 'up');
    within(site, 'ip', 'address', 'add', `${inside}.2/24`, 'dev', 'lan');
    within(site, 'ip', 'link', 'set', 'lan', 'up');
    within(site, 'ip', 'route', 'add', 'default', 'via', `${inside}.1`);
  };

  return {
    servers,
    addSite: (kind) => {
      const namespace = add(`site${count + 1}`);
      let router = addRouter(kind);
      plugInSite(namespace, router);
      const heal = (): void => void within(router.namespace, 'iptables', '-t', 'mangle', '-F', 'FORWARD');
      /** In a table of its own, which nothing else uses: to heal is to empty it. */
      const fault = (
        direction: Direction,
        matchOf: (from: From) => readonly string[],
        packets: readonly string[] = ['-p', 'udp'],
      ): void => {
        heal();
        for (const from of FROM[direction]) {
          const rule = ['-A', 'FORWARD', '-i', from, ...packets, ...matchOf(from), '-j', 'DROP'];
          within(router.namespace, 'iptables', '-t', 'mangle', ...rule);
        }
      };
      return {
        namespace,
        address: () => router.outside,
        lose: (share, direction = 'both') =>
          fault(direction, () => ['-m', 'statistic', '--mode', 'random', '--probability', String(share)]),
        cut: (direction = 'both', other) =>
          fault(direction, (from) => (other ? [from === 'lan' ? '-d' : '-s', other.address()] : [])),
        blackOut: () => fault('both', () => [], []),
        heal,
        taken: () =>
          within(router.namespace, 'iptables', '-t', 'mangle', '-nvxL', 'FORWARD')
            .split('\n')
            .flatMap((line) => /^\s*(\d+)\s+\d+\s+DROP\b/u.exec(line)?.[1] ?? [])
            .reduce((sum, packets) => sum + Number(packets), 0),
        switchNetwork: () => {
          // Ahead, as the next Wi-Fi is there before one comes to it: without a network it is for a moment only.
          const next = addRouter(kind);
          within(router.namespace, 'ip', 'link', 'delete', 'lan');
          plugInSite(namespace, next);
          router = next;
        },
      };
    },
    close: () => {
      for (const namespace of namespaces.splice(0).toReversed()) run('ip', 'netns', 'delete', namespace);
    },
  };
}

interface Router {
  readonly namespace: string;
  readonly outside: string;
  /** The first three numbers of the addresses behind it. */
  readonly inside: string;
}

/** Of a router's two sides, that from which a packet comes. */
type From = 'lan' | 'wan';

const FROM: Readonly<Record<Direction, readonly From[]>> = {
  out: ['lan'],
  in: ['wan'],
  both: ['lan', 'wan'],
};

interface Addresses {
  readonly outside: string;
  readonly inside: string;
}

/** The rules by which a router maps and filters, as arguments of iptables. */
function rulesOf(kind: NatKind, { outside, inside }: Addresses): readonly (readonly string[])[] {
  const map = ['-t', 'nat', '-A', 'POSTROUTING', '-o', 'wan'];
  const answersOnly = [
    ['-A', 'FORWARD', '-i', 'wan', '-m', 'conntrack', '--ctstate', 'ESTABLISHED,RELATED', '-j', 'ACCEPT'],
    ['-A', 'FORWARD', '-i', 'wan', '-j', 'DROP'],
  ];
  // A probe that came before the hole was there would else make Linux take another port for the hole.
  const deafItself = ['-A', 'INPUT', '-i', 'wan', '-j', 'DROP'];
  const sameAddress = [...map, '-j', 'SNAT', '--to-source', outside];
  switch (kind) {
    case 'full-cone':
      return [
        deafItself,
        sameAddress,
        ['-t', 'nat', '-A', 'PREROUTING', '-i', 'wan', '-p', 'udp', '-j', 'DNAT', '--to-destination', inside],
      ];
    case 'port-restricted':
      return [deafItself, sameAddress, ...answersOnly];
    case 'symmetric':
      return [
        deafItself,
        [...map, '-p', 'udp', '-j', 'MASQUERADE', '--random-fully'],
        [...map, '-j', 'MASQUERADE'],
        ...answersOnly,
      ];
    case 'blocked':
      return [
        deafItself,
        ['-A', 'FORWARD', '-p', 'udp', '-j', 'DROP'],
        [...map, '-j', 'MASQUERADE'],
        ...answersOnly,
      ];
  }
}

/** Takes away what a run left behind that was ended before its time. */
function sweep(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const [namespace, pid] of stdout.matchAll(/^gossamer-(\d+)-\S+/gmu)) {
    if (!isAlive(Number(pid))) run('ip', 'netns', 'delete', namespace);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function within(namespace: string, ...command: readonly string[]): string {
  return run('ip', 'netns', 'exec', namespace, ...command);
}

/** Returns what the command prints. */
function run(command: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr || `ended with ${status}`}`);
  return stdout;
}
