/** `npm run bench`: figures of real tabs, beside those of other libraries. */
import { runInRealTabs } from './real-tabs.mjs';

await runInRealTabs('bench');
