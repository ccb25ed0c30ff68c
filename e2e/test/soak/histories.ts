/** Histories of tabs, for tests: nothing was told but what a test says. */
import type { History } from '../../soak/history.ts';

const NOTHING_TOLD: History['told'] = {
  joined: [],
  suspected: [],
  left: [],
  misbehaved: [],
  stalls: [],
  stalePresence: [],
  staleMessages: [],
  errors: [],
};

export const historyOf = (
  tab: number,
  { told, ...rest }: Partial<Omit<History, 'told'>> & { readonly told?: Partial<History['told']> } = {},
): History => ({
  tab,
  id: `id ${tab}`,
  joinedAt: 0,
  readyAt: 1_000,
  crashedAt: undefined,
  sleeps: [],
  told: { ...NOTHING_TOLD, ...told },
  ...rest,
});
