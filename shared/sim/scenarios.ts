/** Every scenario there is, in the order of the table. */
import type { Scenario } from './scenario.ts';
import { broadcast } from './scenarios/broadcast.ts';
import { churn } from './scenarios/churn.ts';
import { crash } from './scenarios/crash.ts';
import { cuts } from './scenarios/cuts.ts';
import { eclipse } from './scenarios/eclipse.ts';
import { falseDeaths } from './scenarios/false-deaths.ts';
import { greeters } from './scenarios/greeters.ts';
import { hole } from './scenarios/hole.ts';
import { kill } from './scenarios/kill.ts';
import { large } from './scenarios/large.ts';
import { links } from './scenarios/links.ts';
import { loss } from './scenarios/loss.ts';
import { partition } from './scenarios/partition.ts';
import { reconcile } from './scenarios/reconcile.ts';
import { splitBrain } from './scenarios/split-brain.ts';
import { storm } from './scenarios/storm.ts';
import { sybils } from './scenarios/sybils.ts';
import { wake } from './scenarios/wake.ts';

export const SCENARIOS: readonly Scenario[] = [
  broadcast,
  storm,
  kill,
  churn,
  crash,
  falseDeaths,
  loss,
  wake,
  partition,
  cuts,
  links,
  hole,
  reconcile,
  splitBrain,
  greeters,
  eclipse,
  sybils,
  large,
];
