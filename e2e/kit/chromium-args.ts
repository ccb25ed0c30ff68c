/** What every Chromium of the stories, the lab, the soak and the benchmarks is started with. */
export const CHROMIUM_ARGS: readonly string[] = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  // Candidates with plain addresses: the machine that runs the stories needs no multicast DNS.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** Each tab has a process of its own, whatever the machine's memory. */
export const PROCESS_PER_TAB: string = '--renderer-process-limit=200';
