/** What the ends of a connection describe to each other when ICE is restarted: the initiator offers, the other asks it to. */
const RESTART_WORDS = ['wantsRestart', 'restart', 'restarted'] as const;

export type RestartWord = (typeof RESTART_WORDS)[number];

export const isRestartWord = (data: string): data is RestartWord =>
  RESTART_WORDS.some((word) => word === data);
