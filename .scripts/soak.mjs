/** `npm run soak`: real tabs that crash, join and sleep for minutes. */
import { runInRealTabs } from './real-tabs.mjs';

await runInRealTabs('soak');
